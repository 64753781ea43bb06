package io.scalekv.model.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class T5TokenizerTest {
  @TempDir Path folder;

  private static int[] ids(String... pieces) {
    return List.of(pieces).stream().mapToInt(T5Fixtures.PIECES::indexOf).toArray();
  }

  @ParameterizedTest
  @ValueSource(strings = {"tokenizer.json", "spiece.model"})
  void bothFilesGiveTheSameTokens(String name) {
    if (name.equals("tokenizer.json")) {
      T5Fixtures.writeJson(folder);
    } else {
      T5Fixtures.writePieces(folder);
    }
    assertEquals(folder.resolve(name), T5Tokenizer.file(folder));
    try (T5Tokenizer tokenizer = T5Tokenizer.open(folder)) {
      assertArrayEquals(
          ids("▁a", "▁red", "▁fox", "▁in", "▁the", "▁snow", "</s>"),
          tokenizer.encode("a red fox in the snow"));
      assertArrayEquals(ids("▁", "f", "o", "e", "▁", "s", "</s>"), tokenizer.encode("foe s"));
      assertArrayEquals(ids("</s>"), tokenizer.encode(""));
      assertArrayEquals(
          ids("▁a", "▁red", "</s>", "▁fox", "</s>"), tokenizer.encode("a red</s> fox"));
      assertArrayEquals(ids("<pad>", "▁fox", "<unk>", "</s>"), tokenizer.encode("<pad>fox<unk>"));
      assertEquals(601, tokenizer.length("fox ".repeat(600).strip()));
      int[] strange = tokenizer.encode("red Q");
      assertEquals(T5Fixtures.PIECES.indexOf("<unk>"), strange[strange.length - 2]);

      String words = "fox ".repeat(600).strip();
      int[] cut = tokenizer.encode(words);
      assertEquals(512, cut.length);
      assertEquals(1, cut[511]);
      assertEquals(T5Fixtures.PIECES.indexOf("▁fox"), cut[510]);
      assertEquals(511, tokenizer.encode("fox ".repeat(510).strip()).length);
      assertEquals(512, tokenizer.encode("fox ".repeat(511).strip()).length);
    }
  }

  @Test
  void folderWithoutEitherFileIsRefused() {
    Exception e = assertThrows(IllegalArgumentException.class, () -> T5Tokenizer.open(folder));
    assertTrue(e.getMessage().startsWith(folder.toString()), e.getMessage());
  }

  @ParameterizedTest
  @ValueSource(strings = {"tokenizer.json", "spiece.model"})
  void aFileThatIsNoTokenizerIsNamed(String name) {
    T5Fixtures.write(folder.resolve(name), "no tokenizer".getBytes(StandardCharsets.US_ASCII));
    Exception e = assertThrows(IllegalArgumentException.class, () -> T5Tokenizer.open(folder));
    assertTrue(
        e.getMessage().startsWith(folder.resolve(name) + ": not a tokenizer of T5: "),
        e.getMessage());
    assertEquals(1, e.getMessage().lines().count());
  }
}
