package io.scalekv.vocabtrim.trim;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.vocabtrim.lm.VocabularySubset;
import io.scalekv.vocabtrim.measure.MbsuCurve;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Counts, the ranking and the rules. */
final class SelectionTest {
  @Test
  void countsOfPartsCombine() {
    Random random = new Random(1);
    TokenCounts whole = TokenCounts.create(50);
    TokenCounts merged = TokenCounts.create(50);
    for (int part = 0; part < 5; part++) {
      int[] text = random.ints(200, 0, 50).toArray();
      whole.accept(text);
      TokenCounts one = TokenCounts.create(50);
      one.accept(text);
      merged.combine(one);
    }
    for (int id = 0; id < 50; id++) {
      assertEquals(whole.count(id), merged.count(id));
    }
    assertEquals(1000, merged.total());
  }

  @Test
  void onlyTheResponseIsCounted() {
    TokenCounts counts = TokenCounts.create(5);
    counts.accept(new int[] {1, 1, 2, 3}, 2);
    assertEquals(0, counts.count(1));
    assertEquals(2, counts.total());
    assertThrows(IllegalArgumentException.class, () -> counts.accept(5));
  }

  @Test
  void countDescendingIdAscendingProtectedAlwaysIn() {
    TokenCounts counts = TokenCounts.of(3, 9, 9, 0, 5, 0);
    FrequencyRanking ranking = FrequencyRanking.of(counts, List.of(5));
    assertArrayEquals(new int[] {5, 1, 2, 4, 0, 3}, ranking.first(6));
    assertArrayEquals(new int[] {1, 2, 5}, ranking.kept(3).toArray());
    for (int k = 1; k < 6; k++) {
      VocabularySubset smaller = ranking.kept(k);
      for (int j = 0; j < k; j++) {
        assertTrue(ranking.kept(k + 1).contains(smaller.id(j)), "nested");
      }
    }
    assertThrows(IllegalArgumentException.class, () -> ranking.kept(0));
  }

  @Test
  void rules() {
    TokenCounts counts = TokenCounts.of(50, 30, 15, 4, 1, 0, 0);
    FrequencyRanking ranking = FrequencyRanking.of(counts, List.of(6));
    assertEquals(4, new SelectionRule.TopK(4).select(ranking, counts).size());
    // 6, 0, 1, 2 cover 95 of 100
    assertEquals(4, new SelectionRule.TopP(0.95).size(ranking, counts));
    assertEquals(3, new SelectionRule.TopP(0.8).size(ranking, counts));
    assertEquals(6, new SelectionRule.TopP(1).size(ranking, counts));
    assertEquals(5, new SelectionRule.MinimumCount(4).size(ranking, counts));
    assertEquals(0.95, counts.coverage(ranking.kept(4)), 1e-12);
    MbsuCurve curve =
        new MbsuCurve(new int[] {2, 4, 7}, new double[] {1, 2, 2}, new double[] {1, 1.5, 1.2});
    assertEquals(4, new SelectionRule.BestMbsu(curve).size(ranking, counts));
    assertTrue(curve.hasInteriorMaximum());
    assertFalse(
        new MbsuCurve(new int[] {2, 4}, new double[] {1, 2}, new double[] {1, 1.5})
            .hasInteriorMaximum());
  }

  @Test
  void countsOnDisk(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("counts.csv");
    TokenCounts.of(3, 0, 7).write(file);
    TokenCounts back = TokenCounts.read(file);
    assertEquals(3, back.vocabulary());
    assertEquals(7, back.count(2));
    Files.writeString(file, "id,count\n0,3\n2,7\n");
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> TokenCounts.read(file));
    assertTrue(
        e.getMessage().contains("line 3") && e.getMessage().endsWith("got 2,7"), e.getMessage());
  }
}
