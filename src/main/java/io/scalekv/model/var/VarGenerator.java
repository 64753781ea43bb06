package io.scalekv.model.var;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import io.scalekv.cache.CacheSettings;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.TokenMap;
import io.scalekv.io.Require;
import io.scalekv.model.AttentionTap;
import io.scalekv.model.GenerationListener;
import io.scalekv.model.Sampling;
import io.scalekv.model.attention.CachedAttention;
import io.scalekv.model.vae.MultiScaleBsq;
import io.scalekv.tensor.NativeCopy;
import io.scalekv.tensor.NativeHeap;
import java.util.Arrays;
import java.util.List;

/**
 * Next-scale generation with a cache (VAR, arXiv 2404.02905, section 3.2; the loop of the released
 * code): every scale is predicted in one step, its indices become codes, the codes are enlarged,
 * pass Φ, are summed and reduced to the next scale.
 *
 * <p>Letters: B images, R rows (2B under guidance, conditional first), L tokens, C width, V codes,
 * Z width of a code, P side of the last map.
 */
public final class VarGenerator {
  /** Width from which free memory between short-lived arrays is given back after every scale. */
  private static final int WIDE = 1024;

  /** Free bytes in the C heap that are returned to the system after a scale. */
  private static final long HOLES = 256L << 20;

  private final Var model;
  private final MultiScaleVq quantiser;
  private final VarTrace trace;

  /**
   * @param quantiser of the tokenizer that the model was trained with
   * @param trace observer of intermediate values
   */
  public VarGenerator(Var model, MultiScaleVq quantiser, VarTrace trace) {
    Shape codebook = quantiser.codebook().getShape();
    Shape expected = new Shape(model.config().codes(), model.config().codeWidth());
    Require.that(codebook.equals(expected), "codebook must be %s, got %s", expected, codebook);
    this.model = model;
    this.quantiser = quantiser;
    this.trace = trace;
  }

  /**
   * Draws latents.
   *
   * @param scope owner of the result
   * @param classes B classes; {@link VarConfig#classes} for none
   * @param options guidance and sampling
   * @param cache settings of the KV cache
   * @param seeds one for each image
   * @param taps attention observers
   * @param listener observer of everything else; codes come as the bits of their indices, the
   *     highest first
   * @return summed features [B,Z,P,P], ready for the tokenizer's decoder
   */
  public NDArray generate(
      NDManager scope,
      long[] classes,
      Sampling options,
      CacheSettings cache,
      long[] seeds,
      List<AttentionTap> taps,
      GenerationListener listener) {
    VarConfig config = model.config();
    int batch = classes.length;
    Require.that(seeds.length == batch, "seeds must be %d, got %d", batch, seeds.length);
    int layers = cache.policy().plan().layers();
    Require.that(
        layers == config.depth(),
        "plan of policy %s must have %d layers, got %d",
        cache.policy().name(),
        config.depth(),
        layers);
    ScaleSchedule schedule = config.schedule();
    CodeSampler sampler = new CodeSampler(options, seeds);
    try (NDManager run = scope.newSubManager();
        CachedAttention attention =
            new CachedAttention(
                run, schedule, batch, options.guided(), cache, model.precision(), taps, listener)) {
      VarCondition condition = model.condition(run, rows(classes, options.guided()));
      NDArray positions = model.positions(run);
      NDArray input = model.start(condition, positions);
      NDArray summed = null;
      for (int k = 0; k < schedule.scales(); k++) {
        attention.enter(k);
        listener.scaleBegins(k, (int) input.getShape().get(0));
        double ratio = (double) k / (schedule.scales() - 1);
        try (NDManager map = run.newSubManager()) {
          input.attach(map);
          NDArray x = input;
          trace.blockInput(k, x);
          for (int layer = 0; layer < config.depth(); layer++) {
            x = model.block(layer, x, condition, attention);
            trace.blockOutput(k, layer, x);
          }
          NDArray logits = model.logits(x, condition);
          trace.rowLogits(k, logits);
          NDArray guided = sampler.guide(logits, ratio);
          trace.logits(k, guided);
          CodeSampler.Codes drawn = sampler.sample(guided, ratio);
          trace.indices(k, drawn.indices());
          listener.codes(k, bits(map, drawn.indices(), batch));
          NDArray added =
              quantiser.enlarge(codes(map, drawn, guided.getShape(), schedule.map(k)), k, schedule);
          NDArray sum = summed == null ? added : added.add(summed);
          sum.attach(run);
          if (summed != null) {
            summed.close();
          }
          summed = sum;
          trace.features(k, summed);
          if (k < schedule.scales() - 1) {
            NDArray next = nextInput(map, summed, k + 1, schedule);
            trace.nextInput(k, next);
            NDArray place =
                positions.get(
                    new NDIndex(
                        ":,{}:{}", schedule.tokensBefore(k + 1), schedule.tokensBefore(k + 2)));
            place.attach(map);
            NDArray embedded = model.embed(next).add(place);
            input = options.guided() ? embedded.concat(embedded, 0) : embedded;
            input.attach(run);
          }
        }
        if (config.width() >= WIDE) {
          NativeHeap.giveBack(HOLES);
        }
        listener.scaleEnds(k);
      }
      summed.attach(scope);
      return summed;
    }
  }

  /** Returns the classes of all rows: under guidance as many of no class behind. */
  private long[] rows(long[] classes, boolean guided) {
    long[] rows = Arrays.copyOf(classes, (guided ? 2 : 1) * classes.length);
    Arrays.fill(rows, classes.length, rows.length, model.config().classes());
    return rows;
  }

  /** Returns the features as input of a scale, [B,L,Z]. */
  private NDArray nextInput(NDManager map, NDArray summed, int scale, ScaleSchedule schedule) {
    NDArray reduced = quantiser.input(summed, scale, schedule);
    if (reduced != summed) {
      reduced.attach(map);
    }
    NDArray next = MultiScaleBsq.toTokens(reduced);
    next.attach(map);
    return next;
  }

  /** Returns the codes of a map, [B,Z,h,w]. */
  private NDArray codes(NDManager scope, CodeSampler.Codes drawn, Shape logits, TokenMap map) {
    if (drawn.weights() != null) {
      NDArray weights = NativeCopy.of(scope, drawn.weights(), logits);
      return MultiScaleVq.fromTokens(weights.matMul(quantiser.codebook()), map);
    }
    long[] indices = Arrays.stream(drawn.indices()).asLongStream().toArray();
    Shape shape = new Shape(logits.get(0), logits.get(1));
    return quantiser.codes(NativeCopy.of(scope, indices, shape), map);
  }

  /** Returns the bits of indices, the highest first: [B,L,d]. */
  private NDArray bits(NDManager scope, int[] indices, int batch) {
    int width = model.config().codeBits();
    float[] bits = new float[indices.length * width];
    for (int i = 0; i < bits.length; i++) {
      bits[i] = indices[i / width] >> width - 1 - i % width & 1;
    }
    return NativeCopy.of(scope, bits, new Shape(batch, indices.length / batch, width));
  }
}
