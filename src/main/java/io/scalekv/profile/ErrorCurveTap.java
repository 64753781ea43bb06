package io.scalekv.profile;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.SelectionInputs;
import io.scalekv.cache.TokenScorer;
import io.scalekv.model.AttentionSite;
import io.scalekv.model.AttentionTap;
import io.scalekv.tensor.NativeCopy;
import io.scalekv.tensor.TorchOps;
import java.util.Arrays;
import java.util.TreeSet;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/**
 * Error curves of a generation with the full cache: for every map, layer and head, how far the
 * attention output moves when only the b prefix tokens of highest score stay, ‖o_full − o_b‖² as a
 * mean over the map's queries, all batch rows and all generations observed. Tokens are scored as a
 * policy would, after the map before.
 *
 * <p>One tap observes one generation after the other.
 */
public final class ErrorCurveTap implements AttentionTap {
  private static final double RATIO = 1.35;

  private final ProfileGeometry geometry;
  private final IntFunction<TokenScorer> scorers;
  private final int[][] tokens;
  private final double[][][][] error;
  private final long[][] rows;
  private final TokenScorer[] scorer;
  private final float[][] ranks;

  /**
   * Makes a tap.
   *
   * @param scorers makers of a scorer by layer, called at the start of every generation
   */
  public ErrorCurveTap(ProfileGeometry geometry, IntFunction<TokenScorer> scorers) {
    this.geometry = geometry;
    this.scorers = scorers;
    this.tokens = new int[geometry.scales()][];
    this.error = new double[tokens.length][geometry.layers()][geometry.heads()][];
    this.rows = new long[tokens.length][geometry.layers()];
    this.scorer = new TokenScorer[geometry.layers()];
    this.ranks = new float[geometry.layers()][];
    for (int k = 0; k < tokens.length; k++) {
      tokens[k] = k == 0 ? new int[0] : tokens(geometry.schedule(), k);
      for (double[][] layer : error[k]) {
        for (int h = 0; h < layer.length; h++) {
          layer[h] = new double[tokens[k].length];
        }
      }
    }
  }

  /**
   * Returns numbers of tokens at which map k is measured: 0, all T_k, whole maps, and a rising
   * ladder.
   */
  static int[] tokens(ScaleSchedule schedule, int k) {
    int all = schedule.tokensBefore(k);
    TreeSet<Integer> points = new TreeSet<>();
    for (int s = 0; s <= k; s++) {
      points.add(schedule.tokensBefore(s));
    }
    for (double b = 1; b < all; b = Math.max(b + 1, b * RATIO)) {
      points.add((int) b);
    }
    return points.stream().mapToInt(Integer::intValue).toArray();
  }

  /** Attention as a policy sees it, with nothing dropped. */
  static SelectionInputs attended(AttentionSite site, NDArray query, NDArray key, NDArray value) {
    return attended(site, query, key, value, new int[(int) query.getShape().get(1)]);
  }

  static SelectionInputs attended(
      AttentionSite site, NDArray query, NDArray key, NDArray value, int... budgets) {
    return new SelectionInputs(
        site.layer(),
        site.scale(),
        site.schedule(),
        IntStream.range(0, budgets.length).toArray(),
        query,
        () -> {
          throw new IllegalStateException("taps have no query projection");
        },
        SelectionInputs.Held.of(key, value),
        site.softmaxScale(),
        budgets,
        SelectionInputs.Origins.complete(site.schedule().tokensBefore(site.scale())));
  }

  @Override
  public void attend(AttentionSite site, NDArray query, NDArray key, NDArray value) {
    SiteCheck.check(geometry, site.conditionalRows(), site, query.getShape(), key.getShape());
    int l = site.layer();
    if (site.scale() == 0) {
      scorer[l] = scorers.apply(l);
    } else {
      measure(site, query, key, value);
    }
    if (site.scale() < geometry.scales() - 1) {
      ranks[l] = ranks(scorer[l].score(attended(site, query, key, value)), key.getShape());
    }
  }

  /** Returns the rank of every key among those of its row and head, 0 for the highest score. */
  private static float[] ranks(float[] scores, Shape keys) {
    int t = (int) keys.get(2);
    float[] ranks = new float[scores.length];
    for (int from = 0; from < scores.length; from += t) {
      int start = from;
      int[] order =
          IntStream.range(0, t)
              .boxed()
              .sorted((a, b) -> Float.compare(scores[start + b], scores[start + a]))
              .mapToInt(Integer::intValue)
              .toArray();
      for (int rank = 0; rank < t; rank++) {
        ranks[from + order[rank]] = rank;
      }
    }
    return ranks;
  }

  private void measure(AttentionSite site, NDArray query, NDArray key, NDArray value) {
    int k = site.scale();
    int l = site.layer();
    int heads = geometry.heads();
    int batch = (int) key.getShape().get(0);
    int t = (int) key.getShape().get(2);
    int history = geometry.schedule().tokensBefore(k);
    if (ranks[l] == null || ranks[l].length != batch * heads * history) {
      throw new IllegalStateException(
          String.format(
              "missing the previous map of layer %d scale %d: the generation is not complete",
              l, k + 1));
    }
    float[] rank = new float[batch * heads * t];
    Arrays.fill(rank, -1); // keys of the map itself always stay
    for (int i = 0; i < batch * heads; i++) {
      System.arraycopy(ranks[l], i * history, rank, i * t, history);
    }
    float[] limits = new float[tokens[k].length];
    for (int i = 0; i < limits.length; i++) {
      limits[i] = tokens[k][i];
    }
    float[] errors;
    try (NDManager scope = query.getManager().newSubManager()) {
      NDArray scale = NativeCopy.of(scope, new float[] {(float) site.softmaxScale()}, new Shape(1));
      NDArray order = NativeCopy.of(scope, rank, new Shape(batch, heads, t));
      NDArray most = NativeCopy.of(scope, limits, new Shape(limits.length));
      try (NDArray out =
          TorchOps.call("ranked_cut_errors", query, key, value, scale, order, most)) {
        errors = out.toFloatArray();
      }
    }
    double queries = geometry.schedule().tokens(k);
    for (int i = 0; i < limits.length; i++) {
      for (int r = 0; r < batch * heads; r++) {
        error[k][l][r % heads][i] += errors[i * batch * heads + r] / queries;
      }
    }
    rows[k][l] += batch;
  }

  /** Returns the measured numbers of tokens, [map][point]; none for map 0. */
  public int[][] tokens() {
    return Arrays.stream(tokens).map(int[]::clone).toArray(int[][]::new);
  }

  /** ‖o_full − o_b‖² [map][layer][head][point]. An error if a generation is not complete. */
  public double[][][][] error() {
    double[][][][] means = new double[error.length][geometry.layers()][geometry.heads()][];
    for (int k = 0; k < error.length; k++) {
      for (int l = 0; l < means[k].length; l++) {
        if (k > 0 && rows[k][l] == 0) {
          throw new IllegalStateException(
              String.format("missing layer %d scale %d: the generation is not complete", l, k + 1));
        }
        for (int h = 0; h < means[k][l].length; h++) {
          long n = Math.max(1, rows[k][l]);
          means[k][l][h] = Arrays.stream(error[k][l][h]).map(e -> e / n).toArray();
        }
      }
    }
    return means;
  }
}
