package io.scalekv.study;

import io.scalekv.roles.LayerScale;
import io.scalekv.roles.RoleStatistics;
import java.math.BigDecimal;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * A condition under which a pair is a drafter.
 *
 * @param conditions all of which hold
 * @param covered drafters that it finds
 * @param drafters drafters there are
 * @param wrong refiners that it takes for drafters
 * @param refiners refiners there are
 */
public record RoleRule(
    List<Condition> conditions, int covered, int drafters, int wrong, int refiners) {
  /** Copies the list. */
  public RoleRule {
    conditions = List.copyOf(conditions);
  }

  /**
   * A limit of a feature.
   *
   * @param feature its name
   * @param above whether the feature is above the limit, otherwise below
   * @param limit which no pair that the rule was made from meets
   */
  public record Condition(String feature, boolean above, BigDecimal limit) {
    /** Whether a value meets it. */
    public boolean holds(double value) {
      int order = BigDecimal.valueOf(value).compareTo(limit);
      return above ? order > 0 : order < 0;
    }

    @Override
    public String toString() {
      return feature + (above ? " > " : " < ") + limit.toPlainString();
    }
  }

  /** Whether a pair meets all conditions. */
  public boolean holds(RoleStatistics statistics, LayerScale pair) {
    return conditions.stream().allMatch(c -> c.holds(statistics.other(c.feature(), pair)));
  }

  @Override
  public String toString() {
    return String.format(
        Locale.ROOT,
        "drafter if %s: covers %d of %d, %d wrong of %d",
        conditions.stream().map(Condition::toString).collect(Collectors.joining(" and ")),
        covered,
        drafters,
        wrong,
        refiners);
  }
}
