package io.scalekv.model.attention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.scalekv.cache.CacheSettings;
import io.scalekv.cache.Geometry;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.io.Require;
import io.scalekv.model.AttentionTap;
import io.scalekv.model.GenerationListener;
import io.scalekv.model.Precision;
import io.scalekv.tensor.NativeHeap;
import java.util.List;
import java.util.function.Function;

/**
 * Next-scale generation with a cache (VAR, arXiv 2404.02905, section 3.2; the loop of the released
 * code of VAR and Infinity): every scale is predicted in one step, its codes are enlarged and
 * summed, and the sum, resized, is the input of the next scale.
 *
 * <p>Letters: B images, R rows (2B under guidance, conditional first), L tokens of a scale, C
 * width, Z numbers of a code, h×w the latent.
 */
public final class NextScaleLoop {
  /**
   * Width from which a model takes seconds a scale; its cache, whose size changes between
   * short-lived arrays, would leave gigabytes of holes in the C heap.
   */
  private static final int WIDE = 1024;

  /** Free bytes in the C heap that are returned to the system after a scale. */
  private static final long HOLES = 256L << 20;

  /** Steps of a model family in one generation; scales are 0-based. */
  public interface Steps {
    /** Returns the input of the first scale, [R,1,C]. */
    NDArray start();

    /**
     * Begins a scale.
     *
     * @param input [R,L,C], owned by {@code map}
     * @param map owner of the arrays of the scale
     * @return the input of layer 0
     */
    NDArray begin(NDManager map, int scale, NDArray input);

    /** Returns the output of a layer, [R,L,C]; consumes {@code x}. */
    NDArray block(int scale, int layer, NDArray x, SelfAttention attention);

    /**
     * Samples a scale.
     *
     * @param x output of the last layer
     * @return what its codes add to the latent, [B,Z,h,w]
     */
    NDArray sample(NDManager map, int scale, NDArray x);

    /** Returns the summed codes [B,Z,h,w] as input of a scale, [B,L,C]. */
    NDArray input(NDManager map, int scale, NDArray summed);
  }

  private final Geometry geometry;
  private final Precision precision;
  private final GenerationTrace trace;

  /** Creates the loop of a model. */
  public NextScaleLoop(Geometry geometry, Precision precision, GenerationTrace trace) {
    this.geometry = geometry;
    this.precision = precision;
    this.trace = trace;
  }

  /**
   * Draws latents.
   *
   * @param scope owner of the result
   * @param batch B
   * @param seeds one for each image
   * @param guided scales, from the first, that have unconditional rows
   * @param cache settings of the KV cache
   * @param steps of the family, made with the owner of the arrays of the whole generation
   * @return summed codes [B,Z,h,w], ready for the tokenizer's decoder
   */
  public NDArray draw(
      NDManager scope,
      ScaleSchedule schedule,
      int batch,
      long[] seeds,
      int guided,
      CacheSettings cache,
      List<AttentionTap> taps,
      GenerationListener listener,
      Function<NDManager, Steps> steps) {
    Require.that(seeds.length == batch, "seeds must be %d, got %d", batch, seeds.length);
    int layers = cache.policy().plan().layers();
    Require.that(
        layers == geometry.layers(),
        "plan of policy %s must have %d layers, got %d",
        cache.policy().name(),
        geometry.layers(),
        layers);
    try (NDManager run = scope.newSubManager();
        CachedAttention attention =
            new CachedAttention(run, schedule, batch, guided, cache, precision, taps, listener)) {
      Steps family = steps.apply(run);
      NDArray input = family.start();
      NDArray summed = null;
      for (int k = 0; k < schedule.scales(); k++) {
        attention.enter(k);
        listener.scaleBegins(k, (int) input.getShape().get(0));
        try (NDManager map = run.newSubManager()) {
          input.attach(map);
          NDArray x = family.begin(map, k, input);
          trace.blockInput(k, x);
          for (int layer = 0; layer < layers; layer++) {
            x = family.block(k, layer, x, attention);
            trace.blockOutput(k, layer, x);
          }
          NDArray codes = family.sample(map, k, x);
          NDArray sum = summed == null ? codes : codes.add(summed);
          sum.attach(run);
          if (summed != null) {
            summed.close();
          }
          summed = sum;
          trace.summed(k, summed);
          if (k < schedule.scales() - 1) {
            NDArray next = family.input(map, k + 1, summed);
            input = k + 1 < guided ? next.concat(next, 0) : next;
            input.attach(run);
          }
        }
        if (geometry.width() >= WIDE) {
          NativeHeap.giveBack(HOLES);
        }
        listener.scaleEnds(k);
      }
      summed.attach(scope);
      return summed;
    }
  }
}
