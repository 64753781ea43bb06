package io.scalekv.profile;

import io.scalekv.io.Require;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Values of every {@link LayerStatistic} for each prompt, layer and scale: the input of
 * classification, correlation and resampling over prompts. Immutable; NaN where a statistic is
 * undefined (the first scale has no prefix, a model without guidance no branch drift).
 */
public final class LayerStatistics {
  private final int prompts;
  private final int layers;
  private final int scales;

  /** [prompt][layer][scale] of each statistic. */
  private final Map<LayerStatistic, double[][][]> values;

  private LayerStatistics(
      int prompts, int layers, int scales, Map<LayerStatistic, double[][][]> values) {
    this.prompts = prompts;
    this.layers = layers;
    this.scales = scales;
    this.values = values;
  }

  /** Returns the statistics of a profile, prompts in its order. */
  public static LayerStatistics of(AttentionProfile profile) {
    int prompts = profile.prompts().size();
    Map<LayerStatistic, double[][][]> values = new EnumMap<>(LayerStatistic.class);
    for (LayerStatistic statistic : LayerStatistic.values()) {
      double[][][] single = new double[prompts][][];
      for (int p = 0; p < prompts; p++) {
        single[p] = profile.statistic(statistic, p);
      }
      values.put(statistic, single);
    }
    return new LayerStatistics(
        prompts, profile.geometry().layers(), profile.geometry().scales(), values);
  }

  /** Returns the number of prompts. */
  public int prompts() {
    return prompts;
  }

  /** Returns the number of layers. */
  public int layers() {
    return layers;
  }

  /** Returns the number of scales K. */
  public int scales() {
    return scales;
  }

  /** Returns a statistic of every single prompt, [prompt][layer][scale]; a copy. */
  public double[][][] perPrompt(LayerStatistic statistic) {
    return Arrays.stream(values.get(statistic))
        .map(p -> Arrays.stream(p).map(double[]::clone).toArray(double[][]::new))
        .toArray(double[][][]::new);
  }

  /** Returns a statistic over all prompts, [layer][scale]: the values that assign roles. */
  public double[][] value(LayerStatistic statistic) {
    return value(statistic, IntStream.range(0, prompts).toArray());
  }

  /**
   * Returns a statistic over a draw of prompts, [layer][scale]: the mean of the single prompts'
   * values, for the selectivity indices the product of the means of their two factors.
   *
   * @param drawn positions of prompts; one may come several times, as in a bootstrap
   */
  public double[][] value(LayerStatistic statistic, int... drawn) {
    return switch (statistic) {
      case ASI -> product(LayerStatistic.CURRENT_RATIO, LayerStatistic.HISTORY_TOPK, drawn);
      case ASI_AVERAGED ->
          product(LayerStatistic.CURRENT_RATIO, LayerStatistic.HISTORY_TOPK_AVERAGED, drawn);
      default -> mean(statistic, drawn);
    };
  }

  private double[][] product(LayerStatistic a, LayerStatistic b, int[] drawn) {
    double[][] x = mean(a, drawn);
    double[][] y = mean(b, drawn);
    for (int l = 0; l < layers; l++) {
      for (int k = 0; k < scales; k++) {
        x[l][k] *= y[l][k];
      }
    }
    return x;
  }

  private double[][] mean(LayerStatistic statistic, int[] drawn) {
    double[][][] single = values.get(statistic);
    double[][] mean = new double[layers][scales];
    for (int l = 0; l < layers; l++) {
      for (int k = 0; k < scales; k++) {
        double sum = 0;
        int n = 0;
        for (int p : drawn) {
          double v = single[p][l][k];
          if (!Double.isNaN(v)) {
            sum += v;
            n++;
          }
        }
        mean[l][k] = n == 0 ? Double.NaN : sum / n;
      }
    }
    return mean;
  }

  /** Returns the number, mean and variance of the single prompts' values at one (layer, scale). */
  public Moments moments(LayerStatistic statistic, int layer, int scale) {
    double[][][] single = values.get(statistic);
    return Moments.of(Arrays.stream(single).mapToDouble(p -> p[layer][scale]).toArray());
  }

  /**
   * The two layers of a scale that differ most.
   *
   * @param scale where the standardised value is lowest of all layer–scale pairs
   * @param lowest layer with the lowest value there
   * @param highest layer with the highest value at the same scale
   */
  public record Extremes(int scale, int lowest, int highest) {}

  /**
   * Returns the pair of layers that differ most by z = (x − mean) / deviation over the layers of a
   * scale; scales with NaN are left out.
   *
   * @param from first scale considered
   */
  public Extremes extremes(LayerStatistic statistic, int from) {
    double[][] values = value(statistic);
    Extremes found = null;
    double lowestZ = Double.POSITIVE_INFINITY;
    for (int k = from; k < scales; k++) {
      int scale = k;
      double[] x = Arrays.stream(values).mapToDouble(layer -> layer[scale]).toArray();
      Moments m = Moments.of(x);
      if (m.n() < x.length) {
        continue;
      }
      int low = 0;
      int high = 0;
      for (int l = 1; l < x.length; l++) {
        low = x[l] < x[low] ? l : low;
        high = x[l] > x[high] ? l : high;
      }
      double z = m.variance() > 0 ? (x[low] - m.mean()) / m.standardDeviation() : 0;
      if (z < lowestZ) {
        lowestZ = z;
        found = new Extremes(k, low, high);
      }
    }
    Require.that(found != null, "%s must be defined at some scale, got NaN", statistic.cliName());
    return found;
  }
}
