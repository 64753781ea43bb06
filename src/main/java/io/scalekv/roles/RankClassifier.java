package io.scalekv.roles;

import java.util.Arrays;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Rank classifier (Li et al., ScaleKV, eq. 3): the N_d pairs with the lowest z-scores are drafters,
 * with N_d given ({@code rank}) or chosen by the scores themselves ({@code gap}, {@code otsu},
 * {@code knee}).
 *
 * @param name of the rule for N_d
 * @param drafters N_d for {@code rank}; empty for 6.5 % of the pairs ({@link #usual})
 */
public record RankClassifier(String name, OptionalInt drafters) implements RoleClassifier {
  /** Setting {@code drafters} where N_d was given. */
  static final String GIVEN = "given";

  /** Returns the default N_d, round-half-up(6.5 % of L · the scales with a compressed cache). */
  public static int usual(int layers, int cutScales) {
    return (int) ((65L * layers * cutScales + 500) / 1000);
  }

  @Override
  public boolean readsOthers() {
    return false;
  }

  @Override
  public ClassifiedRoles classify(RoleStatistics statistics) {
    double[] sorted = statistics.scores();
    Arrays.sort(sorted);
    int cut = statistics.scales() - statistics.firstCutScale();
    int n = sorted.length == 0 ? 0 : count(sorted, statistics.layers(), cut);
    SortedMap<String, String> settings = new TreeMap<>();
    if (name.equals("rank")) {
      settings.put("drafters", drafters.isPresent() ? GIVEN : "6.5% of the pairs");
    }
    SortedMap<String, String> found = new TreeMap<>();
    found.put("drafters", Integer.toString(n));
    if (n > 0 && n < sorted.length) {
      found.put("lastDrafterZ", score(sorted[n - 1]));
      found.put("firstRefinerZ", score(sorted[n]));
    }
    return new ClassifiedRoles(statistics, statistics.lowest(n), name, settings, found);
  }

  private int count(double[] sorted, int layers, int cutScales) {
    return switch (name) {
      case "gap" -> gap(sorted);
      case "otsu" -> otsu(sorted);
      case "knee" -> knee(sorted);
      default -> drafters.orElse(usual(layers, cutScales));
    };
  }

  /**
   * Returns the cut at the largest gap between neighbouring scores. Drafters are the minority, so
   * only the cuts with N_d ≤ ⌊N/2⌋ are looked at: a gap at the other end sets single refiners
   * apart. The first of equal gaps; 0 where all scores of that half are equal.
   *
   * @param sorted z-scores of all pairs that are ranked, ascending, the drafters' end first; at
   *     least one
   */
  static int gap(double[] sorted) {
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

  /**
   * Returns the cut with the largest variance between the two classes, n (N − n) (µ_d − µ_r)² / N²;
   * the first of equal ones, 0 where all scores are equal. Otsu, A threshold selection method from
   * gray-level histograms (1979), on the scores themselves instead of a histogram.
   */
  static int otsu(double[] sorted) {
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

  /**
   * Returns the knee of the rising curve of sorted scores: the point farthest above the straight
   * line from the first to the last; the pairs before it are drafters. 0 where no point is above
   * that line, as for a curve that only bends at the refiners' end. Satopää et al., Finding a
   * "Kneedle" in a Haystack (2011), without smoothing.
   */
  static int knee(double[] sorted) {
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

  /** Returns a score with nine digits, as in role files. */
  static String score(double value) {
    return String.format(Locale.ROOT, "%.9g", value);
  }
}
