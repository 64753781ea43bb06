package io.scalekv.roles;

import io.scalekv.profile.FeatureTable;
import io.scalekv.profile.LayerMetric;
import java.util.List;
import java.util.SplittableRandom;

/**
 * How sure roles are: prompts are drawn with replacement, as many as there are, roles are told anew
 * by the same rule, and the share of draws in which a pair is a drafter estimates the probability
 * that it is one. Immutable.
 *
 * <p>Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapter 6.
 */
public final class RoleBootstrap {
  /** Draws where nothing else is asked for. */
  public static final int DRAWS = 1000;

  private final int prompts;
  private final int draws;
  private final long seed;
  private final int[][] drafter;

  private RoleBootstrap(int prompts, int draws, long seed, int[][] drafter) {
    this.prompts = prompts;
    this.draws = draws;
    this.seed = seed;
    this.drafter = drafter;
  }

  /**
   * Draws and classifies.
   *
   * @param table the prompts
   * @param metric what orders layers
   * @param firstCutScale first scale that reads a cut cache
   * @param features what the classifier sees beside the metric; none if it reads no features
   * @param classifier the rule
   * @param draws how often, at least 1
   * @param seed of the draws
   */
  public static RoleBootstrap of(
      FeatureTable table,
      LayerMetric metric,
      int firstCutScale,
      List<LayerMetric> features,
      RoleClassifier classifier,
      int draws,
      long seed) {
    if (draws < 1) {
      throw new IllegalArgumentException("bootstrap: at least 1 draw expected, got " + draws);
    }
    if (table.prompts() == 0) {
      throw new IllegalArgumentException("bootstrap: at least 1 prompt expected, got none");
    }
    SplittableRandom random = new SplittableRandom(seed);
    int[][] drafter = new int[table.layers()][table.scales()];
    int[] positions = new int[table.prompts()];
    List<LayerMetric> read = classifier.readsFeatures() ? features : List.of();
    for (int d = 0; d < draws; d++) {
      for (int i = 0; i < positions.length; i++) {
        positions[i] = random.nextInt(positions.length);
      }
      RoleStatistics drawn = RoleStatistics.of(table, metric, firstCutScale, read, positions);
      for (LayerScale pair : classifier.classify(drawn).assignment().drafters()) {
        drafter[pair.layer()][pair.scale()]++;
      }
    }
    return new RoleBootstrap(table.prompts(), draws, seed, drafter);
  }

  /** Number of prompts that were drawn from. */
  public int prompts() {
    return prompts;
  }

  /** Number of draws. */
  public int draws() {
    return draws;
  }

  /** Seed of the draws. */
  public long seed() {
    return seed;
  }

  /** Share of the draws in which the pair is a drafter, in [0, 1]; NaN for a single prompt. */
  public double drafterProbability(int layer, int scale) {
    return prompts < 2 ? Double.NaN : (double) drafter[layer][scale] / draws;
  }

  /**
   * Share of the draws that agree with a role, in [0, 1]; 1 at scales that are not ranked, where
   * every layer is a refiner. NaN for a single prompt, which says nothing about others.
   */
  public double confidence(Role role, int layer, int scale) {
    if (prompts < 2) {
      return Double.NaN;
    }
    int agree = drafter[layer][scale];
    return (double) (role == Role.DRAFTER ? agree : draws - agree) / draws;
  }
}
