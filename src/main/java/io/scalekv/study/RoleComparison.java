package io.scalekv.study;

import io.scalekv.roles.ClassifiedRoles;
import io.scalekv.roles.RoleClassifier;
import io.scalekv.roles.RoleStatistics;
import java.util.List;

/**
 * Several classifiers on the same statistics.
 *
 * @param statistics what all of them saw
 * @param classified their roles, one per classifier
 * @param rules each one's roles in words
 */
public record RoleComparison(
    RoleStatistics statistics, List<ClassifiedRoles> classified, List<RoleRules> rules) {
  /** Copies the lists. */
  public RoleComparison {
    classified = List.copyOf(classified);
    rules = List.copyOf(rules);
  }

  /** All of these classifiers, their roles explained. */
  public static RoleComparison of(RoleStatistics statistics, List<RoleClassifier> classifiers) {
    List<ClassifiedRoles> classified =
        classifiers.stream().map(c -> c.classify(statistics)).toList();
    return new RoleComparison(
        statistics,
        classified,
        classified.stream()
            .map(c -> RoleRules.of(c.assignment(), statistics, RoleRules.DEPTH))
            .toList());
  }

  /** Adjusted Rand index of two of them over the pairs that are ranked; NaN for fewer than two. */
  public double adjustedRand(int a, int b) {
    return PartitionAgreement.adjustedRand(
        classified.get(a).assignment(), classified.get(b).assignment(), statistics.firstCutScale());
  }

  /** Jaccard overlap of the drafters of two of them. */
  public double jaccard(int a, int b) {
    return classified.get(a).assignment().jaccard(classified.get(b).assignment());
  }
}
