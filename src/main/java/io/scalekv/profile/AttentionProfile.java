package io.scalekv.profile;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * The statistics of a prompt set: one {@link PromptStatistics} per prompt, ordered by prompt index.
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

  /** The profile of these prompts, given in any order; no prompt may come twice. */
  public static AttentionProfile of(
      ProfileGeometry geometry, ProfileOptions options, Collection<PromptStatistics> prompts) {
    List<PromptStatistics> sorted = new ArrayList<>(prompts);
    sorted.sort(Comparator.comparingInt(PromptStatistics::prompt));
    for (int i = 0; i < sorted.size(); i++) {
      PromptStatistics p = sorted.get(i);
      if (!p.geometry().equals(geometry)) {
        throw new IllegalArgumentException(
            "profile: prompt " + p.prompt() + " of " + geometry + " expected, got " + p.geometry());
      }
      if (i > 0 && sorted.get(i - 1).prompt() == p.prompt()) {
        throw new IllegalArgumentException(
            "profile: each prompt once expected, got prompt " + p.prompt() + " twice");
      }
    }
    return new AttentionProfile(geometry, options, List.copyOf(sorted));
  }

  /** The profile of both prompt sets, which must be disjoint and measured with equal options. */
  public AttentionProfile combine(AttentionProfile other) {
    if (!options.equals(other.options)) {
      throw new IllegalArgumentException(
          "profile: equal options expected, got " + options + " and " + other.options);
    }
    List<PromptStatistics> all = new ArrayList<>(prompts);
    all.addAll(other.prompts);
    return of(geometry, options, all);
  }

  /** Shape of the profiled model. */
  public ProfileGeometry geometry() {
    return geometry;
  }

  /** How it was measured. */
  public ProfileOptions options() {
    return options;
  }

  /** The prompts, by index. */
  public List<PromptStatistics> prompts() {
    return prompts;
  }

  /** Whether every prompt has an unconditional branch. */
  public boolean guided() {
    return !prompts.isEmpty() && prompts.stream().allMatch(PromptStatistics::guided);
  }

  /** A metric over all prompts, [layer][scale]; NaN where undefined. */
  public double[][] metric(LayerMetric metric) {
    return metricOf(metric, prompts);
  }

  /**
   * A metric over a draw of prompts, [layer][scale].
   *
   * @param positions positions in {@link #prompts()}; one may come several times, as in a bootstrap
   */
  public double[][] metric(LayerMetric metric, int... positions) {
    List<PromptStatistics> drawn = new ArrayList<>(positions.length);
    for (int p : positions) {
      drawn.add(prompts.get(p));
    }
    return metricOf(metric, drawn);
  }

  /** Spread over the prompts of the metric of each single prompt, [layer][scale]. */
  public Moments[][] metricMoments(LayerMetric metric) {
    double[][][] single = new double[prompts.size()][][];
    for (int p = 0; p < prompts.size(); p++) {
      single[p] = metricOf(metric, prompts.subList(p, p + 1));
    }
    Moments[][] moments = new Moments[geometry.layers()][geometry.scales()];
    double[] sample = new double[prompts.size()];
    for (int l = 0; l < geometry.layers(); l++) {
      for (int k = 0; k < geometry.scales(); k++) {
        for (int p = 0; p < sample.length; p++) {
          sample[p] = single[p][l][k];
        }
        moments[l][k] = Moments.of(sample);
      }
    }
    return moments;
  }

  /** A statistic of one head over the prompts. Head in 0..H, H for the head-averaged row. */
  public Moments moments(Branch branch, HeadStatistic statistic, int layer, int scale, int head) {
    return over(p -> p.value(branch, statistic, layer, scale, head));
  }

  /** A statistic averaged over the heads, over the prompts. */
  public Moments moments(Branch branch, HeadStatistic statistic, int layer, int scale) {
    return over(p -> p.meanOverHeads(branch, statistic, layer, scale));
  }

  /** The share of one source scale, for one head, over the prompts. */
  public Moments sourceMass(Branch branch, int layer, int scale, int head, int source) {
    return over(p -> p.sourceMass(branch, layer, scale, head, source));
  }

  /** The share of one source scale, averaged over the heads, over the prompts. */
  public Moments sourceMass(Branch branch, int layer, int scale, int source) {
    return over(p -> p.meanSourceMass(branch, layer, scale, source));
  }

  /**
   * Mean share of the attention of map {@code scale} on the keys of map {@code source}, over heads
   * and prompts, [layer][scale][source].
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

  private double[][] metricOf(LayerMetric metric, List<PromptStatistics> draw) {
    double[][] result = new double[geometry.layers()][geometry.scales()];
    for (int l = 0; l < result.length; l++) {
      for (int k = 0; k < geometry.scales(); k++) {
        result[l][k] = metric.of(new PromptCell(draw, l, k));
      }
    }
    return result;
  }

  /** One (layer, scale) of the conditional branch over a list of prompts. */
  private record PromptCell(List<PromptStatistics> prompts, int layer, int scale)
      implements LayerMetric.Cell {
    @Override
    public double mean(HeadStatistic s) {
      return average(p -> p.meanOverHeads(Branch.CONDITIONAL, s, layer, scale));
    }

    @Override
    public double averagedRow(HeadStatistic s) {
      return average(p -> p.value(Branch.CONDITIONAL, s, layer, scale, p.averagedRow()));
    }

    @Override
    public double headDeviation(HeadStatistic s) {
      return average(p -> p.deviationOverHeads(Branch.CONDITIONAL, s, layer, scale));
    }

    @Override
    public double previousMapMass() {
      return scale == 0
          ? Double.NaN
          : average(p -> p.meanSourceMass(Branch.CONDITIONAL, layer, scale, scale - 1));
    }

    @Override
    public double effectiveMaps() {
      return average(this::effectiveMaps);
    }

    private double effectiveMaps(PromptStatistics p) {
      double entropy = 0;
      for (int s = 0; s <= scale; s++) {
        double share = p.meanSourceMass(Branch.CONDITIONAL, layer, scale, s);
        entropy -= share > 0 ? share * Math.log(share) : 0;
      }
      return Math.exp(Math.max(0, entropy));
    }

    private double average(ToDoubleFunction<PromptStatistics> value) {
      return Moments.of(prompts.stream().mapToDouble(value).toArray()).mean();
    }
  }
}
