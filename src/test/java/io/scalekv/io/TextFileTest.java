package io.scalekv.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TextFileTest {
  @TempDir Path folder;

  @Test
  void saysWhatIsThereInsteadOfAFile() throws IOException {
    Path loop = Files.createSymbolicLink(folder.resolve("loop"), Path.of("loop"));
    assertMessage("a link that leads nowhere", loop);
    assertMessage("a folder", folder);
    assertMessage("a pipe or device", Path.of("/dev/null"));
    assertMessage("no such file", folder.resolve("missing"));
    Path file = Files.write(folder.resolve("f"), new byte[] {'a', '\r', 'b', '\r', -1});
    String message =
        assertThrows(IllegalArgumentException.class, () -> TextFile.read(file)).getMessage();
    assertTrue(message.startsWith(file + ", line 3 "), message);
  }

  private static void assertMessage(String kind, Path path) {
    for (Runnable read :
        new Runnable[] {() -> TextFile.read(path), () -> TextFile.require("--x", path)}) {
      String message = assertThrows(IllegalArgumentException.class, read::run).getMessage();
      assertTrue(message.contains(path.toString()) && message.endsWith(kind), message);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "a\u200Bb,a\\u200Bb",
    "\u202Eabc,\\u202Eabc",
    "a\u00A0b,a\\u00A0b",
    "a\u0007b,a\\u0007b",
    "\uFEFFx,\\uFEFFx",
    "\uDB40\uDC41,\\uDB40\\uDC41",
    "日本 é 🎨,日本 é 🎨"
  })
  void unseenCharactersAreShown(String text, String shown) {
    assertEquals(shown, TextFile.visible(text));
  }
}
