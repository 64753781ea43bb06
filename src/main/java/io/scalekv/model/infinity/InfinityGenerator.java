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
import io.scalekv.model.attention.CachedAttention;
import io.scalekv.model.attention.RotaryTable;
import io.scalekv.model.text.TextEmbeddings;
import io.scalekv.model.vae.MultiScaleBsq;
import io.scalekv.tensor.NativeHeap;
import io.scalekv.tensor.TorchOps;
import java.util.List;

/**
 * Next-scale generation with a cache (Infinity, arXiv 2412.04431, section 3.1; the loop of the
 * released code): every scale is predicted in one step, its bits become codes, the codes are
 * enlarged, accumulated and resized to the next scale.
 *
 * <p>Letters: B prompts, R rows (2B under guidance, conditional first), L tokens, C width, d bits.
 */
public final class InfinityGenerator {
  /**
   * Width from which a model takes seconds a scale; its cache, whose size changes between
   * short-lived arrays, would leave gigabytes of holes in the C heap.
   */
  private static final int WIDE = 1024;

  /** Free bytes in the C heap that are returned to the system after a scale. */
  private static final long HOLES = 256L << 20;

  private final Infinity model;
  private final MultiScaleBsq quantiser;
  private final InfinityTrace trace;

  /**
   * @param quantiser of the tokenizer's code width
   */
  public InfinityGenerator(Infinity model, MultiScaleBsq quantiser) {
    this(model, quantiser, InfinityTrace.NONE);
  }

  /**
   * @param quantiser of the tokenizer's code width
   * @param trace observer of intermediate values
   */
  public InfinityGenerator(Infinity model, MultiScaleBsq quantiser, InfinityTrace trace) {
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
    Require.that(seeds.length == batch, "seeds must be %d, got %d", batch, seeds.length);
    Require.that(
        negative == null || negative.count() == batch,
        "negative prompts must be %d, got %d",
        batch,
        negative == null ? 0 : negative.count());
    InfinityConfig config = model.config();
    int layers = cache.policy().plan().layers();
    Require.that(
        layers == config.depth(),
        "plan of policy %s must have %d layers, got %d",
        cache.policy().name(),
        config.depth(),
        layers);
    int guided = options.guidedScales(schedule.scales());
    Require.that(
        -options.insertionLayer() < config.depth(),
        "cfg-insertion-layer must be above -%d, got %d",
        config.depth(),
        options.insertionLayer());
    BitSampler sampler = new BitSampler(options, seeds);
    try (NDManager run = scope.newSubManager();
        CachedAttention attention =
            new CachedAttention(
                run, schedule, batch, guided, cache, model.precision(), taps, listener)) {
      TextEmbeddings rows = rows(run, text, negative, options.guided());
      TextCondition condition = model.condition(rows);
      NDArray rotary = RotaryTable.of(run, schedule, rotaryReference, config.headWidth());
      NDArray input = model.start(condition);
      NDArray summed = null;
      for (int k = 0; k < schedule.scales(); k++) {
        attention.enter(k);
        if (k == guided && k > 0) {
          condition = condition.first(batch);
        }
        listener.scaleBegins(k, (int) input.getShape().get(0));
        try (NDManager map = run.newSubManager()) {
          input.attach(map);
          NDArray x = model.addLevel(input, k);
          trace.blockInput(k, x);
          NDArray turn =
              rotary.get(
                  new NDIndex("{}:{}", schedule.tokensBefore(k), schedule.tokensBefore(k + 1)));
          turn.attach(map);
          for (int layer = 0; layer < config.depth(); layer++) {
            x = model.block(layer, x, condition, turn, attention);
            if (k < guided && layer == config.depth() + options.insertionLayer()) {
              x = sampler.guideHidden(x, k);
            }
            trace.blockOutput(k, layer, x);
          }
          NDArray logits = sampler.guide(model.logits(x, condition), k);
          trace.logits(k, logits);
          NDArray bits = sampler.sample(map, logits, k);
          listener.codes(k, bits);
          NDArray codes = quantiser.enlarge(codes(bits, schedule.map(k)), latent(schedule.last()));
          NDArray sum = summed == null ? codes : codes.add(summed);
          sum.attach(run);
          if (summed != null) {
            summed.close();
          }
          summed = sum;
          trace.summedCodes(k, summed);
          if (k < schedule.scales() - 1) {
            NDArray next = nextInput(map, summed, schedule.map(k + 1));
            trace.nextInput(k, next);
            NDArray embedded = model.embed(next);
            input = k + 1 < guided ? embedded.concat(embedded, 0) : embedded;
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
    return quantiser.codes(MultiScaleBsq.toTokens(shuffled), latent(map));
  }

  /** Returns the accumulated codes as input of the next scale: [B,d',h,w] to [B,L,d]. */
  private NDArray nextInput(NDManager map, NDArray summed, TokenMap next) {
    NDArray resized = quantiser.resize(summed, latent(next));
    resized.attach(map);
    NDArray planes =
        model.config().patchify() ? TorchOps.call("pixel_unshuffle2", resized) : resized;
    return MultiScaleBsq.toTokens(planes);
  }
}
