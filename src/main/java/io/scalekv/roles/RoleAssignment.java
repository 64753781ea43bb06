package io.scalekv.roles;

import io.scalekv.cache.BudgetPlan;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.io.Require;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * Role of every layer at every scale: the listed layer–scale pairs are drafters, all others
 * refiners.
 *
 * @param layers number of layers L, at least 1
 * @param scales number of scales K, at least 1
 * @param drafters the drafters, ordered by scale, then layer
 */
public record RoleAssignment(int layers, int scales, SortedSet<LayerScale> drafters) {
  /** Copies the set and checks that every pair exists. */
  public RoleAssignment {
    Require.atLeast("layers", layers, 1);
    Require.atLeast("scales", scales, 1);
    drafters = Collections.unmodifiableSortedSet(new TreeSet<>(drafters));
    for (LayerScale pair : drafters) {
      Require.that(
          pair.layer() >= 0 && pair.layer() < layers && pair.scale() >= 0 && pair.scale() < scales,
          "drafters must be below layer %d and scale %d, got %s",
          layers,
          scales + 1,
          pair);
    }
  }

  /** Returns an assignment with these drafters. */
  public static RoleAssignment of(int layers, int scales, Collection<LayerScale> drafters) {
    return new RoleAssignment(layers, scales, new TreeSet<>(drafters));
  }

  /**
   * Returns random drafters.
   *
   * @param first first scale that reads a compressed cache
   * @param drafters N_d
   */
  public static RoleAssignment random(int layers, int scales, int first, int drafters, long seed) {
    List<LayerScale> pairs = new ArrayList<>();
    for (int k = first; k < scales; k++) {
      for (int l = 0; l < layers; l++) {
        pairs.add(new LayerScale(l, k));
      }
    }
    Require.between("drafters", drafters, 0, pairs.size());
    Collections.shuffle(pairs, new Random(seed));
    return of(layers, scales, pairs.subList(0, drafters));
  }

  /** Returns the default number of random drafters at a budget in tokens per layer and head. */
  public static RoleAssignment random(int layers, ScaleSchedule schedule, int budget, long seed) {
    int first = BudgetPlan.firstCutScale(schedule, budget);
    int drafters = RankClassifier.usual(layers, schedule.scales() - first);
    return random(layers, schedule.scales(), first, drafters, seed);
  }

  /** Returns the role of one layer at one scale, both 0-based. */
  public Role role(int layer, int scale) {
    return isDrafter(layer, scale) ? Role.DRAFTER : Role.REFINER;
  }

  /** Returns whether this layer is a drafter at this scale, both 0-based. */
  public boolean isDrafter(int layer, int scale) {
    return drafters.contains(new LayerScale(layer, scale));
  }

  /** Returns the drafters as a new mask, [layer][scale]. */
  public boolean[][] mask() {
    boolean[][] mask = new boolean[layers][scales];
    for (LayerScale pair : drafters) {
      mask[pair.layer()][pair.scale()] = true;
    }
    return mask;
  }

  /**
   * Returns the Jaccard overlap of the two sets of drafters: |A ∩ B| / |A ∪ B|, in 0..1; 1 where
   * both are empty.
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

  /** Returns the pairs whose role is another in the other assignment, by scale, then layer. */
  public SortedSet<LayerScale> diff(RoleAssignment other) {
    sameShape(other);
    SortedSet<LayerScale> changed = new TreeSet<>(drafters);
    changed.addAll(other.drafters);
    changed.removeIf(pair -> drafters.contains(pair) && other.drafters.contains(pair));
    return changed;
  }

  private void sameShape(RoleAssignment other) {
    Require.that(
        layers == other.layers && scales == other.scales,
        "role assignments must have the same shape, got %d layers x %d scales and %d x %d",
        layers,
        scales,
        other.layers,
        other.scales);
  }
}
