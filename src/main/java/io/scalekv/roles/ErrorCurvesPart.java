package io.scalekv.roles;

import io.scalekv.cache.CachePolicy;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.policy.ErrorCurve;
import io.scalekv.cache.policy.ErrorCurves;
import io.scalekv.cache.policy.PolicyCalibration;
import io.scalekv.io.Json;
import io.scalekv.io.JsonPlace;
import io.scalekv.profile.AttentionSource;
import io.scalekv.profile.ErrorCurveTap;
import io.scalekv.profile.KeyImportanceTap;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;

/**
 * Error curves for the error-curve policy, measured in three passes: the importance of every token
 * for later maps; with tokens ranked by it, the error curves; then the effect of an error in each
 * layer on the image, by compressing one layer at a time and counting the token codes that change.
 * A source that cannot draw gives every layer the same effect.
 *
 * <pre>
 *   tokens      [scale][point]
 *   error       [scale][layer][head][point]
 *   importance  [scale][layer][head][position]
 *   sensitivity [layer]
 * </pre>
 *
 * <p>Numbers are written with four digits.
 */
public final class ErrorCurvesPart implements CalibrationPart<ErrorCurves> {
  /** Images of the third pass at most. */
  private static final int PROBES = 32;

  private static final int BATCH = 8;
  private static final MathContext DIGITS = new MathContext(4);

  @Override
  public String name() {
    return PolicyCalibration.ERROR_CURVES;
  }

  @Override
  public Set<AttentionSource.Content> needs(AttentionSource source) {
    return EnumSet.of(
        AttentionSource.Content.TENSORS,
        AttentionSource.Content.ALL_QUERIES,
        AttentionSource.Content.VALUES);
  }

  /** Returns the images that {@link #measure} replays or draws in all. */
  int steps(AttentionSource source) {
    int probes = source.draws() ? Math.min(PROBES, source.images()) : 0;
    return 2 * source.images() + (source.geometry().layers() + 1) * probes;
  }

  /**
   * Measures the curves.
   *
   * @param progress receives the number of images replayed or drawn so far
   */
  ErrorCurves measure(AttentionSource source, IntConsumer progress) {
    int n = source.images();
    int[] images = IntStream.range(0, n).toArray();
    KeyImportanceTap tokens = new KeyImportanceTap(source.shape());
    source.replay(images, BATCH, some -> List.of(tokens), progress);
    float[][][][] importance = tokens.importance();
    ErrorCurveTap curves =
        new ErrorCurveTap(source.shape(), layer -> ErrorCurve.calibrationScorer(importance, layer));
    source.replay(images, BATCH, some -> List.of(curves), i -> progress.accept(n + i));
    ErrorCurves unweighted =
        new ErrorCurves(
            curves.tokens(), curves.error(), importance, new double[source.geometry().layers()]);
    double[] sensitivity = sensitivity(source, unweighted, i -> progress.accept(2 * n + i));
    return new ErrorCurves(unweighted.tokens(), unweighted.error(), importance, sensitivity);
  }

  /** Squared share of changed codes over squared error where one layer is compressed; mean 1. */
  private static double[] sensitivity(
      AttentionSource source, ErrorCurves curves, IntConsumer progress) {
    ScaleSchedule schedule = source.schedule();
    int budget = ErrorCurve.probeTokens(schedule);
    int layers = source.geometry().layers();
    List<CachePolicy> probes =
        IntStream.range(0, layers)
            .mapToObj(l -> ErrorCurve.probe(schedule, curves, l, budget))
            .toList();
    int images = Math.min(PROBES, source.images());
    double[] changed =
        source.changedCodes(probes, images, BATCH, progress).orElse(new double[layers]);
    double[] sensitivity =
        IntStream.range(0, layers)
            .mapToDouble(l -> changed[l] * changed[l] / ErrorCurve.error(curves, l, budget))
            .toArray();
    double mean = Arrays.stream(sensitivity).average().orElse(0);
    return Arrays.stream(sensitivity).map(s -> mean > 0 ? s / mean : 1).toArray();
  }

  @Override
  public JsonNode write(ErrorCurves curves, CalibratedModel model) {
    JsonNode tree = Json.MAPPER.valueToTree(curves);
    tree.forEach(ErrorCurvesPart::round);
    return tree;
  }

  /** Rounds the numbers of nested lists that have a fraction. */
  private static void round(JsonNode list) {
    for (int i = 0; i < list.size(); i++) {
      if (list.get(i).isFloatingPointNumber()) {
        BigDecimal exact = new BigDecimal(list.get(i).doubleValue());
        ((ArrayNode) list).set(i, exact.round(DIGITS).doubleValue());
      } else {
        round(list.get(i));
      }
    }
  }

  @Override
  public ErrorCurves read(JsonPlace tree, CalibratedModel model) {
    tree.only("tokens", "error", "importance", "sensitivity");
    int scales = model.scales();
    int[][] tokens = new int[scales][];
    double[][][][] error = new double[scales][][][];
    float[][][][] importance = new float[scales][][][];
    List<JsonPlace> tokensByScale = tree.at("tokens").elements(scales);
    List<JsonPlace> errorByScale = tree.at("error").elements(scales);
    List<JsonPlace> importanceByScale = tree.at("importance").elements(scales);
    for (int k = 0; k < scales; k++) {
      int prefix = model.schedule().tokensBefore(k);
      tokens[k] = tokens(tokensByScale.get(k), k == 0 ? -1 : prefix);
      error[k] = heads(errorByScale.get(k), model, tokens[k].length);
      importance[k] =
          Arrays.stream(heads(importanceByScale.get(k), model, prefix))
              .map(
                  layer ->
                      Arrays.stream(layer).map(ErrorCurvesPart::floats).toArray(float[][]::new))
              .toArray(float[][][]::new);
    }
    JsonPlace sensitivity = tree.at("sensitivity");
    return new ErrorCurves(tokens, error, importance, positive(sensitivity, model.layers()));
  }

  /** Ascending numbers from 0 to {@code last}; none for −1. */
  private static int[] tokens(JsonPlace list, int last) {
    int[] tokens =
        list.elements().stream().mapToInt(t -> t.integer(0, Math.max(0, last))).toArray();
    boolean ascending = IntStream.range(1, tokens.length).allMatch(i -> tokens[i - 1] < tokens[i]);
    boolean ends =
        last < 0
            ? tokens.length == 0
            : tokens.length > 1 && tokens[0] == 0 && tokens[tokens.length - 1] == last;
    list.check(ascending && ends, last < 0 ? "empty" : "ascending from 0 to " + last);
    return tokens;
  }

  private static double[][][] heads(JsonPlace list, CalibratedModel model, int count) {
    return list.elements(model.layers()).stream()
        .map(
            layer ->
                layer.elements(model.heads()).stream()
                    .map(head -> positive(head, count))
                    .toArray(double[][]::new))
        .toArray(double[][][]::new);
  }

  private static double[] positive(JsonPlace list, int count) {
    return list.elements(count).stream().mapToDouble(v -> v.number(0, Double.MAX_VALUE)).toArray();
  }

  private static float[] floats(double[] values) {
    float[] floats = new float[values.length];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = (float) values[i];
    }
    return floats;
  }
}
