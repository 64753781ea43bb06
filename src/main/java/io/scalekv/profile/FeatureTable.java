package io.scalekv.profile;

import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * The dispersion features of a model's attention as plain numbers: each {@link LayerMetric} of each
 * prompt, layer and scale. What classifies layers, correlates features or resamples prompts starts
 * here. Immutable; NaN where a feature is undefined (scale 0 has no history, no guidance no drift).
 */
public final class FeatureTable {
  private final int prompts;
  private final int layers;
  private final int scales;

  /** [prompt][layer][scale] of each feature. */
  private final Map<LayerMetric, double[][][]> values;

  private FeatureTable(int prompts, int layers, int scales, Map<LayerMetric, double[][][]> values) {
    this.prompts = prompts;
    this.layers = layers;
    this.scales = scales;
    this.values = values;
  }

  /** The features of a profile, prompts in its order. */
  public static FeatureTable of(AttentionProfile profile) {
    int prompts = profile.prompts().size();
    Map<LayerMetric, double[][][]> values = new EnumMap<>(LayerMetric.class);
    for (LayerMetric feature : LayerMetric.values()) {
      double[][][] single = new double[prompts][][];
      for (int p = 0; p < prompts; p++) {
        single[p] = profile.metric(feature, p);
      }
      values.put(feature, single);
    }
    return new FeatureTable(
        prompts, profile.geometry().layers(), profile.geometry().scales(), values);
  }

  /** Number of prompts. */
  public int prompts() {
    return prompts;
  }

  /** Number of layers. */
  public int layers() {
    return layers;
  }

  /** Number of scales K. */
  public int scales() {
    return scales;
  }

  /** A feature of every single prompt, [prompt][layer][scale]; a copy. */
  public double[][][] perPrompt(LayerMetric feature) {
    return Arrays.stream(values.get(feature))
        .map(p -> Arrays.stream(p).map(double[]::clone).toArray(double[][]::new))
        .toArray(double[][][]::new);
  }

  /** A feature over all prompts, [layer][scale], as roles are told by. */
  public double[][] value(LayerMetric feature) {
    return value(feature, IntStream.range(0, prompts).toArray());
  }

  /**
   * A feature over a draw of prompts, [layer][scale]: the mean of the single prompts' values, for
   * the indices of selectivity the product of the means of their two factors.
   *
   * @param drawn positions of prompts; one may come several times, as in a bootstrap
   */
  public double[][] value(LayerMetric feature, int... drawn) {
    return switch (feature) {
      case ASI -> product(LayerMetric.CURRENT_RATIO, LayerMetric.HISTORY_TOPK, drawn);
      case ASI_AVERAGED ->
          product(LayerMetric.CURRENT_RATIO, LayerMetric.HISTORY_TOPK_AVERAGED, drawn);
      default -> mean(feature, drawn);
    };
  }

  private double[][] product(LayerMetric a, LayerMetric b, int[] drawn) {
    double[][] x = mean(a, drawn);
    double[][] y = mean(b, drawn);
    for (int l = 0; l < layers; l++) {
      for (int k = 0; k < scales; k++) {
        x[l][k] *= y[l][k];
      }
    }
    return x;
  }

  private double[][] mean(LayerMetric feature, int[] drawn) {
    double[][][] single = values.get(feature);
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

  /** Number, mean and variance of the single prompts' values at one (layer, scale). */
  public Moments moments(LayerMetric feature, int layer, int scale) {
    double[][][] single = values.get(feature);
    return Moments.of(Arrays.stream(single).mapToDouble(p -> p[layer][scale]).toArray());
  }
}
