package io.scalekv.vocabtrim.trim;

import io.scalekv.io.Require;
import io.scalekv.vocabtrim.lm.VocabularySubset;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.TreeSet;
import java.util.stream.IntStream;

/**
 * Ranking of all tokens of a vocabulary: protected ones first, then by count descending, equal
 * counts by id ascending (Goel et al., arXiv 2506.22694). The retained sets of growing k are nested
 * and have exactly k tokens: a protected token replaces the rarest.
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
   * Returns ranks tokens by their counts.
   *
   * @param protectedIds end of text and other special tokens, always retained
   */
  public static FrequencyRanking of(TokenCounts counts, Collection<Integer> protectedIds) {
    int vocabulary = counts.vocabulary();
    TreeSet<Integer> first = new TreeSet<>(protectedIds);
    first.forEach(id -> Require.between("protected token", id, 0, vocabulary - 1));
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

  /** Returns V. */
  public int vocabulary() {
    return order.length;
  }

  /** Returns the number of protected tokens. */
  public int protectedTokens() {
    return protectedTokens;
  }

  /** Returns the token of a rank. */
  public int id(int rank) {
    return order[rank];
  }

  /** Returns the rank of every token, [V]; a token is retained if its rank is below k. */
  public int[] ranks() {
    return ranks.clone();
  }

  /**
   * Returns the first tokens in ranked order.
   *
   * @param k number of tokens; at least the protected ones and 1
   */
  public int[] first(int k) {
    int least = Math.max(1, protectedTokens);
    Require.between("number of retained tokens", k, least, order.length);
    return Arrays.copyOf(order, k);
  }

  /** Returns the first k tokens as a subset. */
  public VocabularySubset retained(int k) {
    int[] ids = first(k);
    Arrays.sort(ids);
    return VocabularySubset.of(ids, order.length);
  }
}
