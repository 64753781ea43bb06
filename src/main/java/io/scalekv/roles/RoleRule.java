package io.scalekv.roles;

import io.scalekv.profile.LayerStatistic;
import io.scalekv.profile.LayerStatistics;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Rule by which roles are assigned.
 *
 * @param statistic orders layers
 * @param firstCutScale first scale, 0-based, that reads a compressed cache; K where none does
 * @param classifier assigns the roles
 */
public record RoleRule(LayerStatistic statistic, int firstCutScale, RoleClassifier classifier) {
  /** Returns the roles over all prompts. */
  public ClassifiedRoles roles(LayerStatistics table) {
    return roles(table, IntStream.range(0, table.prompts()).toArray());
  }

  /**
   * Returns the roles over a draw of prompts.
   *
   * @param drawn positions of prompts; one may come several times
   */
  public ClassifiedRoles roles(LayerStatistics table, int... drawn) {
    return roles(table, others(table), drawn);
  }

  ClassifiedRoles roles(LayerStatistics table, List<LayerStatistic> others, int... drawn) {
    return classifier.classify(RoleStatistics.of(table, statistic, firstCutScale, others, drawn));
  }

  /** Returns the other statistics that the classifier reads. */
  List<LayerStatistic> others(LayerStatistics table) {
    return classifier.readsOthers() ? RoleStatistics.othersOf(table, firstCutScale) : List.of();
  }
}
