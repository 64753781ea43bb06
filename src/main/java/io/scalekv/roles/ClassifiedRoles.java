package io.scalekv.roles;

import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Roles and where they come from.
 *
 * @param roles metric, z-scores and roles
 * @param classifier name of the classifier
 * @param settings what it was told, by name
 * @param found what it found on the way, by name, such as its threshold
 */
public record ClassifiedRoles(
    LayerRoles roles,
    String classifier,
    SortedMap<String, String> settings,
    SortedMap<String, String> found) {
  /** Copies the maps. */
  public ClassifiedRoles {
    settings = Collections.unmodifiableSortedMap(new TreeMap<>(settings));
    found = Collections.unmodifiableSortedMap(new TreeMap<>(found));
  }

  /** Which pairs are drafters. */
  public RoleAssignment assignment() {
    return roles.assignment();
  }
}
