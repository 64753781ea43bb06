package io.scalekv.cache;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Allocations as they are typed. */
final class AllocationTest {
  @Test
  void namesAndNumbers() {
    assertEquals(new Allocation.Released(), Allocation.parse("released"));
    assertEquals(new Allocation.Paper(0.92, 0.108), Allocation.parse("paper"));
    assertEquals(new Allocation.Paper(0.9, 0), Allocation.parse("paper:0.9:0"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"even", "paper:", "paper:0.9", "paper:x:0", "paper:0.9:0:0", "released:1", ""})
  void othersAreRefused(String text) {
    String message =
        assertThrows(IllegalArgumentException.class, () -> Allocation.parse(text)).getMessage();
    assertTrue(message.contains("expected, got " + text), message);
  }

  @ParameterizedTest
  @ValueSource(strings = {"paper:1.1:0", "paper:-0.1:0", "paper:0.9:-1", "paper:NaN:0"})
  void soAreNumbersOutOfRange(String text) {
    assertThrows(IllegalArgumentException.class, () -> Allocation.parse(text));
  }
}
