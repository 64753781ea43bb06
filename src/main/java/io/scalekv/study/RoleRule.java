package io.scalekv.study;

import io.scalekv.roles.LayerScale;
import io.scalekv.roles.RoleStatistics;
import java.math.BigDecimal;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * Rule under which a layer–scale pair is a drafter.
 *
 * @param conditions conditions that hold together
 * @param covered drafters under the rule
 * @param drafters number of drafters
 * @param wrong refiners under the rule
 * @param refiners number of refiners
 */
public record RoleRule(
    List<Condition> conditions, int covered, int drafters, int wrong, int refiners) {
  /** Copies the list. */
  public RoleRule {
    conditions = List.copyOf(conditions);
  }

  /**
   * Limit of a statistic.
   *
   * @param feature its name
   * @param above whether the statistic is above the limit, otherwise below
   * @param limit value that no pair of the tree has
   */
  public record Condition(String feature, boolean above, BigDecimal limit) {
    /** Returns whether a value meets the condition. */
    public boolean holds(double value) {
      int order = BigDecimal.valueOf(value).compareTo(limit);
      return above ? order > 0 : order < 0;
    }

    @Override
    public String toString() {
      return feature + (above ? " > " : " < ") + limit.toPlainString();
    }
  }

  /** Returns whether a pair meets all conditions. */
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
