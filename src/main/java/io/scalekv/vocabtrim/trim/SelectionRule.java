package io.scalekv.vocabtrim.trim;

import io.scalekv.io.Require;

/** Selection rule: chooses the number of retained tokens of a ranking. */
public sealed interface SelectionRule {
  /** Returns the number of retained tokens, protected ones included. */
  int size(FrequencyRanking ranking, TokenCounts counts);

  /**
   * Fixed number of tokens.
   *
   * @param k retained tokens, protected ones included
   */
  record TopK(int k) implements SelectionRule {
    @Override
    public int size(FrequencyRanking ranking, TokenCounts counts) {
      return ranking.first(k).length;
    }
  }

  /**
   * Fewest tokens that cover a share of the counted text.
   *
   * @param coverage in (0, 1]
   */
  record TopP(double coverage) implements SelectionRule {
    public TopP {
      boolean share = coverage > 0 && coverage <= 1;
      Require.that(share, "top-p must be above 0 and at most 1, got %s", coverage);
    }

    @Override
    public int size(FrequencyRanking ranking, TokenCounts counts) {
      long total = counts.total();
      Require.that(total != 0, "top-p needs at least one counted token");
      long inside = 0;
      int k = 0;
      int least = Math.max(1, ranking.protectedTokens());
      while (k < least || (k < ranking.vocabulary() && (double) inside / total < coverage)) {
        inside += counts.count(ranking.id(k++));
      }
      return k;
    }
  }

  /**
   * All tokens of a minimum count, and the protected ones.
   *
   * @param least count, at least 1
   */
  record MinimumCount(long least) implements SelectionRule {
    public MinimumCount {
      Require.that(least >= 1, "minimum count must be at least 1, got %d", least);
    }

    @Override
    public int size(FrequencyRanking ranking, TokenCounts counts) {
      int k = ranking.protectedTokens();
      while (k < ranking.vocabulary() && counts.count(ranking.id(k)) >= least) {
        k++;
      }
      Require.that(k > 0, "minimum count must be reached by a token, got %d", least);
      return k;
    }
  }
}
