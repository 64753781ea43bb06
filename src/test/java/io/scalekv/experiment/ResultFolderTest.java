package io.scalekv.experiment;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Results while an experiment runs, when it is finished, and in between. */
final class ResultFolderTest {
  private static final RunResult ONE = ResultFixtures.result("snapkv", "10%", 27, 20);
  private static final RunResult TWO = ResultFixtures.result("h2o", "10%", 27, 18);

  @TempDir Path folder;

  private ResultFolder results;

  @BeforeEach
  void write() throws IOException {
    results = new ResultFolder(folder);
    ResultFixtures.file(List.of(ONE, TWO)).write(folder);
    results.write(ONE);
  }

  private Path packed(String name) {
    return folder.resolve(name);
  }

  @Test
  void anUnfinishedExperimentStaysInSingleFiles() throws IOException {
    assertFalse(results.finish());
    assertEquals(Optional.of(ONE), results.find(ONE.id()));
    assertEquals(Optional.empty(), results.find(TWO.id()));
    assertEquals(Map.of(ONE.id(), ONE), results.read().runs());
    assertFalse(Files.exists(packed(ResultFolder.RUNS)));
  }

  @Test
  void aFinishedExperimentIsTwoFilesWithTheSameContents() throws IOException {
    results.write(new RunFailure(TWO.id(), TWO.run(), "broken", false, "2025-01-01T00:00:00Z"));
    assertEquals("broken", results.read().failures().get(TWO.id()));
    results.write(TWO);
    assertTrue(results.finish());
    assertFalse(Files.exists(folder.resolve("runs")));
    ResultFolder again = new ResultFolder(folder);
    assertEquals(Map.of(ONE.id(), ONE, TWO.id(), TWO), again.read().runs());
    assertEquals(Map.of(), again.read().failures());
    assertTrue(again.finish());
  }

  @Test
  void equalResultsAreEqualBytes() throws IOException {
    results.write(TWO);
    results.finish();
    byte[] images = Files.readAllBytes(packed(ResultFolder.IMAGES));
    byte[] runs = Files.readAllBytes(packed(ResultFolder.RUNS));
    Files.delete(packed(ResultFolder.RUNS));
    Files.delete(packed(ResultFolder.IMAGES));
    results.write(TWO);
    results.write(ONE);
    results.finish();
    assertArrayEquals(images, Files.readAllBytes(packed(ResultFolder.IMAGES)));
    assertArrayEquals(runs, Files.readAllBytes(packed(ResultFolder.RUNS)));
  }

  /** As after a kill between packing and the removal of single files, and after a new row. */
  @Test
  void bothStatesAtOnceAreRead() throws IOException {
    results.write(TWO);
    results.finish();
    results.write(ONE);
    assertEquals(2, results.read().runs().size());
    RunResult three = ResultFixtures.result("random", "10%", 27, 10);
    ResultFixtures.file(List.of(ONE, TWO, three)).write(folder);
    assertFalse(results.finish());
    results.write(three);
    assertTrue(results.finish());
    assertEquals(List.of(ONE, TWO, three), List.copyOf(results.read().runs().values()));
  }

  @Test
  void damageIsFound() throws IOException {
    Files.writeString(results.file(ONE.id()), "{");
    assertEquals(Optional.empty(), results.find(ONE.id()));
    assertThrows(IllegalArgumentException.class, results::read);
    results.write(ONE);
    results.write(TWO);
    results.finish();
    byte[] images = Files.readAllBytes(packed(ResultFolder.IMAGES));
    Files.write(packed(ResultFolder.IMAGES), java.util.Arrays.copyOf(images, images.length / 2));
    ResultFolder again = new ResultFolder(folder);
    IllegalArgumentException e = assertThrows(IllegalArgumentException.class, again::read);
    assertTrue(e.getMessage().contains(ResultFolder.IMAGES), e.getMessage());
    Files.writeString(packed(ResultFolder.IMAGES), "no gzip");
    assertThrows(IllegalArgumentException.class, new ResultFolder(folder)::read);
  }
}
