package io.scalekv.profile;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.scalekv.cache.RetainedTokens;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.SelectionInputs;
import io.scalekv.cache.TokenScorer;
import io.scalekv.cache.TopTokens;
import io.scalekv.cache.policy.ScaleKv;
import io.scalekv.model.AttentionSite;
import io.scalekv.tensor.NativeCopy;
import io.scalekv.tensor.TorchOps;
import java.util.Arrays;

/**
 * Error of a layer's attention output if the layer were a refiner for one map. While the model
 * reads its full cache, ScaleKV's choice ({@link ScaleKv#scorer}) of b tokens is made after each
 * map, as if the layer were compressed for the first time there; when the next map attends, its
 * output over these b tokens and the map itself is compared with that over everything. Nothing of
 * it reaches the model.
 *
 * <p>Memory: two outputs and the chosen keys and values of one attention call, and b indices for
 * each row, head and layer.
 */
final class CutError {
  /**
   * Errors of one attention call, row after row, within a row head after head and then all heads
   * together [B·(H+1)].
   *
   * @param relative ‖o_full − o_cut‖ / ‖o_full‖
   * @param rootMeanSquare ‖o_full − o_cut‖ / √n over the n values of a head or of all
   */
  record Errors(double[] relative, double[] rootMeanSquare) {}

  private final ProfileGeometry geometry;
  private final int budget;
  private final TokenScorer scorer = ScaleKv.scorer();

  /** Tokens that each layer would retain when the next map attends, null for all. */
  private final RetainedTokens[] chosen;

  /**
   * @param budget b, tokens per head
   */
  CutError(ProfileGeometry geometry, int budget) {
    this.geometry = geometry;
    this.budget = budget;
    this.chosen = new RetainedTokens[geometry.layers()];
  }

  /**
   * Returns the errors of a map whose history was cut, or null where it is too short to be cut.
   *
   * @param query [B,H,L,D], float32 as the rest
   * @param key [B,H,T,D] of the full cache, the map's own last
   * @param value [B,H,T,D]
   */
  Errors of(AttentionSite site, NDArray query, NDArray key, NDArray value) {
    RetainedTokens kept = site.scale() == 0 ? null : chosen[site.layer()];
    Errors errors = kept == null ? null : errors(site, query, key, value, kept);
    chosen[site.layer()] = choose(site, query, key, value);
    return errors;
  }

  private Errors errors(
      AttentionSite site, NDArray query, NDArray key, NDArray value, RetainedTokens kept) {
    ScaleSchedule schedule = geometry.schedule();
    int history = schedule.tokensBefore(site.scale());
    int current = schedule.tokens(site.scale());
    try (NDManager scope = query.getManager().newSubManager()) {
      NDArray index = index(scope, key.getShape(), kept, history, current);
      float[] scale = {(float) site.softmaxScale()};
      double[] sums =
          TorchOps.call(
                  "cut_errors", query, key, value, index, NativeCopy.of(scope, scale, new Shape(1)))
              .toDoubleArray();
      return errors(sums, query.getShape());
    }
  }

  /** Returns rows of [B·H·T,D] that a compressed cache and the map itself would have, [B,H,b+L]. */
  private static NDArray index(
      NDManager scope, Shape key, RetainedTokens kept, int history, int current) {
    int batch = (int) key.get(0);
    int heads = (int) key.get(1);
    int tokens = history + current;
    int width = kept.tokens(0) + current;
    long[] index = new long[batch * heads * width];
    int at = 0;
    for (int b = 0; b < batch; b++) {
      for (int h = 0; h < heads; h++) {
        long first = (long) (b * heads + h) * tokens;
        for (int i : kept.of(b, h)) {
          index[at++] = first + i;
        }
        for (int i = history; i < tokens; i++) {
          index[at++] = first + i;
        }
      }
    }
    return NativeCopy.of(scope, index, new Shape(batch, heads, width));
  }

  /** From Σ(o_full − o_cut)² and Σo_full² of each row and head, [2,B,H]. */
  private static Errors errors(double[] sums, Shape query) {
    int batch = (int) query.get(0);
    int heads = (int) query.get(1);
    double values = (double) query.get(2) * query.get(3);
    double[] relative = new double[batch * (heads + 1)];
    double[] rootMeanSquare = new double[relative.length];
    for (int b = 0; b < batch; b++) {
      double error = 0;
      double full = 0;
      int at = b * (heads + 1);
      for (int h = 0; h < heads; h++) {
        double e = sums[b * heads + h];
        double f = sums[(batch + b) * heads + h];
        relative[at + h] = relative(e, f);
        rootMeanSquare[at + h] = Math.sqrt(e / values);
        error += e;
        full += f;
      }
      relative[at + heads] = relative(error, full);
      rootMeanSquare[at + heads] = Math.sqrt(error / (heads * values));
    }
    return new Errors(relative, rootMeanSquare);
  }

  private static double relative(double error, double full) {
    return error == 0 ? 0 : Math.sqrt(error / full);
  }

  /** Returns the tokens that ScaleKV would retain for the next map, or null for all. */
  private RetainedTokens choose(AttentionSite site, NDArray query, NDArray key, NDArray value) {
    int tokens = (int) key.getShape().get(2);
    boolean last = site.scale() == geometry.scales() - 1;
    if (last || tokens <= budget) {
      return null;
    }
    int[] budgets = new int[geometry.heads()];
    Arrays.fill(budgets, budget);
    SelectionInputs attended = ErrorCurveTap.attended(site, query, key, value, budgets);
    return TopTokens.of(scorer.score(attended), budgets.length, tokens, budgets);
  }
}
