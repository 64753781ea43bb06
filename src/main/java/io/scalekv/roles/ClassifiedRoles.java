package io.scalekv.roles;

import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.ToDoubleBiFunction;

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
  private static final String UNSURE = "unsure";
  private static final String EQUAL = "equal shares";
  private static final String LEFT_OUT = "leftOut";

  /** Copies the maps. */
  public ClassifiedRoles {
    settings = Collections.unmodifiableSortedMap(new TreeMap<>(settings));
    found = Collections.unmodifiableSortedMap(new TreeMap<>(found));
  }

  /**
   * Returns the roles without the drafters that are not sure, see {@link UnsureRole#SURE}: they
   * share alike with the refiners.
   *
   * @param drafter probability that a layer is a drafter at a scale, in [0, 1]
   */
  ClassifiedRoles sure(ToDoubleBiFunction<Integer, Integer> drafter) {
    List<LayerScale> sure =
        assignment.drafters().stream()
            .filter(p -> drafter.applyAsDouble(p.layer(), p.scale()) >= UnsureRole.SURE)
            .toList();
    SortedMap<String, String> with = new TreeMap<>(settings);
    with.put(UNSURE, EQUAL);
    SortedMap<String, String> number = new TreeMap<>(found);
    number.put(LEFT_OUT, Integer.toString(assignment.drafters().size() - sure.size()));
    return new ClassifiedRoles(
        statistics,
        RoleAssignment.of(assignment.layers(), assignment.scales(), sure),
        classifier,
        with,
        number);
  }

  /** Returns the number of drafters by rank that were left out as unsure. */
  public int leftOut() {
    String number = found.getOrDefault(LEFT_OUT, "0");
    return number.matches("[0-9]{1,6}") ? Integer.parseInt(number) : 0;
  }

  /** Returns whether unsure drafters were left out, see {@link #sure}. */
  boolean sureOnly() {
    return EQUAL.equals(settings.get(UNSURE));
  }
}
