package io.scalekv.io;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NearWordTest {
  @ParameterizedTest
  @CsvSource({"ring, ring, 0", "rng, ring, 1", "kitten, sitting, 3", "'', red, 3", "red, '', 3"})
  void countsEdits(String a, String b, int distance) {
    assertEquals(distance, NearWord.distance(a, b));
  }

  @Test
  void farWordsAreNotNear() {
    List<String> known = List.of("policy", "budget");
    assertEquals(Optional.of("budget"), NearWord.of("Budgte", known));
    assertEquals(Optional.empty(), NearWord.of("prompts", known));
  }
}
