package io.scalekv.vocabtrim.trim;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.vocabtrim.lm.VocabularySubset;
import io.scalekv.weights.NpyFile;
import io.scalekv.weights.TensorData;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Counts, the ranking and the rules. */
final class SelectionTest {
  @Test
  void tokensAreCounted() {
    TokenCounts counts = TokenCounts.create(5);
    counts.accept(2, 3, 2);
    assertEquals(2, counts.count(2));
    assertEquals(3, counts.total());
    assertEquals(2, counts.distinct());
    assertThrows(IllegalArgumentException.class, () -> counts.accept(5));
  }

  @Test
  void countDescendingIdAscendingProtectedAlwaysIn() {
    TokenCounts counts = TokenCounts.of(3, 9, 9, 0, 5, 0);
    FrequencyRanking ranking = FrequencyRanking.of(counts, List.of(5));
    assertArrayEquals(new int[] {5, 1, 2, 4, 0, 3}, ranking.first(6));
    assertArrayEquals(new int[] {1, 2, 5}, ranking.retained(3).toArray());
    for (int k = 1; k < 6; k++) {
      VocabularySubset smaller = ranking.retained(k);
      for (int j = 0; j < k; j++) {
        assertTrue(ranking.retained(k + 1).contains(smaller.id(j)), "nested");
      }
    }
    assertThrows(IllegalArgumentException.class, () -> ranking.retained(0));
  }

  @Test
  void rules() {
    TokenCounts counts = TokenCounts.of(50, 30, 15, 4, 1, 0, 0);
    FrequencyRanking ranking = FrequencyRanking.of(counts, List.of(6));
    assertEquals(4, new SelectionRule.TopK(4).size(ranking, counts));
    // 6, 0, 1, 2 cover 95 of 100
    assertEquals(4, new SelectionRule.TopP(0.95).size(ranking, counts));
    assertEquals(3, new SelectionRule.TopP(0.8).size(ranking, counts));
    assertEquals(6, new SelectionRule.TopP(1).size(ranking, counts));
    assertEquals(5, new SelectionRule.MinimumCount(4).size(ranking, counts));
    assertEquals(0.95, counts.coverage(ranking.retained(4)), 1e-12);
  }

  @Test
  void countsOnDisk(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("counts.csv");
    TokenCounts.of(3, 0, 7).write(file);
    TokenCounts back = TokenCounts.read(file, 0);
    assertEquals(3, back.vocabulary());
    assertEquals(7, back.count(2));
    Files.writeString(file, "id,count\n0,3\n2,7\n");
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> TokenCounts.read(file, 0));
    assertTrue(
        e.getMessage().contains("line 3") && e.getMessage().endsWith("got 2,7"), e.getMessage());
  }

  /** A dict {5: 3, 70000: 2, 1: 9} saved by PyTorch 2.15, as speculators does; a vector; .npy. */
  @Test
  void countsOfOtherToolsAreRead(@TempDir Path folder) throws Exception {
    Path saved = Path.of(SelectionTest.class.getResource("token_freq.pt").toURI());
    TokenCounts counts = TokenCounts.read(saved, 70_001);
    assertEquals(14, counts.total());
    assertEquals(2, counts.count(70_000));
    assertThrows(IllegalArgumentException.class, () -> TokenCounts.read(saved, 0));
    assertThrows(IllegalArgumentException.class, () -> TokenCounts.read(saved, 70_000));
    Path npy = folder.resolve("counts.npy");
    NpyFile.write(npy, TensorData.of(new long[] {4L, 0L, 6L}, 3));
    assertEquals(6, TokenCounts.read(npy, 0).count(2));
  }

  @Test
  void aMinimumCountThatNoTokenReachesIsRefused() {
    TokenCounts counts = TokenCounts.of(9, 1);
    FrequencyRanking ranking = FrequencyRanking.of(counts, List.of());
    SelectionRule rule = new SelectionRule.MinimumCount(10);
    assertThrows(IllegalArgumentException.class, () -> rule.size(ranking, counts));
    TokenCounts huge = TokenCounts.of(Long.MAX_VALUE, 1);
    assertThrows(IllegalArgumentException.class, huge::total);
  }
}
