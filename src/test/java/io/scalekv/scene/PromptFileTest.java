package io.scalekv.scene;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PromptFileTest {
  @TempDir Path folder;

  @Test
  void skipsCommentsAndBlankLines() throws IOException {
    Path file = written("\uFEFF# seed 1\n\n a ring \r\n  # indented\nÄpfel, 日本\na ring\n\n");
    assertEquals(List.of("a ring", "Äpfel, 日本", "a ring"), PromptFile.read(file));
    assertEquals(List.of("last line"), PromptFile.read(written("last line")));
  }

  @Test
  void namesFileAndLine() throws IOException {
    Path notUtf8 = written(new byte[] {'o', 'k', '\n', (byte) 0xe9, ' ', 'x', '\n'});
    assertMessage(notUtf8, notUtf8 + ", line 2 ");
    Path tooLong = written("a\n\n" + "x".repeat(2001));
    assertMessage(tooLong, tooLong + ", line 3 must be at most 2000 characters, got 2001");
    Path longest = written("x".repeat(2000));
    assertEquals(2000, PromptFile.read(longest).get(0).length());
  }

  @Test
  void refusesEmptyAndMissingFiles() throws IOException {
    Path empty = written("# nothing\n\n");
    assertMessage(empty, empty.toString());
    Path missing = folder.resolve("missing.txt");
    assertMessage(missing, missing.toString());
  }

  private Path written(String text) throws IOException {
    return written(text.getBytes(StandardCharsets.UTF_8));
  }

  private Path written(byte[] bytes) throws IOException {
    Path file = Files.createTempFile(folder, "prompts", ".txt");
    return Files.write(file, bytes);
  }

  private static void assertMessage(Path file, String place) {
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> PromptFile.read(file));
    assertTrue(e.getMessage().contains(place), e.getMessage());
  }
}
