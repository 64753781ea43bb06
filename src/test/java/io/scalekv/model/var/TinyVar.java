package io.scalekv.model.var;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.scalekv.cache.CacheSettings;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.model.AttentionTap;
import io.scalekv.model.GenerationListener;
import io.scalekv.model.Precision;
import io.scalekv.model.Sampling;
import io.scalekv.model.attention.GenerationTrace;
import io.scalekv.weights.Weights;
import java.util.List;
import java.util.SplittableRandom;

/** A small random model with its quantiser; half of the seeds share the modulation. */
final class TinyVar implements AutoCloseable {
  final NDManager manager = NDManager.newBaseManager("PyTorch");
  final VarConfig config;
  final Var model;
  final MultiScaleVq quantiser;
  final ScaleSchedule schedule;

  private TinyVar(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    config =
        new VarConfig(
            2 + random.nextInt(2),
            48,
            random.nextBoolean() ? 3 : 6,
            96,
            7,
            48,
            6,
            List.of(1, 2, 3, 4),
            random.nextBoolean());
    schedule = config.schedule();
    Engine.getInstance().setRandomSeed((int) seed);
    model = new Var(config, VarWeights.initial(manager, config, Precision.FP32), Precision.FP32);
    Weights w = new Weights(manager);
    VqVaeConfig vae = new VqVaeConfig(48, 6, 2, 32, List.of(1, 1), 1, 1, 32);
    VqVae.shapes(vae)
        .forEach(
            (name, shape) -> {
              if (name.startsWith(VarModelConfig.QUANTISER)) {
                w.putNormal(name, shape, name.endsWith("embedding.weight") ? 1 : 0.1f);
              }
            });
    quantiser = new MultiScaleVq(w);
  }

  static TinyVar of(long seed) {
    return new TinyVar(seed);
  }

  NDArray generate(
      Sampling options,
      CacheSettings cache,
      long[] classes,
      long[] seeds,
      List<AttentionTap> taps,
      GenerationTrace trace) {
    return new VarGenerator(model, quantiser, trace)
        .generate(
            manager,
            classes,
            options,
            cache == null ? CacheSettings.full(schedule, config.depth()) : cache,
            seeds,
            taps,
            trace instanceof GenerationListener l ? l : GenerationListener.NONE);
  }

  @Override
  public void close() {
    manager.close();
  }
}
