package io.scalekv.roles;

import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Roles and how they were assigned.
 *
 * @param statistics statistic that orders the layers, and its z-scores
 * @param assignment which layer–scale pairs are drafters
 * @param classifier name of the classifier
 * @param settings settings of the classifier, by name
 * @param found by-products of the classification, by name, such as a threshold
 */
public record ClassifiedRoles(
    RoleStatistics statistics,
    RoleAssignment assignment,
    String classifier,
    SortedMap<String, String> settings,
    SortedMap<String, String> found) {
  /** Copies the maps. */
  public ClassifiedRoles {
    settings = Collections.unmodifiableSortedMap(new TreeMap<>(settings));
    found = Collections.unmodifiableSortedMap(new TreeMap<>(found));
  }
}
