package io.scalekv.roles;

import io.scalekv.profile.FeatureTable;
import io.scalekv.profile.LayerMetric;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * What classifiers tell roles by: the metric that orders layers, and the dispersion features of
 * every (layer, scale). Only the pairs of scales that read a cut cache are classified. Immutable.
 */
public final class RoleStatistics {
  private final String metricName;
  private final Orientation orientation;
  private final double[][] metric;
  private final int firstCutScale;
  private final Map<String, double[][]> features;
  private final double[][] z;
  private final List<LayerScale> pairs;

  private RoleStatistics(
      String metricName,
      Orientation orientation,
      double[][] metric,
      int firstCutScale,
      Map<String, double[][]> features) {
    this.metricName = metricName;
    this.orientation = orientation;
    this.metric = metric;
    this.firstCutScale = firstCutScale;
    this.features = features;
    // The rank rule checks the metric, and the count 0 fits every model.
    this.z = LayerRoles.of(metricName, metric, orientation, firstCutScale, 0).z();
    List<LayerScale> all = new ArrayList<>();
    for (int k = firstCutScale; k < metric[0].length; k++) {
      for (int l = 0; l < metric.length; l++) {
        all.add(new LayerScale(l, k));
      }
    }
    this.pairs = List.copyOf(all);
  }

  /**
   * Statistics from tables [layer][scale].
   *
   * @param metricName name of the metric, for reports
   * @param metric finite, or NaN for every layer of a scale
   * @param orientation which end of the metric marks drafters
   * @param firstCutScale first scale that reads a cut cache; K where none does
   * @param features by name, finite at the scales that read a cut cache
   */
  public static RoleStatistics of(
      String metricName,
      double[][] metric,
      Orientation orientation,
      int firstCutScale,
      Map<String, double[][]> features) {
    Map<String, double[][]> copy = new LinkedHashMap<>();
    features.forEach((name, table) -> copy.put(name, checked(name, table, metric, firstCutScale)));
    return new RoleStatistics(
        metricName, orientation, metric, firstCutScale, Collections.unmodifiableMap(copy));
  }

  /**
   * Statistics of a draw of prompts.
   *
   * @param metric what orders layers
   * @param firstCutScale first scale that reads a cut cache; K where none does
   * @param features names of {@link LayerMetric}s, see {@link #featuresOf}; may be empty
   * @param drawn positions of prompts; one may come several times
   */
  public static RoleStatistics of(
      FeatureTable table,
      LayerMetric metric,
      int firstCutScale,
      List<LayerMetric> features,
      int... drawn) {
    Map<String, double[][]> tables = new LinkedHashMap<>();
    for (LayerMetric feature : features) {
      tables.put(feature.cliName(), table.value(feature, drawn));
    }
    return of(
        metric.cliName(),
        table.value(metric, drawn),
        metric.highMeansRefiner() ? Orientation.LOWEST : Orientation.HIGHEST,
        firstCutScale,
        tables);
  }

  /** Statistics of all prompts, see {@link #of(FeatureTable, LayerMetric, int, List, int...)}. */
  public static RoleStatistics ofAll(
      FeatureTable table, LayerMetric metric, int firstCutScale, List<LayerMetric> features) {
    return of(
        table, metric, firstCutScale, features, IntStream.range(0, table.prompts()).toArray());
  }

  /**
   * The features that are defined at all scales that read a cut cache: every {@link LayerMetric}
   * except those that take a row averaged over the heads for the mean over heads, which say the
   * same twice. Without guidance there is no drift between the branches.
   */
  public static List<LayerMetric> featuresOf(FeatureTable table, int firstCutScale) {
    List<LayerMetric> features = new ArrayList<>();
    for (LayerMetric m : LayerMetric.values()) {
      if (m == LayerMetric.ASI_AVERAGED || m == LayerMetric.HISTORY_TOPK_AVERAGED) {
        continue;
      }
      boolean defined =
          Arrays.stream(table.value(m))
              .flatMapToDouble(row -> Arrays.stream(row, firstCutScale, row.length))
              .allMatch(Double::isFinite);
      if (defined) {
        features.add(m);
      }
    }
    return List.copyOf(features);
  }

  private static double[][] checked(
      String name, double[][] table, double[][] metric, int firstCutScale) {
    if (table.length != metric.length) {
      throw new IllegalArgumentException(
          String.format(
              "roles: feature %s: %d layers expected, got %d", name, metric.length, table.length));
    }
    double[][] copy = new double[table.length][];
    for (int l = 0; l < table.length; l++) {
      copy[l] = table[l].clone();
      if (copy[l].length != metric[0].length) {
        throw new IllegalArgumentException(
            String.format(
                "roles: feature %s: layer %d: %d scales expected, got %d",
                name, l, metric[0].length, copy[l].length));
      }
      for (int k = firstCutScale; k < copy[l].length; k++) {
        if (!Double.isFinite(copy[l][k])) {
          throw new IllegalArgumentException(
              String.format(
                  "roles: feature %s: layer %d, scale %d: a finite value expected, got %s",
                  name, l, k, copy[l][k]));
        }
      }
    }
    return copy;
  }

  /** Number of layers L. */
  public int layers() {
    return metric.length;
  }

  /** Number of scales K. */
  public int scales() {
    return metric[0].length;
  }

  /** First scale that reads a cut cache; K where none does. */
  public int firstCutScale() {
    return firstCutScale;
  }

  /** Name of the metric. */
  public String metricName() {
    return metricName;
  }

  /** The pairs that are classified, by scale, then layer. */
  public List<LayerScale> pairs() {
    return pairs;
  }

  /** Names of the features, in their order. */
  public List<String> features() {
    return List.copyOf(features.keySet());
  }

  /** One feature of one pair. */
  public double feature(String name, LayerScale pair) {
    return features.get(name)[pair.layer()][pair.scale()];
  }

  /**
   * How much the metric speaks against a drafter: its z-score over the layers of the scale, with
   * the sign turned where high values mark drafters. One per pair, in the order of {@link #pairs}.
   */
  public double[] scores() {
    double sign = orientation == Orientation.LOWEST ? 1 : -1;
    return pairs.stream().mapToDouble(p -> sign * z[p.layer()][p.scale()] + 0.0).toArray();
  }

  /**
   * The features of every pair, each standardised over the layers of its scale as the metric is
   * (eq. 3), so that no scale is a cluster of its own: [pair][feature].
   */
  public double[][] standardised() {
    double[][] vectors = new double[pairs.size()][features.size()];
    int f = 0;
    for (double[][] table : features.values()) {
      double[][] scores = LayerRoles.zScores(table);
      for (int p = 0; p < vectors.length; p++) {
        vectors[p][f] = scores[pairs.get(p).layer()][pairs.get(p).scale()];
      }
      f++;
    }
    return vectors;
  }

  /** Roles by the rank rule: the N_d pairs at the drafters' end. */
  LayerRoles ranked(int drafters) {
    return LayerRoles.of(metricName, metric, orientation, firstCutScale, drafters);
  }

  /** Roles that were found in another way. */
  LayerRoles assigned(List<LayerScale> drafters) {
    return LayerRoles.assigned(metricName, metric, orientation, drafters);
  }
}
