package io.scalekv.roles;

import java.util.Arrays;
import java.util.Locale;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Rank classifier (Li et al., ScaleKV, eq. 3): the N_d pairs with the lowest z-scores are drafters,
 * with N_d given or chosen by the scores themselves.
 *
 * @param count how N_d is chosen
 */
public record RankClassifier(DrafterCount count) implements RoleClassifier {
  /** Setting {@code drafters} where N_d was given. */
  static final String GIVEN = "given";

  @Override
  public String name() {
    return count.name();
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
    int drafters = sorted.length == 0 ? 0 : count.of(sorted, statistics.layers(), cut);
    SortedMap<String, String> settings = new TreeMap<>();
    if (count instanceof DrafterCount.Given given) {
      settings.put("drafters", given.drafters().isPresent() ? GIVEN : "6.5% of the pairs");
    }
    SortedMap<String, String> found = new TreeMap<>();
    found.put("drafters", Integer.toString(drafters));
    if (drafters > 0 && drafters < sorted.length) {
      found.put("lastDrafterZ", score(sorted[drafters - 1]));
      found.put("firstRefinerZ", score(sorted[drafters]));
    }
    return new ClassifiedRoles(statistics, statistics.lowest(drafters), name(), settings, found);
  }

  /** Returns a score with nine digits, as in role files. */
  static String score(double value) {
    return String.format(Locale.ROOT, "%.9g", value);
  }
}
