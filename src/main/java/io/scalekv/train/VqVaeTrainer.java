package io.scalekv.train;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.scalekv.image.RgbImage;
import io.scalekv.model.Pixels;
import io.scalekv.model.vae.MultiScaleQuantiser;
import io.scalekv.model.var.VqVae;
import io.scalekv.model.var.VqVaeConfig;
import io.scalekv.scene.SceneClasses;
import io.scalekv.scene.SceneRenderer;
import io.scalekv.tensor.NativeCopy;
import io.scalekv.tensor.TorchOps;
import io.scalekv.weights.Weights;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/**
 * Trainer of VAR's image tokenizer on rendered scenes: mean squared error of the decoded pixels,
 * the codebook loss at every scale, a commitment of the latent to its quantised value and a little
 * of its mean square; the gradient passes the quantiser straight through (van den Oord et al.,
 * arXiv 1711.00937). Now and then codes that no position of a batch chose start again at residuals
 * of that batch.
 */
public final class VqVaeTrainer {
  private static final float COMMITMENT = 0.25f;

  /** Weight of the latent's mean square, without which nothing holds its scale. */
  private static final float ENERGY = 0.01f;

  private static final int RESTART_EVERY = 20;
  private static final double RESTART_PART = 0.6;
  private static final int TEST_IMAGES = 64;

  /**
   * Quality on scenes that were not trained on.
   *
   * @param psnr in dB, of the mean squared error of all images
   * @param used part of the codebook that was chosen at least once
   * @param perplexity of the choices: the number of codes that would be as even
   */
  public record Quality(double psnr, double used, double perplexity) {
    @Override
    public String toString() {
      return String.format(
          Locale.ROOT,
          "reconstruction %.2f dB, %.1f %% of the codebook used, perplexity %.0f",
          psnr,
          100 * used,
          perplexity);
    }
  }

  private final VqVaeConfig config;
  private final TokenizerRun run;

  private VqVaeTrainer(VqVaeConfig config, TokenizerRun run) {
    this.config = config;
    this.run = run;
  }

  /** Trains, or resumes from the checkpoint in the folder, and writes the averaged weights. */
  public static void train(VqVaeConfig config, TokenizerRun run, Consumer<String> log) {
    new VqVaeTrainer(config, run).train(log);
  }

  private void train(Consumer<String> log) {
    Engine.getInstance().setRandomSeed((int) run.seed());
    try (NDManager manager = run.options().device().manager();
        Weights weights = VqVae.initialWeights(manager, config)) {
      VqVae vae = new VqVae(config, weights);
      NDArray commitment = manager.full(new Shape(), COMMITMENT);
      NDArray energy = manager.full(new Shape(), ENERGY);
      NDArray perScale = manager.full(new Shape(), 1f / run.schedule().scales());
      run.train(
          weights,
          (scope, step) -> {
            NDArray x = Pixels.toArray(scope, scenes(run.seed(), step));
            NDArray z = vae.encode(x);
            NDArray fixed = TorchOps.call("stop_gradient", z);
            if ((step - 1) % RESTART_EVERY == 0 && step <= RESTART_PART * run.steps()) {
              restart(vae, fixed, step);
            }
            MultiScaleQuantiser.Quantised q = vae.quantiser().quantise(fixed, run.schedule());
            NDArray y = vae.decode(TorchOps.call("straight_through", z, q.summed()));
            NDArray codebook = TorchOps.call("mse", q.sums().get(0), fixed);
            for (NDArray sum : q.sums().subList(1, q.sums().size())) {
              codebook = codebook.add(TorchOps.call("mse", sum, fixed));
            }
            NDArray committed = TorchOps.call("mse", z, TorchOps.call("stop_gradient", q.summed()));
            return TorchOps.call("mse", y, x)
                .add(codebook.mul(perScale))
                .add(committed.mul(commitment))
                .add(z.square().mean().mul(energy));
          },
          log,
          average -> facts(average, log));
    }
  }

  /** Returns the scenes of one step, of random classes, which depend on seed and step alone. */
  private List<RgbImage> scenes(long seed, int step) {
    SplittableRandom random = new SplittableRandom(TrainingLoop.mix(seed, step));
    return IntStream.range(0, run.batch())
        .mapToObj(i -> SceneClasses.scene(random.nextInt(SceneClasses.COUNT)))
        .map(scene -> SceneRenderer.render(scene, random, run.side(config.patch())))
        .toList();
  }

  /** Moves the codes that nothing in the latents chose to residuals drawn from them. */
  private void restart(VqVae vae, NDArray latents, int step) {
    MultiScaleQuantiser.Quantised q = vae.quantiser().quantise(latents, run.schedule());
    long[] counts = new long[config.codes()];
    count(q, counts);
    NDList rows = new NDList();
    q.reduced()
        .forEach(r -> rows.add(MultiScaleQuantiser.toTokens(r).reshape(-1, config.codeWidth())));
    float[] pool = NDArrays.concat(rows, 0).toFloatArray();
    int width = config.codeWidth();
    NDArray codebook = vae.quantiser().codebook();
    float[] codes = codebook.toFloatArray();
    SplittableRandom random = new SplittableRandom(TrainingLoop.mix(~run.seed(), step));
    for (int v = 0; v < counts.length; v++) {
      int row = random.nextInt(pool.length / width);
      if (counts[v] == 0) {
        System.arraycopy(pool, row * width, codes, v * width, width);
      }
    }
    try (NDArray moved = NativeCopy.of(latents.getManager(), codes, codebook.getShape())) {
      vae.weights().set("quantize.embedding.weight", moved);
    }
  }

  private static void count(MultiScaleQuantiser.Quantised q, long[] counts) {
    for (NDArray indices : q.chosen()) {
      for (long i : indices.toLongArray()) {
        counts[(int) i]++;
      }
    }
  }

  /** Returns the quality of a tokenizer on scenes of another seed. */
  private Quality quality(VqVae vae) {
    long[] counts = new long[config.codes()];
    double error = 0;
    int batches = Math.max(1, TEST_IMAGES / run.batch());
    for (int i = 1; i <= batches; i++) {
      try (NDManager scope = vae.weights().manager().newSubManager()) {
        NDArray x = Pixels.toArray(scope, scenes(run.seed() + 1, i));
        MultiScaleQuantiser.Quantised q = vae.quantiser().quantise(vae.encode(x), run.schedule());
        count(q, counts);
        error += TorchOps.call("mse", vae.decode(q.summed()).clip(-1, 1), x).getFloat();
      }
    }
    double all = 0;
    for (long c : counts) {
      all += c;
    }
    double entropy = 0;
    int used = 0;
    for (long c : counts) {
      used += c > 0 ? 1 : 0;
      entropy -= c > 0 ? c / all * Math.log(c / all) : 0;
    }
    // pixels lie in −1..1: the peak is 2
    double psnr = 10 * Math.log10(4 / (error / batches));
    return new Quality(psnr, used / (double) counts.length, Math.exp(entropy));
  }

  private Map<String, String> facts(Weights average, Consumer<String> log) {
    Quality quality = quality(new VqVae(config, average));
    log.accept("vae " + quality);
    return Map.of(
        "psnr", String.format(Locale.ROOT, "%.2f", quality.psnr()),
        "codesUsed", String.format(Locale.ROOT, "%.3f", quality.used()),
        "perplexity", String.format(Locale.ROOT, "%.1f", quality.perplexity()));
  }
}
