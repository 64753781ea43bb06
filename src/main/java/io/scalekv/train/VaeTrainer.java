package io.scalekv.train;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.image.RgbImage;
import io.scalekv.model.Pixels;
import io.scalekv.model.vae.MultiScaleBsq;
import io.scalekv.model.vae.Vae;
import io.scalekv.model.vae.VaeConfig;
import io.scalekv.scene.SceneRenderer;
import io.scalekv.scene.SceneSampler;
import io.scalekv.tensor.TorchOps;
import io.scalekv.weights.SafetensorsWriter;
import io.scalekv.weights.StoredType;
import io.scalekv.weights.Weights;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Consumer;

/**
 * Trainer of the pocket tokenizer on rendered scenes: mean squared error of the decoded pixels plus
 * a small commitment of the latent to its quantised value; the gradient passes the quantiser
 * straight through.
 */
public final class VaeTrainer {
  private static final float COMMITMENT = 0.05f;

  /**
   * Options of a run.
   *
   * @param config of the tokenizer
   * @param schedule token maps; the last one is the latent's size
   * @param batch images an update
   * @param steps updates
   * @param learningRate peak
   * @param seed of data and first weights
   * @param folder where checkpoint and curve go
   * @param checkpointEvery time between checkpoints
   * @param result file of the averaged weights
   */
  public record Options(
      VaeConfig config,
      ScaleSchedule schedule,
      int batch,
      int steps,
      double learningRate,
      long seed,
      Path folder,
      Duration checkpointEvery,
      Path result) {}

  private VaeTrainer() {}

  /** Trains, or resumes from the checkpoint in the folder, and writes the averaged weights. */
  public static void train(Options o, Consumer<String> log) {
    int side = o.schedule().last().height() * o.config().patch();
    Engine.getInstance().setRandomSeed((int) o.seed());
    try (NDManager manager = NDManager.newBaseManager("PyTorch");
        MultiScaleBsq quantiser = new MultiScaleBsq(manager, o.config().codeBits());
        Weights weights = Vae.initialWeights(manager, o.config())) {
      Vae vae = new Vae(o.config(), weights);
      NDArray commitment = manager.full(new Shape(), COMMITMENT);
      TrainingLoop.Options loop =
          new TrainingLoop.Options(
              o.steps(),
              o.seed(),
              new LearningRate(o.learningRate(), 50, o.steps() / 3, 0.02),
              new AdamW.Options(0.9, 0.98, 0.01, 1, 0.995),
              o.folder().resolve("vae-checkpoint.safetensors"),
              o.checkpointEvery(),
              o.folder().resolve("vae-curve.csv"),
              20);
      new TrainingLoop(loop, weights)
          .run(
              (scope, step) -> {
                NDArray x = Pixels.toArray(scope, scenes(o.seed(), step, o.batch(), side));
                NDArray z = vae.encode(x);
                NDArray q =
                    quantiser.quantise(TorchOps.call("stop_gradient", z), o.schedule()).summed();
                NDArray y = vae.decode(TorchOps.call("straight_through", z, q));
                NDArray loss = TorchOps.call("mse", y, x);
                return loss.add(TorchOps.call("mse", z, q).mul(commitment));
              },
              report -> log.accept("vae " + report),
              (average, at) -> write(average, at, o));
    }
  }

  private static void write(Weights average, TrainingLoop.Progress at, Options o) {
    Map<String, String> meta = new LinkedHashMap<>();
    meta.put("steps", String.valueOf(at.step()));
    meta.put("images", String.valueOf((long) at.step() * o.batch()));
    meta.put("seconds", String.valueOf(Math.round(at.seconds())));
    meta.put("seed", String.valueOf(o.seed()));
    SafetensorsWriter.write(o.result(), average.arrays(), StoredType.F32, meta);
  }

  /** Returns the scenes of one step, which depend on seed and step alone. */
  static List<RgbImage> scenes(long seed, int step, int count, int side) {
    SplittableRandom random = new SplittableRandom(TrainingLoop.mix(seed, step));
    SceneSampler sampler = SceneSampler.of(random);
    List<RgbImage> images = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      images.add(SceneRenderer.render(sampler.next(), random, side));
    }
    return images;
  }
}
