package io.scalekv.profile;

import io.scalekv.io.Require;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * Attention statistics of a prompt set: one {@link PromptStatistics} per prompt, ordered by prompt
 * index.
 *
 * <p>Every mean is taken over the prompts in this order, so profiles of any partition of a prompt
 * set, combined in any order, give the same bits as one profile of the whole. Immutable.
 */
public final class AttentionProfile {
  private final ProfileGeometry geometry;
  private final ProfileOptions options;
  private final List<PromptStatistics> prompts;

  private AttentionProfile(
      ProfileGeometry geometry, ProfileOptions options, List<PromptStatistics> prompts) {
    this.geometry = geometry;
    this.options = options;
    this.prompts = prompts;
  }

  /** Returns the profile of these prompts, given in any order; no prompt may come twice. */
  public static AttentionProfile of(
      ProfileGeometry geometry, ProfileOptions options, Collection<PromptStatistics> prompts) {
    List<PromptStatistics> sorted = new ArrayList<>(prompts);
    sorted.sort(Comparator.comparingInt(PromptStatistics::prompt));
    for (int i = 0; i < sorted.size(); i++) {
      PromptStatistics p = sorted.get(i);
      Require.that(
          p.geometry().equals(geometry),
          "statistics of prompt %d must be of %s, got %s",
          p.prompt(),
          geometry,
          p.geometry());
      Require.that(
          i == 0 || sorted.get(i - 1).prompt() != p.prompt(),
          "each prompt must come once, got prompt %d twice",
          p.prompt());
    }
    return new AttentionProfile(geometry, options, List.copyOf(sorted));
  }

  /** Returns the profile of both prompt sets, which must be disjoint and measured alike. */
  public AttentionProfile combine(AttentionProfile other) {
    Require.that(
        options.equals(other.options),
        "profiles must have equal options, got %s and %s",
        options,
        other.options);
    List<PromptStatistics> all = new ArrayList<>(prompts);
    all.addAll(other.prompts);
    return of(geometry, options, all);
  }

  /** Returns the shape of the profiled model. */
  public ProfileGeometry geometry() {
    return geometry;
  }

  /** Returns options of the measurement. */
  public ProfileOptions options() {
    return options;
  }

  /** Returns the prompts, by index. */
  public List<PromptStatistics> prompts() {
    return prompts;
  }

  /**
   * Returns a statistic of one head over the prompts. Head in 0..H, H for the head-averaged row.
   */
  public Moments moments(Branch branch, HeadStatistic statistic, int layer, int scale, int head) {
    return over(p -> p.value(branch, statistic, layer, scale, head));
  }

  /** Returns a statistic averaged over the heads, over the prompts. */
  public Moments moments(Branch branch, HeadStatistic statistic, int layer, int scale) {
    return over(p -> p.meanOverHeads(branch, statistic, layer, scale));
  }

  /** Returns the share of one source scale, for one head, over the prompts. */
  public Moments sourceMass(Branch branch, int layer, int scale, int head, int source) {
    return over(p -> p.sourceMass(branch, layer, scale, head, source));
  }

  /** Returns the share of one source scale, averaged over the heads, over the prompts. */
  public Moments sourceMass(Branch branch, int layer, int scale, int source) {
    return over(p -> p.meanSourceMass(branch, layer, scale, source));
  }

  /**
   * Returns the mean share of the attention of map {@code scale} on the keys of map {@code source},
   * over heads and prompts, [layer][scale][source].
   */
  public double[][][] sourceMass(Branch branch) {
    int scales = geometry.scales();
    double[][][] mass = new double[geometry.layers()][scales][scales];
    for (int l = 0; l < mass.length; l++) {
      for (int k = 0; k < scales; k++) {
        for (int s = 0; s < scales; s++) {
          mass[l][k][s] = sourceMass(branch, l, k, s).mean();
        }
      }
    }
    return mass;
  }

  private Moments over(ToDoubleFunction<PromptStatistics> value) {
    return Moments.of(prompts.stream().mapToDouble(value).toArray());
  }

  /** Returns a statistic of one prompt, [layer][scale]; NaN where undefined. */
  double[][] statistic(LayerStatistic statistic, int position) {
    double[][] result = new double[geometry.layers()][geometry.scales()];
    for (int l = 0; l < result.length; l++) {
      for (int k = 0; k < geometry.scales(); k++) {
        result[l][k] = statistic.of(new PromptAverages(prompts.get(position), l, k));
      }
    }
    return result;
  }

  /** Averages of one prompt at one (layer, scale) of the conditional branch. */
  private record PromptAverages(PromptStatistics p, int layer, int scale)
      implements LayerStatistic.Averages {
    @Override
    public double mean(HeadStatistic s) {
      return p.meanOverHeads(Branch.CONDITIONAL, s, layer, scale);
    }

    @Override
    public double averagedRow(HeadStatistic s) {
      return p.value(Branch.CONDITIONAL, s, layer, scale, p.averagedRow());
    }

    @Override
    public double headDeviation(HeadStatistic s) {
      return p.deviationOverHeads(Branch.CONDITIONAL, s, layer, scale);
    }

    @Override
    public double previousMapMass() {
      return scale == 0
          ? Double.NaN
          : p.meanSourceMass(Branch.CONDITIONAL, layer, scale, scale - 1);
    }

    @Override
    public double effectiveMaps() {
      double entropy = 0;
      for (int s = 0; s <= scale; s++) {
        double share = p.meanSourceMass(Branch.CONDITIONAL, layer, scale, s);
        entropy -= share > 0 ? share * Math.log(share) : 0;
      }
      return Math.exp(Math.max(0, entropy));
    }
  }
}
