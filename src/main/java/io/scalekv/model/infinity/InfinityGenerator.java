package io.scalekv.model.infinity;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import io.scalekv.cache.CacheSettings;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.TokenMap;
import io.scalekv.io.Require;
import io.scalekv.model.AttentionTap;
import io.scalekv.model.GenerationListener;
import io.scalekv.model.Sampling;
import io.scalekv.model.attention.GenerationTrace;
import io.scalekv.model.attention.NextScaleLoop;
import io.scalekv.model.attention.RotaryTable;
import io.scalekv.model.attention.SelfAttention;
import io.scalekv.model.text.TextEmbeddings;
import io.scalekv.model.vae.MapResize;
import io.scalekv.model.vae.MultiScaleBsq;
import io.scalekv.model.vae.MultiScaleQuantiser;
import io.scalekv.tensor.TorchOps;
import java.util.List;

/**
 * Generation with Infinity (arXiv 2412.04431, section 3.1) by the {@link NextScaleLoop}: a scale's
 * bits become codes of a binary spherical quantiser.
 *
 * <p>Letters: B prompts, L tokens, d bits.
 */
public final class InfinityGenerator {
  private final Infinity model;
  private final MultiScaleBsq quantiser;
  private final GenerationTrace trace;

  /**
   * @param quantiser of the tokenizer's code width
   */
  public InfinityGenerator(Infinity model, MultiScaleBsq quantiser) {
    this(model, quantiser, GenerationTrace.NONE);
  }

  /**
   * @param quantiser of the tokenizer's code width
   * @param trace observer of intermediate values
   */
  public InfinityGenerator(Infinity model, MultiScaleBsq quantiser, GenerationTrace trace) {
    Require.that(
        quantiser.codeBits() == model.config().codeBits(),
        "quantiser must have %d bits, got %d",
        model.config().codeBits(),
        quantiser.codeBits());
    this.model = model;
    this.quantiser = quantiser;
    this.trace = trace;
  }

  /**
   * Draws latents.
   *
   * @param scope owner of the result
   * @param text embeddings of B prompts
   * @param negative embeddings of B negative prompts, or null for the learned unconditional text
   * @param schedule token maps
   * @param rotaryReference map to which rotary positions are normalised
   * @param options guidance, temperature, top-p
   * @param cache settings of the KV cache
   * @param seeds one for each prompt
   * @param taps attention observers
   * @param listener observer of everything else
   * @return summed codes [B,d',h,w], ready for the tokenizer's decoder
   */
  public NDArray generate(
      NDManager scope,
      TextEmbeddings text,
      TextEmbeddings negative,
      ScaleSchedule schedule,
      TokenMap rotaryReference,
      Sampling options,
      CacheSettings cache,
      long[] seeds,
      List<AttentionTap> taps,
      GenerationListener listener) {
    int batch = text.count();
    Require.that(
        negative == null || negative.count() == batch,
        "negative prompts must be %d, got %d",
        batch,
        negative == null ? 0 : negative.count());
    InfinityConfig config = model.config();
    int guided = options.guidedScales(schedule.scales());
    Require.that(
        -options.insertionLayer() < config.depth(),
        "cfg-insertion-layer must be above -%d, got %d",
        config.depth(),
        options.insertionLayer());
    int guidedLayer = config.depth() + options.insertionLayer();
    BitSampler sampler = new BitSampler(options, seeds);
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
                  private final NDArray rotary =
                      RotaryTable.of(run, schedule, rotaryReference, config.headWidth());
                  private TextCondition condition =
                      model.condition(rows(run, text, negative, options.guided()));
                  private NDArray turn;

                  @Override
                  public NDArray start() {
                    return model.start(condition);
                  }

                  @Override
                  public NDArray begin(NDManager map, int k, NDArray input) {
                    if (k == guided && k > 0) {
                      condition = condition.first(batch);
                    }
                    int start = schedule.tokensBefore(k);
                    turn = rotary.get(new NDIndex("{}:{}", start, schedule.tokensBefore(k + 1)));
                    turn.attach(map);
                    return model.addLevel(input, k);
                  }

                  @Override
                  public NDArray block(int k, int layer, NDArray x, SelfAttention attention) {
                    NDArray y = model.block(layer, x, condition, turn, attention);
                    return k < guided && layer == guidedLayer ? sampler.guideHidden(y, k) : y;
                  }

                  @Override
                  public NDArray sample(NDManager map, int k, NDArray x) {
                    NDArray logits = sampler.guide(model.logits(x, condition), k);
                    trace.logits(k, logits);
                    NDArray bits = sampler.sample(map, logits, k);
                    listener.codes(k, bits);
                    return MapResize.bilinear(
                        codes(bits, schedule.map(k)), latent(schedule.last()));
                  }

                  @Override
                  public NDArray input(NDManager map, int k, NDArray summed) {
                    NDArray next = nextInput(map, summed, schedule.map(k));
                    trace.nextInput(k - 1, next);
                    return model.embed(next);
                  }
                });
  }

  private TextEmbeddings rows(
      NDManager run, TextEmbeddings text, TextEmbeddings negative, boolean guided) {
    NDArray own = text.padded().duplicate();
    own.attach(run);
    TextEmbeddings conditional = new TextEmbeddings(own, text.lengths());
    if (!guided) {
      return conditional;
    }
    return conditional.concat(negative == null ? model.unconditional(conditional) : negative);
  }

  /** Returns the latent's map: twice the token map under patchify. */
  private TokenMap latent(TokenMap map) {
    return model.config().patchify() ? new TokenMap(2 * map.height(), 2 * map.width()) : map;
  }

  /** Returns the codes of a scale's bits: [B,L,d] to [B,d',h',w']. */
  private NDArray codes(NDArray bits, TokenMap map) {
    if (!model.config().patchify()) {
      return quantiser.codes(bits, map);
    }
    NDArray planes =
        bits.transpose(0, 2, 1).reshape(bits.getShape().get(0), -1, map.height(), map.width());
    NDArray shuffled = TorchOps.call("pixel_shuffle2", planes);
    return quantiser.codes(MultiScaleQuantiser.toTokens(shuffled), latent(map));
  }

  /** Returns the accumulated codes as input of the next scale: [B,d',h,w] to [B,L,d]. */
  private NDArray nextInput(NDManager map, NDArray summed, TokenMap next) {
    NDArray resized = MapResize.bilinear(summed, latent(next));
    if (resized != summed) {
      resized.attach(map);
    }
    NDArray planes =
        model.config().patchify() ? TorchOps.call("pixel_unshuffle2", resized) : resized;
    return MultiScaleQuantiser.toTokens(planes);
  }
}
