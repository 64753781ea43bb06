package io.scalekv.train;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.scalekv.image.RgbImage;
import io.scalekv.model.Pixels;
import io.scalekv.model.vae.MultiScaleBsq;
import io.scalekv.model.vae.Vae;
import io.scalekv.model.vae.VaeConfig;
import io.scalekv.scene.SceneRenderer;
import io.scalekv.scene.SceneSampler;
import io.scalekv.tensor.TorchOps;
import io.scalekv.weights.Weights;
import java.util.ArrayList;
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

  private VaeTrainer() {}

  /** Trains, or resumes from the checkpoint in the folder, and writes the averaged weights. */
  public static void train(VaeConfig config, TokenizerRun run, Consumer<String> log) {
    int side = run.side(config.patch());
    Engine.getInstance().setRandomSeed((int) run.seed());
    try (NDManager manager = run.options().device().manager();
        Weights weights = Vae.initialWeights(manager, config)) {
      Vae vae = new Vae(config, weights);
      MultiScaleBsq quantiser = new MultiScaleBsq(config.codeBits());
      NDArray commitment = manager.full(new Shape(), COMMITMENT);
      run.train(
          weights,
          (scope, step) -> {
            NDArray x = Pixels.toArray(scope, scenes(run.seed(), step, run.batch(), side));
            NDArray z = vae.encode(x);
            NDArray q =
                quantiser.quantise(TorchOps.call("stop_gradient", z), run.schedule()).summed();
            NDArray y = vae.decode(TorchOps.call("straight_through", z, q));
            NDArray loss = TorchOps.call("mse", y, x);
            return loss.add(TorchOps.call("mse", z, q).mul(commitment));
          },
          log,
          average -> Map.of());
    }
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
