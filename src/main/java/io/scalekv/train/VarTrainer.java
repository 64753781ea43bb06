package io.scalekv.train;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.image.RgbImage;
import io.scalekv.io.Require;
import io.scalekv.model.Pixels;
import io.scalekv.model.Precision;
import io.scalekv.model.attention.SelfAttention;
import io.scalekv.model.vae.MultiScaleQuantiser;
import io.scalekv.model.var.MultiScaleVq;
import io.scalekv.model.var.Var;
import io.scalekv.model.var.VarCondition;
import io.scalekv.model.var.VarConfig;
import io.scalekv.model.var.VarWeights;
import io.scalekv.model.var.VqVae;
import io.scalekv.scene.Colour;
import io.scalekv.scene.Scene;
import io.scalekv.scene.SceneClasses;
import io.scalekv.scene.SceneObject;
import io.scalekv.scene.SceneRenderer;
import io.scalekv.scene.ShapeKind;
import io.scalekv.tensor.NativeCopy;
import io.scalekv.tensor.TorchOps;
import io.scalekv.weights.Weights;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Consumer;

/**
 * Trainer of a class-conditional VAR transformer on the {@link SceneClasses}: cross-entropy on the
 * codes of all scales, teacher forcing on codes of which some are replaced by random ones (as
 * Infinity's bitwise self-correction, arXiv 2412.04431, section 3.4), labels dropped at random for
 * guidance.
 *
 * <p>While it trains, the embedding of a class is the sum of one vector for its shape, one for its
 * colour and one for its background's, so that an image teaches all classes that share one of them;
 * the file holds the sums.
 */
public final class VarTrainer {
  private static final String CLASSES = "class_emb.weight";
  private static final String FACTORS = "class_factors.weight";
  private static final double LABEL_DROPOUT = 0.1;
  private static final double LARGEST_REPLACED_PART = 0.1;

  private final VarConfig config;
  private final VqVae vae;
  private final ScaleBatches batches;
  private final ScaleSchedule schedule;
  private final Var model;
  private final MultiScaleVq quantiser;
  private final NDArray parts;
  private final NDArray[] bounds;
  private final NDArray[] lossWeights;

  private VarTrainer(
      VarConfig config, VqVae vae, TransformerRun run, NDManager manager, Weights weights) {
    this.config = config;
    this.vae = vae;
    this.batches = run.batches();
    this.schedule = batches.schedule();
    this.model = new Var(config, weights, run.precision());
    this.quantiser = vae.quantiser();
    this.parts = parts(manager);
    this.bounds = batches.bounds(manager);
    this.lossWeights = batches.lossWeights(manager);
  }

  /**
   * Trains, or resumes from the checkpoint in the folder, and writes the averaged weights (float32)
   * there.
   *
   * @param vae the trained tokenizer
   */
  public static void train(VarConfig config, VqVae vae, TransformerRun run, Consumer<String> log) {
    Require.that(
        config.classes() == SceneClasses.COUNT,
        "classes must be the %d of the scene language, got %d",
        SceneClasses.COUNT,
        config.classes());
    Require.that(
        config.codes() == vae.config().codes(),
        "codes must be %d as the tokenizer has, got %d",
        vae.config().codes(),
        config.codes());
    Engine.getInstance().setRandomSeed((int) run.batches().seed());
    try (NDManager manager = run.options().device().manager();
        Weights weights = startWeights(manager, config, run.startFrom())) {
      VarTrainer trainer = new VarTrainer(config, vae, run, manager, weights);
      run.train(weights, trainer::loss, log, trainer::published);
    }
  }

  /** Returns initial weights in which the factors stand for the class embeddings. */
  private static Weights startWeights(NDManager manager, VarConfig config, Weights from) {
    Weights published = VarWeights.initial(manager, config, Precision.FP32);
    Weights w = new Weights(manager);
    published
        .arrays()
        .forEach(
            (name, array) -> {
              if (!name.equals(CLASSES)) {
                w.put(name, from == null ? array : from.get(name).duplicate());
              }
            });
    long factors = parts(manager).getShape().get(1);
    float std = (float) Math.sqrt(1.0 / config.width());
    w.putNormal(FACTORS, new Shape(factors, config.width()), std);
    if (from != null) {
      // least squares: the sums of an earlier training come back up to rounding
      w.set(FACTORS, TorchOps.call("least_squares", from.get(CLASSES), parts(manager)));
    }
    return w;
  }

  /** Returns which factors a class has: shape, colour, background; the last is no class. */
  private static NDArray parts(NDManager manager) {
    int shapes = ShapeKind.values().length;
    int colours = Colour.values().length;
    int width = shapes + 2 * colours + 1;
    float[] x = new float[(SceneClasses.COUNT + 1) * width];
    for (int c = 0; c < SceneClasses.COUNT; c++) {
      Scene scene = SceneClasses.scene(c);
      SceneObject object = scene.objects().get(0);
      x[c * width + object.shape().ordinal()] = 1;
      x[c * width + shapes + object.colour().ordinal()] = 1;
      x[c * width + shapes + colours + scene.background().ordinal()] = 1;
    }
    x[x.length - 1] = 1;
    return NativeCopy.of(manager, x, new Shape(SceneClasses.COUNT + 1, width));
  }

  /** Returns averaged weights as a model reads them. */
  private Map<String, NDArray> published(Map<String, NDArray> average) {
    Map<String, NDArray> published = new LinkedHashMap<>(average);
    published.put(CLASSES, parts.matMul(published.remove(FACTORS)));
    return published;
  }

  private NDArray loss(NDManager scope, int step) {
    SplittableRandom random = batches.random(step);
    int scales = batches.scales(random, step);
    ScaleSchedule used = batches.first(scales);
    int side = schedule.last().height() * vae.config().patch();
    List<RgbImage> images = new ArrayList<>();
    long[] labels = new long[batches.images(scales)];
    for (int i = 0; i < labels.length; i++) {
      int label = random.nextInt(SceneClasses.COUNT);
      images.add(SceneRenderer.render(SceneClasses.scene(label), random, side));
      labels[i] = random.nextDouble() < LABEL_DROPOUT ? SceneClasses.COUNT : label;
    }
    NDArray z = TorchOps.call("stop_gradient", vae.encode(Pixels.toArray(scope, images)));
    MultiScaleQuantiser.Quantised q =
        quantiser.teach(z, schedule, scales, indices -> replace(indices, random));
    NDArray inputs = quantiser.inputs(q, schedule);
    NDArray table = parts.matMul(model.weights().get(FACTORS));
    table.attach(scope);
    NDArray ids = NativeCopy.of(scope, labels, new Shape(labels.length));
    VarCondition condition = model.condition(TorchOps.call("embedding", ids, table));
    NDArray positions = model.positions(scope);
    NDArray later =
        model.embed(inputs).add(positions.get(new NDIndex(":,1:{}", used.totalTokens())));
    NDArray x = model.start(condition, positions).concat(later, 1);
    SelfAttention attention = SelfAttention.ofPrefixes(bounds[scales]);
    for (int layer = 0; layer < config.depth(); layer++) {
      x = model.block(layer, x, condition, attention);
    }
    NDArray logits = model.logits(x, condition);
    NDArray indices = NDArrays.concat(new NDList(q.chosen()), 1);
    return TorchOps.call("weighted_code_loss", logits, indices, lossWeights[scales]);
  }

  /** Replaces indices by random ones, a part drawn for each image: [B,L]. */
  private NDArray replace(NDArray indices, SplittableRandom random) {
    Shape s = indices.getShape();
    int perRow = (int) s.get(1);
    long[] replaced = indices.toLongArray();
    for (int b = 0; b < s.get(0); b++) {
      double part = random.nextDouble() * LARGEST_REPLACED_PART;
      for (int i = b * perRow; i < (b + 1) * perRow; i++) {
        if (random.nextDouble() < part) {
          replaced[i] = random.nextInt(config.codes());
        }
      }
    }
    return NativeCopy.of(indices.getManager(), replaced, s);
  }
}
