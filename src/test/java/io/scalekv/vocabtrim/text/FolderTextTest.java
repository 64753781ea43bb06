package io.scalekv.vocabtrim.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FolderTextTest {
  @TempDir Path folder;

  @Test
  void readsFilesAndHoldsTheirEndOut() throws IOException {
    Path texts = Files.createDirectories(folder.resolve("texts/more"));
    StringBuilder numbers = new StringBuilder();
    for (int i = 0; i < 4000; i++) {
      numbers.append(i).append(' ');
    }
    Files.writeString(texts.resolve("b.txt"), numbers);
    Files.writeString(texts.getParent().resolve("a.md"), "first file");
    Files.writeString(texts.resolve(".hidden"), "hidden");
    Files.write(texts.resolve("c.bin"), new byte[] {(byte) 0xff, (byte) 0xfe, 0});
    FolderText text = FolderText.read(texts.getParent());
    assertEquals("2 files of texts, 18900 characters", text.description());
    BytePairTrainer trainer = new BytePairTrainer();
    text.tokenizerTexts().forEach(trainer::add);
    Files.writeString(folder.resolve("tokenizer.json"), trainer.train(400, SpecialTokens.TEXTS));
    try (TextTokenizer tokenizer = TextTokenizer.open(folder)) {
      int[][] rows = text.rows(tokenizer, 1, 7, 200, 50);
      assertArrayEquals(rows, text.rows(tokenizer, 1, 7, 200, 50));
      assertFalse(Arrays.deepEquals(rows, text.rows(tokenizer, 1, 8, 200, 50)));
      List<int[]> held = text.heldOut(tokenizer, 3, 50);
      assertEquals(3, held.size());
      int first = firstNumber(tokenizer.decode(held.get(0)));
      assertTrue(first > 3500, "held-out text begins at " + first);
      for (int[] row : rows) {
        assertEquals(50, row.length);
        for (String word : tokenizer.decode(row).split(" ")) {
          if (word.matches("\\d{4}")) {
            assertTrue(Integer.parseInt(word) <= first + 1, word);
          }
        }
      }
      assertTrue(text.heldOut(tokenizer, 1000, 50).size() < 1000, "no more than the text has");
      assertThrows(IllegalArgumentException.class, () -> text.rows(tokenizer, 1, 1, 1, 10_000_000));
    }
  }

  private static int firstNumber(String text) {
    return Integer.parseInt(text.strip().split(" ")[1]);
  }

  @Test
  void tooLittleTextIsRefused() throws IOException {
    Files.writeString(folder.resolve("a.txt"), "short");
    Exception e = assertThrows(IllegalArgumentException.class, () -> FolderText.read(folder));
    assertTrue(
        e.getMessage().startsWith(folder + " ") && e.getMessage().endsWith("got 5"),
        e.getMessage());
    e = assertThrows(IllegalArgumentException.class, () -> FolderText.read(folder.resolve("none")));
    assertTrue(e.getMessage().startsWith("--text "));
  }
}
