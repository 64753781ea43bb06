package io.scalekv.roles;

import java.util.OptionalInt;

/** Rule for the number N_d of drafters among the ranked layer–scale pairs. */
public sealed interface DrafterCount {
  /** Returns the name of the classifier with this rule. */
  String name();

  /**
   * Returns N_d.
   *
   * @param sorted z-scores of all pairs that are ranked, ascending, the drafters' end first; at
   *     least one
   * @param layers number of layers L
   * @param cutScales number of scales with a compressed cache
   */
  int of(double[] sorted, int layers, int cutScales);

  /** Returns the default N_d, round-half-up(6.5 % of L · the scales with a compressed cache). */
  static int usual(int layers, int cutScales) {
    return (int) ((65L * layers * cutScales + 500) / 1000);
  }

  /**
   * A given number, or 6.5 % of the pairs ({@link #usual}).
   *
   * @param drafters N_d, or empty for the default
   */
  record Given(OptionalInt drafters) implements DrafterCount {
    @Override
    public String name() {
      return "rank";
    }

    @Override
    public int of(double[] sorted, int layers, int cutScales) {
      return drafters.orElse(usual(layers, cutScales));
    }
  }

  /**
   * The cut at the largest gap between neighbouring scores. Drafters are the minority, so only the
   * cuts with N_d ≤ ⌊N/2⌋ are looked at: a gap at the other end sets single refiners apart. The
   * first of equal gaps; 0 where all scores of that half are equal.
   */
  record LargestGap() implements DrafterCount {
    @Override
    public String name() {
      return "gap";
    }

    @Override
    public int of(double[] sorted, int layers, int cutScales) {
      int best = 0;
      double largest = 0;
      for (int n = 1; n <= sorted.length / 2; n++) {
        double gap = sorted[n] - sorted[n - 1];
        if (gap > largest) {
          largest = gap;
          best = n;
        }
      }
      return best;
    }
  }

  /**
   * The cut with the largest variance between the two classes, n (N − n) (µ_d − µ_r)² / N²; the
   * first of equal ones, 0 where all scores are equal. Otsu, A threshold selection method from
   * gray-level histograms (1979), on the scores themselves instead of a histogram.
   */
  record Otsu() implements DrafterCount {
    @Override
    public String name() {
      return "otsu";
    }

    @Override
    public int of(double[] sorted, int layers, int cutScales) {
      double total = 0;
      for (double z : sorted) {
        total += z;
      }
      int best = 0;
      double most = 0;
      double sum = 0;
      for (int n = 1; n < sorted.length; n++) {
        sum += sorted[n - 1];
        double apart = sum / n - (total - sum) / (sorted.length - n);
        double between = (double) n * (sorted.length - n) * apart * apart;
        if (sorted[n] > sorted[n - 1] && between > most) {
          most = between;
          best = n;
        }
      }
      return best;
    }
  }

  /**
   * The knee of the rising curve of sorted scores: the point farthest above the straight line from
   * the first to the last; the pairs before it are drafters. 0 where no point is above that line,
   * as for a curve that only bends at the refiners' end. Satopää et al., Finding a "Kneedle" in a
   * Haystack (2011), without smoothing.
   */
  record Knee() implements DrafterCount {
    @Override
    public String name() {
      return "knee";
    }

    @Override
    public int of(double[] sorted, int layers, int cutScales) {
      int last = sorted.length - 1;
      double range = sorted[last] - sorted[0];
      int knee = 0;
      double farthest = RoleStatistics.EPSILON; // above the rounding of a straight line
      for (int i = 1; i < last; i++) {
        double above = (sorted[i] - sorted[0]) / range - (double) i / last;
        if (above > farthest) {
          farthest = above;
          knee = i;
        }
      }
      return knee;
    }
  }
}
