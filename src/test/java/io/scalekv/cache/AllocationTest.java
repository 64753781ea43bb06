package io.scalekv.cache;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.SplittableRandom;
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
    assertTrue(message.endsWith("got " + text), message);
  }

  @ParameterizedTest
  @ValueSource(strings = {"paper:1.1:0", "paper:-0.1:0", "paper:0.9:-1", "paper:NaN:0"})
  void soAreNumbersOutOfRange(String text) {
    assertThrows(IllegalArgumentException.class, () -> Allocation.parse(text));
  }

  @ParameterizedTest
  @ValueSource(strings = {"paper:0:0", "paper:1:0", "paper:1:1000"})
  void theEndsOfTheRangesAreAllowed(String text) {
    assertEquals("paper", Allocation.parse(text).name());
    assertThrows(IllegalArgumentException.class, () -> new Allocation.Paper(1, 1.0 / 0));
  }

  /** B_r = B·(start − decay·k), at least 1; drafters get what is left of B·L, whole tokens. */
  @Test
  void paperByHand() {
    Allocation paper = new Allocation.Paper(0.5, 0.1);
    boolean[] drafter = {true, false, false, true, true};
    int[] room = {900, 900, 900, 900, 900};
    assertEquals((5 * 100 - 2 * 50) / 3, paper.drafterTokens(100, 0, drafter, room));
    assertEquals((5 * 100 - 2 * 20) / 3, paper.drafterTokens(100, 3, drafter, room));
    assertEquals((5 * 100 - 2) / 3, paper.drafterTokens(100, 5, drafter, room), "at least 1");
    assertEquals((5 * 100 - 2) / 3, paper.drafterTokens(100, 9, drafter, room), "at least 1");
    int much = Integer.MAX_VALUE;
    assertEquals(much, paper.drafterTokens(much, 0, new boolean[] {true, false, false}, room));
  }

  /** The released rule by trying every number, where layers hold different numbers of tokens. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})
  void releasedWithUnequalRoom(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    int layers = random.nextInt(2, 9);
    boolean[] drafter = new boolean[layers];
    int drafters = random.nextInt(1, layers);
    for (int l = 0; l < drafters; l++) {
      drafter[l] = true;
    }
    int budget = random.nextInt(1, 40);
    int[] room = random.ints(layers, 1, 90).toArray();
    int limit = 0;
    for (int l = 0; l < drafters; l++) {
      limit = Math.max(limit, room[l]);
    }
    int exact = -1;
    int most = -1;
    for (int tokens = Math.min(budget, limit); tokens <= limit; tokens++) {
      int left = budget * layers;
      for (int l = 0; l < drafters; l++) {
        left -= Math.min(tokens, room[l]);
      }
      double each = (double) left / (layers - drafters);
      if (each >= Math.ceil(4.0 * budget / 13)) {
        most = tokens;
        exact = each == Math.rint(each) ? tokens : exact;
      }
    }
    assertEquals(
        exact >= 0 ? exact : most,
        new Allocation.Released().drafterTokens(budget, 0, drafter, room));
  }

  /** Where no number divides, the largest that leaves refiners at least ⌈4·B/13⌉ each. */
  @Test
  void releasedWithoutAnExactDivision() {
    // Five drafters of much room and one that holds 3, five refiners: 10·11 − 3 − 5·t is never a
    // multiple of 5; t = 17 leaves 22, at least 5·4.
    boolean[] drafter = {true, true, true, true, true, true, false, false, false, false, false};
    int[] room = {20, 20, 20, 20, 20, 3, 20, 20, 20, 20, 20};
    assertEquals(17, new Allocation.Released().drafterTokens(10, 0, drafter, room));
  }
}
