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
import io.scalekv.model.attention.GenerationTrace;
import io.scalekv.model.attention.NextScaleLoop;
import io.scalekv.model.attention.SelfAttention;
import io.scalekv.model.vae.MultiScaleQuantiser;
import io.scalekv.tensor.NativeCopy;
import java.util.Arrays;
import java.util.List;

/**
 * Generation with VAR (arXiv 2404.02905, section 3.2) by the {@link NextScaleLoop}: a scale's
 * indices become codes of a codebook, which are enlarged and pass Φ.
 *
 * <p>Letters: B images, L tokens, V codes, Z width of a code, P side of the last map.
 */
public final class VarGenerator {
  private final Var model;
  private final MultiScaleVq quantiser;
  private final GenerationTrace trace;

  /**
   * @param quantiser of the tokenizer that the model was trained with
   * @param trace observer of intermediate values
   */
  public VarGenerator(Var model, MultiScaleVq quantiser, GenerationTrace trace) {
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
    ScaleSchedule schedule = config.schedule();
    CodeSampler sampler = new CodeSampler(options, seeds);
    int guided = options.guided() ? schedule.scales() : 0;
    return new NextScaleLoop(config.geometry(), model.precision(), trace)
        .draw(
            scope,
            schedule,
            batch,
            seeds,
            guided,
            cache,
            taps,
            listener,
            run ->
                new NextScaleLoop.Steps() {
                  private final VarCondition condition =
                      model.condition(run, rows(classes, options.guided()));
                  private final NDArray positions = model.positions(run);

                  @Override
                  public NDArray start() {
                    return model.start(condition, positions);
                  }

                  @Override
                  public NDArray begin(NDManager map, int k, NDArray input) {
                    return input;
                  }

                  @Override
                  public NDArray block(int k, int layer, NDArray x, SelfAttention attention) {
                    return model.block(layer, x, condition, attention);
                  }

                  @Override
                  public NDArray sample(NDManager map, int k, NDArray x) {
                    double ratio = (double) k / (schedule.scales() - 1);
                    NDArray logits = model.logits(x, condition);
                    trace.rowLogits(k, logits);
                    NDArray guidedLogits = sampler.guide(logits, ratio);
                    trace.logits(k, guidedLogits);
                    CodeSampler.Codes drawn = sampler.sample(guidedLogits, ratio);
                    trace.indices(k, drawn.indices());
                    listener.codes(k, bits(map, drawn.indices(), batch));
                    NDArray codes = codes(map, drawn, guidedLogits.getShape(), schedule.map(k));
                    return quantiser.enlarge(codes, k, schedule);
                  }

                  @Override
                  public NDArray input(NDManager map, int k, NDArray summed) {
                    NDArray next = nextInput(map, summed, k, schedule);
                    trace.nextInput(k - 1, next);
                    int start = schedule.tokensBefore(k);
                    NDArray place =
                        positions.get(new NDIndex(":,{}:{}", start, schedule.tokensBefore(k + 1)));
                    place.attach(map);
                    return model.embed(next).add(place);
                  }
                });
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
    NDArray next = MultiScaleQuantiser.toTokens(reduced);
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
