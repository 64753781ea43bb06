package io.scalekv.roles;

import io.scalekv.io.Require;
import io.scalekv.profile.LayerStatistic;
import io.scalekv.profile.LayerStatistics;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Role confidence by bootstrap over prompts: prompts are drawn with replacement, roles are assigned
 * by the same rule, and the share of draws in which a layer–scale pair is a drafter estimates the
 * probability that it is one. Immutable.
 *
 * <p>Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapter 6.
 *
 * @param prompts number of prompts that were drawn from
 * @param draws number of draws
 * @param seed of the draws
 * @param drafter number of draws in which a pair is a drafter, [layer][scale]
 */
public record RoleBootstrap(int prompts, int draws, long seed, int[][] drafter) {
  /** Default number of draws. */
  public static final int DRAWS = 1000;

  /**
   * Returns the bootstrap of a rule.
   *
   * @param table the prompts
   * @param draws number of draws, at least 1
   * @param seed of the draws
   */
  public static RoleBootstrap of(LayerStatistics table, RoleRule rule, int draws, long seed) {
    Require.atLeast("bootstrap draws", draws, 1);
    Require.atLeast("prompts", table.prompts(), 1);
    SplittableRandom random = new SplittableRandom(seed);
    int[][] drafter = new int[table.layers()][table.scales()];
    int[] positions = new int[table.prompts()];
    List<LayerStatistic> others = rule.others(table);
    for (int d = 0; d < draws; d++) {
      for (int i = 0; i < positions.length; i++) {
        positions[i] = random.nextInt(positions.length);
      }
      for (LayerScale pair : rule.roles(table, others, positions).assignment().drafters()) {
        drafter[pair.layer()][pair.scale()]++;
      }
    }
    return new RoleBootstrap(table.prompts(), draws, seed, drafter);
  }

  /**
   * Returns the share of the draws in which the pair is a drafter, in [0, 1]; NaN for a single
   * prompt.
   */
  public double drafterProbability(int layer, int scale) {
    return prompts < 2 ? Double.NaN : (double) drafter[layer][scale] / draws;
  }

  /**
   * Returns the share of the draws that agree with a role, in [0, 1]; 1 at scales that are not
   * ranked, where every layer is a refiner. NaN for a single prompt, which says nothing about
   * others.
   */
  public double confidence(Role role, int layer, int scale) {
    if (prompts < 2) {
      return Double.NaN;
    }
    int agree = drafter[layer][scale];
    return (double) (role == Role.DRAFTER ? agree : draws - agree) / draws;
  }
}
