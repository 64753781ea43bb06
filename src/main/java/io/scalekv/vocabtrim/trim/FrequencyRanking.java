package io.scalekv.vocabtrim.trim;

import io.scalekv.io.Require;
import io.scalekv.vocabtrim.lm.VocabularySubset;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.TreeSet;
import java.util.stream.IntStream;

/**
 * All tokens of a vocabulary in the order in which they are kept: protected ones first, then by
 * count descending, equal counts by id ascending (Goel et al., arXiv 2506.22694). The kept sets of
 * growing k are therefore nested, and each has exactly k tokens: a protected token takes the place
 * of the rarest.
 */
public final class FrequencyRanking {
  private final int[] order;
  private final int[] ranks;
  private final int protectedTokens;

  private FrequencyRanking(int[] order, int protectedTokens) {
    this.order = order;
    this.ranks = new int[order.length];
    for (int r = 0; r < order.length; r++) {
      ranks[order[r]] = r;
    }
    this.protectedTokens = protectedTokens;
  }

  /**
   * The order of some counts.
   *
   * @param protectedIds end of text and other special tokens; always kept
   */
  public static FrequencyRanking of(TokenCounts counts, Collection<Integer> protectedIds) {
    int vocabulary = counts.vocabulary();
    TreeSet<Integer> first = new TreeSet<>(protectedIds);
    for (int id : first) {
      Require.that(
          id >= 0 && id < vocabulary,
          "protected token must be in 0..%s, got %s",
          (vocabulary - 1),
          id);
    }
    Comparator<Integer> byCount = Comparator.comparingLong(id -> -counts.count(id));
    int[] order =
        IntStream.concat(
                first.stream().mapToInt(i -> i),
                IntStream.range(0, vocabulary)
                    .filter(id -> !first.contains(id))
                    .boxed()
                    .sorted(byCount.thenComparing(Comparator.naturalOrder()))
                    .mapToInt(i -> i))
            .toArray();
    return new FrequencyRanking(order, first.size());
  }

  /** V. */
  public int vocabulary() {
    return order.length;
  }

  /** How many protected tokens stand in front. */
  public int protectedTokens() {
    return protectedTokens;
  }

  /** Place of a token from 0; it is kept if this is below k. */
  public int rank(int id) {
    return ranks[id];
  }

  /** The token at a place. */
  public int id(int rank) {
    return order[rank];
  }

  /** Place of every token, [V]. */
  public int[] ranks() {
    return ranks.clone();
  }

  /**
   * The first tokens of the order, as they stand there.
   *
   * @param k how many; at least the protected ones and 1
   */
  public int[] first(int k) {
    int least = Math.max(1, protectedTokens);
    Require.that(
        k >= least && k <= order.length,
        "number of retained tokens must be between %s and %s, got %s",
        least,
        order.length,
        k);
    return Arrays.copyOf(order, k);
  }

  /** The same as a kept set, ids ascending. */
  public VocabularySubset kept(int k) {
    int[] ids = first(k);
    Arrays.sort(ids);
    return VocabularySubset.of(ids, order.length);
  }
}
