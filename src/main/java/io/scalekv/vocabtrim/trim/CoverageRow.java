package io.scalekv.vocabtrim.trim;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Coverage of a number of retained tokens.
 *
 * @param k retained tokens, protected ones included
 * @param counted share of the counted text
 * @param heldOut share of held-out text by language; NaN-free
 * @param tokenizerOrder share of the counted text (held-out, if there is any) that the lowest ids
 *     cover: the order of merges is a ranking too, and the control of every count
 */
public record CoverageRow(
    int k, double counted, Map<String, Double> heldOut, double tokenizerOrder) {
  /** Returns the rows of some sizes. */
  public static List<CoverageRow> of(
      TokenCounts counts,
      Protection protection,
      List<Integer> sizes,
      Map<String, TokenCounts> heldOut) {
    FrequencyRanking ranking = FrequencyRanking.of(counts, protection.ids());
    FrequencyRanking lowest =
        FrequencyRanking.of(TokenCounts.create(counts.vocabulary()), protection.ids());
    TokenCounts judged = counts;
    if (!heldOut.isEmpty()) {
      judged = TokenCounts.create(counts.vocabulary());
      for (TokenCounts c : heldOut.values()) {
        judged.add(c.toArray());
      }
    }
    List<CoverageRow> rows = new ArrayList<>();
    for (int k : sizes) {
      Map<String, Double> shares = new LinkedHashMap<>();
      heldOut.forEach((language, c) -> shares.put(language, c.coverage(ranking.retained(k))));
      rows.add(
          new CoverageRow(
              k,
              counts.coverage(ranking.retained(k)),
              shares,
              judged.coverage(lowest.retained(k))));
    }
    return rows;
  }
}
