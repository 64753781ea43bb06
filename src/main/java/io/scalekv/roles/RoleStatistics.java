package io.scalekv.roles;

import io.scalekv.io.Require;
import io.scalekv.profile.LayerStatistic;
import io.scalekv.profile.LayerStatistics;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Statistics from which roles are assigned: one that orders the layers, with its z-scores, and
 * others that some classifiers read. Only the layer–scale pairs of scales with a compressed cache
 * are classified. Immutable.
 *
 * <pre>  z(l,k) = (x(l,k) − µ_k) / (σ_k + ε)</pre>
 *
 * <p>µ_k and σ_k are the mean and the population standard deviation over the L layers of scale k,
 * and ε = {@value #EPSILON} (Li et al., ScaleKV, eq. 3). NaN marks a scale where the statistic is
 * undefined (the first one has no prefix); it must be undefined for all layers of that scale.
 *
 * @param name of the statistic that orders layers
 * @param values [layer][scale], finite, or NaN for every layer of a scale
 * @param orientation end of the statistic that marks drafters
 * @param firstCutScale first scale that reads a compressed cache; K where none does
 * @param others other statistics [layer][scale] by name, finite at the scales with a compressed
 *     cache
 */
public record RoleStatistics(
    String name,
    double[][] values,
    Orientation orientation,
    int firstCutScale,
    Map<String, double[][]> others) {
  /** ε of eq. 3. */
  public static final double EPSILON = 1e-12;

  /** Copies and checks the tables. */
  public RoleStatistics {
    values = checked(name, values);
    int scales = values[0].length;
    Require.between("first compressed scale", firstCutScale, 0, scales);
    Require.that(
        firstCutScale == scales || !Double.isNaN(values[0][firstCutScale]),
        "%s must be defined at scale %d, got NaN",
        name,
        firstCutScale + 1);
    int layers = values.length;
    Map<String, double[][]> copies = new LinkedHashMap<>();
    others.forEach(
        (other, table) -> {
          Require.that(
              table.length == layers && Arrays.stream(table).allMatch(row -> row.length == scales),
              "%s must have %d layers and %d scales, got another shape",
              other,
              layers,
              scales);
          for (int l = 0; l < table.length; l++) {
            for (int k = firstCutScale; k < scales; k++) {
              finite(other, l, k, table[l][k]);
            }
          }
          copies.put(other, copy(table));
        });
    others = Collections.unmodifiableMap(copies);
  }

  /**
   * Returns statistics of a draw of prompts.
   *
   * @param statistic orders layers
   * @param firstCutScale first scale that reads a compressed cache; K where none does
   * @param others see {@link #othersOf}; may be empty
   * @param drawn positions of prompts; one may come several times
   */
  public static RoleStatistics of(
      LayerStatistics table,
      LayerStatistic statistic,
      int firstCutScale,
      List<LayerStatistic> others,
      int... drawn) {
    Map<String, double[][]> tables = new LinkedHashMap<>();
    for (LayerStatistic other : others) {
      tables.put(other.cliName(), table.value(other, drawn));
    }
    return new RoleStatistics(
        statistic.cliName(),
        table.value(statistic, drawn),
        Orientation.of(statistic),
        firstCutScale,
        tables);
  }

  /** Returns statistics of all prompts. */
  public static RoleStatistics ofAll(
      LayerStatistics table,
      LayerStatistic statistic,
      int firstCutScale,
      List<LayerStatistic> others) {
    int[] all = IntStream.range(0, table.prompts()).toArray();
    return of(table, statistic, firstCutScale, others, all);
  }

  /**
   * Returns the statistics that are defined at all scales with a compressed cache, without those of
   * the head-averaged row that repeat a mean over heads. Without guidance there is no branch drift.
   */
  public static List<LayerStatistic> othersOf(LayerStatistics table, int firstCutScale) {
    return Arrays.stream(LayerStatistic.values())
        .filter(s -> s != LayerStatistic.ASI_AVERAGED && s != LayerStatistic.HISTORY_TOPK_AVERAGED)
        .filter(
            s ->
                Arrays.stream(table.value(s))
                    .flatMapToDouble(row -> Arrays.stream(row, firstCutScale, row.length))
                    .allMatch(Double::isFinite))
        .toList();
  }

  private static double[][] checked(String name, double[][] values) {
    Require.that(
        values.length > 0 && values[0].length > 0, "%s must have a layer and a scale", name);
    for (int l = 0; l < values.length; l++) {
      Require.that(
          values[l].length == values[0].length,
          "%s of layer %d must have %d scales, got %d",
          name,
          l,
          values[0].length,
          values[l].length);
      for (int k = 0; k < values[l].length; k++) {
        if (Double.isNaN(values[0][k])) {
          Require.that(
              Double.isNaN(values[l][k]),
              "%s of layer %d, scale %d must be NaN as in layer 0, got %s",
              name,
              l,
              k + 1,
              values[l][k]);
        } else {
          finite(name, l, k, values[l][k]);
        }
      }
    }
    return copy(values);
  }

  private static void finite(String name, int layer, int scale, double value) {
    Require.that(
        Double.isFinite(value),
        "%s of layer %d, scale %d must be finite, got %s",
        name,
        layer,
        scale + 1,
        value);
  }

  private static double[][] copy(double[][] table) {
    return Arrays.stream(table).map(double[]::clone).toArray(double[][]::new);
  }

  /** Returns z-scores [layer][scale] over the layers of each scale; NaN stays NaN. */
  public static double[][] zScores(double[][] values) {
    int layers = values.length;
    int scales = values[0].length;
    double[][] z = new double[layers][scales];
    for (int k = 0; k < scales; k++) {
      double mean = 0;
      for (double[] row : values) {
        mean += row[k] / layers;
      }
      double variance = 0;
      for (double[] row : values) {
        variance += (row[k] - mean) * (row[k] - mean) / layers;
      }
      double divisor = Math.sqrt(variance) + EPSILON;
      for (int l = 0; l < layers; l++) {
        z[l][k] = (values[l][k] - mean) / divisor;
      }
    }
    return z;
  }

  /** Returns the number of layers L. */
  public int layers() {
    return values.length;
  }

  /** Returns the number of scales K. */
  public int scales() {
    return values[0].length;
  }

  /** Returns the value of one layer at one scale, NaN where undefined. */
  public double value(int layer, int scale) {
    return values[layer][scale];
  }

  /** Returns all values, a new table [layer][scale]. */
  @Override
  public double[][] values() {
    return copy(values);
  }

  /** Returns all z-scores, a new table [layer][scale]; NaN where undefined. */
  public double[][] z() {
    return zScores(values);
  }

  /** Layer–scale pairs that are classified, by scale, then layer. */
  public List<LayerScale> pairs() {
    return IntStream.range(firstCutScale, scales())
        .boxed()
        .flatMap(k -> IntStream.range(0, layers()).mapToObj(l -> new LayerScale(l, k)))
        .toList();
  }

  /**
   * Returns the z-score of each pair in the order of {@link #pairs}, with the sign turned where
   * high values mark drafters: low scores indicate drafters.
   */
  public double[] scores() {
    double sign = orientation == Orientation.LOWEST ? 1 : -1;
    double[][] z = z();
    return pairs().stream().mapToDouble(p -> sign * z[p.layer()][p.scale()] + 0.0).toArray();
  }

  /**
   * Returns the pairs with the lowest scores, ranked over all classified scales together; equal
   * scores go to the lower scale first, then to the lower layer.
   *
   * @param drafters N_d, from 0 to the number of pairs
   */
  public RoleAssignment lowest(int drafters) {
    List<LayerScale> pairs = pairs();
    Require.that(
        drafters >= 0 && drafters <= pairs.size(),
        "drafters must be between 0 and %d (%d layers x %d scales with a compressed cache), got %d",
        pairs.size(),
        layers(),
        scales() - firstCutScale,
        drafters);
    double[] scores = scores();
    return RoleAssignment.of(
        layers(),
        scales(),
        IntStream.range(0, scores.length)
            .boxed()
            .sorted(Comparator.comparingDouble(i -> scores[i]))
            .limit(drafters)
            .map(pairs::get)
            .toList());
  }

  /**
   * Returns the other statistics of every pair, each standardised over the layers of its scale, so
   * that no scale forms a cluster: [pair][statistic].
   */
  public double[][] standardised() {
    List<LayerScale> pairs = pairs();
    double[][] vectors = new double[pairs.size()][others.size()];
    int s = 0;
    for (double[][] table : others.values()) {
      double[][] scores = zScores(table);
      for (int p = 0; p < vectors.length; p++) {
        vectors[p][s] = scores[pairs.get(p).layer()][pairs.get(p).scale()];
      }
      s++;
    }
    return vectors;
  }
}
