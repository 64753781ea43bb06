package io.scalekv.scene;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class VocabularyTest {
  @Test
  void keepsItsOrder() {
    List<String> words =
        List.of(
            ("a small large solid striped checkered red green blue yellow purple orange white black"
                    + " cyan pink circle square triangle ring cross diamond at left right top bottom"
                    + " center of above below on plain gradient background")
                .split(" "));
    assertEquals(words, Vocabulary.WORDS, "trained weights depend on this order");
    for (int id = 0; id < words.size(); id++) {
      assertArrayEquals(new int[] {id}, Vocabulary.encode(words.get(id)));
    }
  }

  @Test
  void encodesWordByWord() {
    int[] ids = Vocabulary.encode("  A large  RED ring ");
    assertArrayEquals(
        Stream.of("a", "large", "red", "ring").mapToInt(Vocabulary.WORDS::indexOf).toArray(), ids);
  }

  @Test
  void theLongestCaptionHasTheMostTokens() {
    SceneSampler sampler = Scenes.seeded(4);
    int longest = 0;
    for (int i = 0; i < 500; i++) {
      longest = Math.max(longest, Vocabulary.encode(sampler.next().caption()).length);
    }
    assertEquals(Vocabulary.MAX_TOKENS, longest);
    String tooLong = "a ".repeat(Vocabulary.MAX_TOKENS + 1);
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> Vocabulary.encode(tooLong));
    assertTrue(e.getMessage().contains("got 18"), e.getMessage());
  }

  @Test
  void namesUnknownWords() {
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class, () -> Vocabulary.encode("a large stripped ring"));
    assertTrue(e.getMessage().startsWith("caption word 3 "), e.getMessage());
    assertTrue(e.getMessage().contains("\"stripped\" (near: striped,"), e.getMessage());
    assertThrows(IllegalArgumentException.class, () -> Vocabulary.encode(" "));
  }
}
