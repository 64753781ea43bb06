package io.scalekv.vocabtrim.trim;

import io.scalekv.io.Require;
import io.scalekv.vocabtrim.lm.VocabularySubset;
import java.util.Arrays;

/**
 * What a mapping file says.
 *
 * @param kept the tokens
 * @param order the same as the file lists them; by frequency where the form keeps that
 */
public record Mapping(VocabularySubset kept, int[] order) {
  /** Checks that both hold the same tokens. */
  public Mapping {
    int[] sorted = order.clone();
    Arrays.sort(sorted);
    Require.that(
        Arrays.equals(sorted, kept.toArray()),
        "mapping: order and subset must hold the same tokens");
    order = order.clone();
  }

  /** The first k tokens of a ranking. */
  public static Mapping of(FrequencyRanking ranking, int k) {
    return new Mapping(ranking.kept(k), ranking.first(k));
  }

  /** Kept tokens whose frequencies are not known. */
  public static Mapping of(VocabularySubset kept) {
    return new Mapping(kept, kept.toArray());
  }

  @Override
  public int[] order() {
    return order.clone();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Mapping m && kept.equals(m.kept) && Arrays.equals(order, m.order);
  }

  @Override
  public int hashCode() {
    return 31 * kept.hashCode() + Arrays.hashCode(order);
  }

  @Override
  public String toString() {
    return kept.toString();
  }
}
