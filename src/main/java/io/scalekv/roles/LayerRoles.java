package io.scalekv.roles;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;

/**
 * Splits layers into drafters and refiners by a metric (Li et al., ScaleKV, eq. 3).
 *
 * <pre>  z(l,k) = (m(l,k) − µ_k) / (σ_k + ε)</pre>
 *
 * <p>µ_k and σ_k are the mean and the population standard deviation over the L layers of scale k,
 * and ε = {@value #EPSILON}. Drafters are the N_d pairs at the drafters' end of the metric, ranked
 * over all layers of the scales that read a cut cache together; all other pairs are refiners. Equal
 * z-scores go to the lower scale first, then to the lower layer.
 *
 * <p>NaN marks a scale where the metric is undefined (the first one has no history): its z-scores
 * are NaN and its layers refiners. A scale that is undefined for some layers only is an error.
 */
public final class LayerRoles {
  /** ε of eq. 3. */
  public static final double EPSILON = 1e-12;

  private final String metricName;
  private final Orientation orientation;
  private final double[][] metric;
  private final double[][] z;
  private final RoleAssignment assignment;

  private LayerRoles(
      String metricName,
      Orientation orientation,
      double[][] metric,
      double[][] z,
      RoleAssignment assignment) {
    this.metricName = metricName;
    this.orientation = orientation;
    this.metric = metric;
    this.z = z;
    this.assignment = assignment;
  }

  /**
   * The default number of drafters, N_d = round-half-up(6.5 % of L · the scales that read a cut
   * cache).
   */
  public static int defaultDrafters(int layers, int cutScales) {
    return (int) ((65L * layers * cutScales + 500) / 1000);
  }

  /**
   * Ranks the pairs of scales {@code firstCutScale} to K−1.
   *
   * @param metricName name of the metric, for reports
   * @param metric [layer][scale], finite, or NaN for every layer of a scale
   * @param orientation which end of the metric marks drafters
   * @param firstCutScale first scale that reads a cut cache; K where none does
   * @param drafters N_d, between 0 and L · (K − firstCutScale)
   */
  public static LayerRoles of(
      String metricName,
      double[][] metric,
      Orientation orientation,
      int firstCutScale,
      int drafters) {
    double[][] values = checked(metricName, metric);
    int layers = values.length;
    int scales = values[0].length;
    if (firstCutScale < 0 || firstCutScale > scales) {
      throw new IllegalArgumentException(
          "roles: first cut scale in 0.." + scales + " expected, got " + firstCutScale);
    }
    int candidates = layers * (scales - firstCutScale);
    if (drafters < 0 || drafters > candidates) {
      throw new IllegalArgumentException(
          String.format(
              "roles: 0..%d drafters expected (%d layers x %d scales that read a cut cache), got"
                  + " %d",
              candidates, layers, scales - firstCutScale, drafters));
    }
    double[][] z = zScores(values);
    List<LayerScale> ranked = new ArrayList<>(candidates);
    for (int k = firstCutScale; k < scales; k++) {
      for (int l = 0; l < layers; l++) {
        if (Double.isNaN(z[l][k])) {
          throw new IllegalArgumentException(
              "roles: metric " + metricName + " expected at scale " + k + ", got NaN");
        }
        ranked.add(new LayerScale(l, k));
      }
    }
    double sign = orientation == Orientation.LOWEST ? 1 : -1;
    ranked.sort(
        Comparator.<LayerScale>comparingDouble(p -> sign * z[p.layer()][p.scale()] + 0.0)
            .thenComparing(Comparator.naturalOrder()));
    return new LayerRoles(
        metricName,
        orientation,
        values,
        z,
        RoleAssignment.of(layers, scales, ranked.subList(0, drafters)));
  }

  /**
   * Roles that were found in another way than by rank.
   *
   * @param metricName name of the metric, for reports
   * @param metric [layer][scale], finite, or NaN for every layer of a scale
   * @param orientation which end of the metric marks drafters
   * @param drafters the drafters
   */
  public static LayerRoles assigned(
      String metricName,
      double[][] metric,
      Orientation orientation,
      Collection<LayerScale> drafters) {
    double[][] values = checked(metricName, metric);
    return new LayerRoles(
        metricName,
        orientation,
        values,
        zScores(values),
        RoleAssignment.of(values.length, values[0].length, drafters));
  }

  /** z-scores of a metric [layer][scale] over the layers of each scale (eq. 3); NaN stays NaN. */
  public static double[][] zScores(double[][] metric) {
    int layers = metric.length;
    int scales = metric[0].length;
    double[][] z = new double[layers][scales];
    for (int k = 0; k < scales; k++) {
      double mean = 0;
      for (double[] row : metric) {
        mean += row[k] / layers;
      }
      double variance = 0;
      for (double[] row : metric) {
        variance += (row[k] - mean) * (row[k] - mean) / layers;
      }
      double divisor = Math.sqrt(variance) + EPSILON;
      for (int l = 0; l < layers; l++) {
        z[l][k] = (metric[l][k] - mean) / divisor;
      }
    }
    return z;
  }

  private static double[][] checked(String name, double[][] metric) {
    if (metric.length == 0 || metric[0].length == 0) {
      throw new IllegalArgumentException(
          "roles: metric " + name + ": at least 1 layer and 1 scale expected, got none");
    }
    int scales = metric[0].length;
    double[][] copy = new double[metric.length][];
    for (int l = 0; l < metric.length; l++) {
      copy[l] = metric[l].clone();
      if (copy[l].length != scales) {
        throw new IllegalArgumentException(
            String.format(
                "roles: metric %s: layer %d: %d scales expected, got %d",
                name, l, scales, copy[l].length));
      }
      for (int k = 0; k < scales; k++) {
        boolean defined = !Double.isNaN(copy[0][k]);
        if (Double.isInfinite(copy[l][k]) || Double.isNaN(copy[l][k]) == defined) {
          throw new IllegalArgumentException(
              String.format(
                  "roles: metric %s: layer %d, scale %d: %s expected, got %s",
                  name, l, k, defined ? "a finite value" : "NaN as in layer 0", copy[l][k]));
        }
      }
    }
    return copy;
  }

  /** Name of the metric. */
  public String metricName() {
    return metricName;
  }

  /** Which end of the metric marks drafters. */
  public Orientation orientation() {
    return orientation;
  }

  /** The roles. */
  public RoleAssignment assignment() {
    return assignment;
  }

  /** The metric of one layer at one scale, NaN where undefined. */
  public double metric(int layer, int scale) {
    return metric[layer][scale];
  }

  /** The z-score of one layer at one scale, NaN where undefined. */
  public double z(int layer, int scale) {
    return z[layer][scale];
  }

  /** All z-scores, a new table [layer][scale]. */
  public double[][] z() {
    double[][] copy = new double[z.length][];
    for (int l = 0; l < z.length; l++) {
      copy[l] = z[l].clone();
    }
    return copy;
  }
}
