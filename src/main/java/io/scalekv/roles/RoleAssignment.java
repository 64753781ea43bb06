package io.scalekv.roles;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * The role of every layer at every scale: the listed pairs are drafters, all others refiners.
 *
 * @param layers number of layers L, at least 1
 * @param scales number of scales K, at least 1
 * @param drafters the drafters, ordered by scale, then layer
 */
public record RoleAssignment(int layers, int scales, SortedSet<LayerScale> drafters) {
  /** Copies the set and checks that every pair exists. */
  public RoleAssignment {
    if (layers < 1 || scales < 1) {
      throw new IllegalArgumentException(
          "roles: at least 1 layer and 1 scale expected, got " + layers + " and " + scales);
    }
    drafters = Collections.unmodifiableSortedSet(new TreeSet<>(drafters));
    for (LayerScale pair : drafters) {
      if (pair.layer() < 0
          || pair.layer() >= layers
          || pair.scale() < 0
          || pair.scale() >= scales) {
        throw new IllegalArgumentException(
            "roles: layer below "
                + layers
                + " and scale below "
                + scales
                + " expected, got "
                + pair);
      }
    }
  }

  /** An assignment with these drafters. */
  public static RoleAssignment of(int layers, int scales, Collection<LayerScale> drafters) {
    return new RoleAssignment(layers, scales, new TreeSet<>(drafters));
  }

  /** The role of one layer at one scale, both 0-based. */
  public Role role(int layer, int scale) {
    return isDrafter(layer, scale) ? Role.DRAFTER : Role.REFINER;
  }

  /** Whether this layer is a drafter at this scale, both 0-based. */
  public boolean isDrafter(int layer, int scale) {
    return drafters.contains(new LayerScale(layer, scale));
  }

  /** The drafters as a new mask, [layer][scale]. */
  public boolean[][] mask() {
    boolean[][] mask = new boolean[layers][scales];
    for (LayerScale pair : drafters) {
      mask[pair.layer()][pair.scale()] = true;
    }
    return mask;
  }

  /**
   * Jaccard overlap of the two sets of drafters: |A ∩ B| / |A ∪ B|, in 0..1; 1 where both are
   * empty.
   */
  public double jaccard(RoleAssignment other) {
    sameShape(other);
    TreeSet<LayerScale> union = new TreeSet<>(drafters);
    union.addAll(other.drafters);
    if (union.isEmpty()) {
      return 1;
    }
    long common = drafters.stream().filter(other.drafters::contains).count();
    return (double) common / union.size();
  }

  /** The pairs whose role changes from this assignment to the other, by scale, then layer. */
  public List<RoleChange> diff(RoleAssignment other) {
    sameShape(other);
    TreeSet<LayerScale> union = new TreeSet<>(drafters);
    union.addAll(other.drafters);
    List<RoleChange> changes = new ArrayList<>();
    for (LayerScale pair : union) {
      Role from = role(pair.layer(), pair.scale());
      Role to = other.role(pair.layer(), pair.scale());
      if (from != to) {
        changes.add(new RoleChange(pair, from, to));
      }
    }
    return List.copyOf(changes);
  }

  private void sameShape(RoleAssignment other) {
    if (layers != other.layers || scales != other.scales) {
      throw new IllegalArgumentException(
          String.format(
              "roles: two assignments of one model expected, got %d layers x %d scales and %d x %d",
              layers, scales, other.layers, other.scales));
    }
  }
}
