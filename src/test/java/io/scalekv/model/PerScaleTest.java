package io.scalekv.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PerScaleTest {
  @TempDir Path folder;

  @Test
  void numbersOfACommandLine() {
    assertEquals(List.of(3.0), PerScale.parse("3").values());
    assertEquals(List.of(3.0, 2.5, 1000.0), PerScale.parse("3,2.5,1e3").values());
    assertEquals("3.0,1.0", PerScale.parse("3,1").toString());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "3\n2.5\n1\n",
        "scale,cfg\r1,3\r2,2.5\r3,1",
        "\uFEFF# cfg\r\n1 3\r\n2\t2.5\r\n3; 1"
      })
  void tablesOfAFile(String text) throws IOException {
    Path file = Files.writeString(folder.resolve("cfg.csv"), text);
    assertEquals(List.of(3.0, 2.5, 1.0), PerScale.parse(file.toString()).values());
  }

  @ParameterizedTest
  @ValueSource(strings = {"", ",", "3,", "NaN", "٣", "0x10", "1f", "-1", "three", "1;2", " 3"})
  void otherTextsAreRefused(String text) {
    Exception e = assertThrows(IllegalArgumentException.class, () -> PerScale.parse(text));
    assertTrue(e.getMessage().endsWith("got " + text), e.getMessage());
  }

  @Test
  void aTableNamesItsLine() throws IOException {
    Path file = Files.writeString(folder.resolve("cfg.csv"), "1,3\n3,2\n");
    Exception e =
        assertThrows(IllegalArgumentException.class, () -> PerScale.parse(file.toString()));
    assertTrue(e.getMessage().startsWith(file + ", line 2 must"), e.getMessage());
  }

  @Test
  void theBranchEndsBehindTheLastGuidedScale() {
    assertEquals(7, new Sampling(3, 1, 0.97).guidedScales(7));
    assertEquals(0, new Sampling(1, 1, 0.97).guidedScales(7));
    assertEquals(3, new Sampling(3, 1, 0.97).guidedUntil(3, 7).guidedScales(7));
    Sampling middle = Sampling.of(PerScale.parse("1,3,1"), PerScale.of(1), 0.97, 0);
    assertEquals(2, middle.guidedScales(3));
    assertTrue(middle.guided());
    Exception e = assertThrows(IllegalArgumentException.class, () -> middle.check(7));
    assertTrue(e.getMessage().endsWith("got 3"), e.getMessage());
  }
}
