package io.scalekv.train;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.TokenMap;
import io.scalekv.image.RgbImage;
import io.scalekv.io.Require;
import io.scalekv.model.Pixels;
import io.scalekv.model.Precision;
import io.scalekv.model.attention.RotaryTable;
import io.scalekv.model.attention.SelfAttention;
import io.scalekv.model.infinity.Infinity;
import io.scalekv.model.infinity.InfinityConfig;
import io.scalekv.model.infinity.InfinityWeights;
import io.scalekv.model.infinity.TextCondition;
import io.scalekv.model.text.TextEmbeddings;
import io.scalekv.model.text.WordEmbedder;
import io.scalekv.model.vae.MultiScaleBsq;
import io.scalekv.model.vae.MultiScaleQuantiser;
import io.scalekv.model.vae.Vae;
import io.scalekv.scene.Scene;
import io.scalekv.scene.SceneRenderer;
import io.scalekv.scene.SceneSampler;
import io.scalekv.tensor.NativeCopy;
import io.scalekv.tensor.TorchOps;
import io.scalekv.weights.Weights;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

/**
 * Trainer of the pocket transformer on rendered scenes: binary cross-entropy on all scales' bits,
 * teacher forcing with bitwise self-correction (Infinity, arXiv 2412.04431, section 3.4), captions
 * dropped at random for guidance. Early in training most batches have only the first scales, which
 * are cheap and decide the content of the image.
 */
public final class PocketTrainer {
  private static final double CAPTION_DROPOUT = 0.1;
  private static final double LARGEST_FLIP_RATE = 0.2;

  private final InfinityConfig config;
  private final Vae vae;
  private final ScaleBatches batches;
  private final Infinity model;
  private final WordEmbedder words;
  private final MultiScaleBsq quantiser;
  private final NDArray rotary;
  private final NDArray[] bounds;
  private final NDArray[] lossWeights;

  private PocketTrainer(
      InfinityConfig config,
      Vae vae,
      TokenMap rotaryReference,
      TransformerRun run,
      NDManager manager,
      Weights weights) {
    this.config = config;
    this.vae = vae;
    this.batches = run.batches();
    this.model = new Infinity(config, weights, run.precision());
    this.words = new WordEmbedder(weights);
    this.quantiser = new MultiScaleBsq(config.codeBits());
    this.rotary = RotaryTable.of(manager, batches.schedule(), rotaryReference, config.headWidth());
    bounds = batches.bounds(manager);
    lossWeights = batches.lossWeights(manager);
  }

  /**
   * Trains, or resumes from the checkpoint in the folder, and writes the averaged weights (float32)
   * there.
   *
   * @param vae the trained tokenizer
   * @param rotaryReference map to which rotary positions are normalised
   */
  public static void train(
      InfinityConfig config,
      Vae vae,
      TokenMap rotaryReference,
      TransformerRun run,
      Consumer<String> log) {
    Require.that(!config.patchify(), "patchified models cannot be trained");
    Require.that(
        config.codeBits() == vae.config().codeBits(),
        "codeBits must be %d as the tokenizer has, got %d",
        vae.config().codeBits(),
        config.codeBits());
    Engine.getInstance().setRandomSeed((int) run.batches().seed());
    try (NDManager manager = run.options().device().manager();
        Weights weights = startWeights(manager, config, run.startFrom())) {
      PocketTrainer trainer =
          new PocketTrainer(config, vae, rotaryReference, run, manager, weights);
      run.train(weights, trainer::loss, log, UnaryOperator.identity());
    }
  }

  private static Weights startWeights(NDManager manager, InfinityConfig config, Weights from) {
    Weights w = InfinityWeights.initial(manager, config, Precision.FP32);
    WordEmbedder.addInitial(w, config.textWidth());
    if (from != null) {
      w.names().forEach(name -> w.set(name, from.get(name)));
    }
    return w;
  }

  private NDArray loss(NDManager scope, int step) {
    SplittableRandom random = batches.random(step);
    int scales = batches.scales(random, step);
    ScaleSchedule used = batches.first(scales);
    int batch = batches.images(scales);
    int side = batches.schedule().last().height() * vae.config().patch();
    SceneSampler sampler = SceneSampler.of(random);
    List<RgbImage> images = new ArrayList<>(batch);
    List<String> captions = new ArrayList<>(batch);
    boolean easy = step < 0.1 * batches.steps();
    for (int i = 0; i < batch; i++) {
      Scene scene =
          easy && random.nextBoolean() ? sampler.next(SceneSampler.Level.SINGLE) : sampler.next();
      images.add(SceneRenderer.render(scene, random, side));
      captions.add(scene.caption());
    }
    NDArray z = TorchOps.call("stop_gradient", vae.encode(Pixels.toArray(scope, images)));
    ScaleSchedule all = batches.schedule();
    MultiScaleQuantiser.Quantised q = quantiser.teach(z, all, scales, bits -> flip(bits, random));
    NDArray x = forward(scope, captions, quantiser.inputs(q, all), used, random);
    NDArray bits = NDArrays.concat(new NDList(q.chosen()), 1);
    return TorchOps.call("weighted_bit_loss", x, bits, lossWeights[scales]);
  }

  /** Flips bits at a rate drawn for each image, uniform up to the largest rate: [B,L,d]. */
  private static NDArray flip(NDArray bits, SplittableRandom random) {
    Shape s = bits.getShape();
    int perRow = (int) (s.get(1) * s.get(2));
    float[] flipped = bits.toFloatArray();
    for (int b = 0; b < s.get(0); b++) {
      double rate = random.nextDouble() * LARGEST_FLIP_RATE;
      for (int i = b * perRow; i < (b + 1) * perRow; i++) {
        if (random.nextDouble() < rate) {
          flipped[i] = 1 - flipped[i];
        }
      }
    }
    return NativeCopy.of(bits.getManager(), flipped, s);
  }

  /**
   * @param codes input of scales 2 to K, [B, T_K − 1, d]
   */
  private NDArray forward(
      NDManager scope,
      List<String> captions,
      NDArray codes,
      ScaleSchedule used,
      SplittableRandom random) {
    TextEmbeddings text = words.encode(scope, captions);
    float[] keep = new float[captions.size()];
    for (int i = 0; i < keep.length; i++) {
      keep[i] = random.nextDouble() < CAPTION_DROPOUT ? 0 : 1;
    }
    NDArray kept =
        TorchOps.call(
            "choose",
            text.padded(),
            model.unconditional(text).padded(),
            scope.create(keep, new Shape(keep.length, 1, 1)));
    TextCondition condition = model.condition(new TextEmbeddings(kept, text.lengths()));
    NDArray embedded = model.embed(codes);
    NDArray start = model.start(condition);
    NDArray x = start.concat(embedded, 1).add(levels(scope, used));
    NDArray turn = rotary.get(new NDIndex("0:{}", used.totalTokens()));
    turn.attach(scope);
    SelfAttention attention = SelfAttention.ofPrefixes(bounds[used.scales()]);
    for (int layer = 0; layer < config.depth(); layer++) {
      x = model.block(layer, x, condition, turn, attention);
    }
    return model.logits(x, condition);
  }

  /** Returns the level embedding of every token, [1,T_K,C]. */
  private NDArray levels(NDManager scope, ScaleSchedule used) {
    long[] ids = new long[used.totalTokens()];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = used.scaleOf(i);
    }
    NDArray at = scope.create(ids, new Shape(1, ids.length));
    return TorchOps.call("embedding", at, model.weights().get("lvl_embed.weight"));
  }
}
