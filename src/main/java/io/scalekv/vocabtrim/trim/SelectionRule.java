package io.scalekv.vocabtrim.trim;

import io.scalekv.io.Require;
import io.scalekv.vocabtrim.lm.VocabularySubset;
import io.scalekv.vocabtrim.measure.MbsuCurve;

/** How many tokens of a ranking are kept. */
public sealed interface SelectionRule {
  /** Number of retained tokens, protected ones among them. */
  int size(FrequencyRanking ranking, TokenCounts counts);

  /** The retained tokens. */
  default VocabularySubset select(FrequencyRanking ranking, TokenCounts counts) {
    return ranking.kept(size(ranking, counts));
  }

  /**
   * A fixed number.
   *
   * @param k of tokens, protected ones among them
   */
  record TopK(int k) implements SelectionRule {
    @Override
    public int size(FrequencyRanking ranking, TokenCounts counts) {
      return ranking.first(k).length;
    }
  }

  /**
   * The fewest tokens that cover a share of the counted text.
   *
   * @param coverage in (0, 1]
   */
  record TopP(double coverage) implements SelectionRule {
    /** Checks the share. */
    public TopP {
      Require.that(coverage > 0 && coverage <= 1, "top-p must be in (0, 1], got %s", coverage);
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
   * Every token seen so often, and the protected ones.
   *
   * @param least times, at least 1
   */
  record MinimumCount(long least) implements SelectionRule {
    /** Checks the count. */
    public MinimumCount {
      Require.that(least >= 1, "minimum count must be at least 1, got %s", least);
    }

    @Override
    public int size(FrequencyRanking ranking, TokenCounts counts) {
      int k = Math.max(1, ranking.protectedTokens());
      while (k < ranking.vocabulary() && counts.count(ranking.id(k)) >= least) {
        k++;
      }
      return k;
    }
  }

  /**
   * The number of tokens whose MBSU was best on calibration text.
   *
   * @param curve measured there with the same ranking
   */
  record BestMbsu(MbsuCurve curve) implements SelectionRule {
    @Override
    public int size(FrequencyRanking ranking, TokenCounts counts) {
      return ranking.first(curve.best()).length;
    }
  }
}
