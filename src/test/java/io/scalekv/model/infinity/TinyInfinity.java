package io.scalekv.model.infinity;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.scalekv.cache.CacheSettings;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.TokenMap;
import io.scalekv.model.AttentionTap;
import io.scalekv.model.GenerationListener;
import io.scalekv.model.Precision;
import io.scalekv.model.Sampling;
import io.scalekv.model.attention.GenerationTrace;
import io.scalekv.model.text.TextEmbeddings;
import io.scalekv.model.vae.MultiScaleBsq;
import io.scalekv.weights.Weights;
import java.util.List;
import java.util.Random;

/** A small model with random weights and everything that a generation needs. */
final class TinyInfinity implements AutoCloseable {
  final NDManager manager = NDManager.newBaseManager("PyTorch");
  final InfinityConfig config;
  final Infinity model;
  final ScaleSchedule schedule;
  final TokenMap reference;
  final MultiScaleBsq quantiser;
  final Random random;

  private TinyInfinity(long seed) {
    random = new Random(seed);
    Engine.getInstance().setRandomSeed((int) seed);
    int heads = 1 + random.nextInt(3);
    int width = heads * 4 * (2 + random.nextInt(3)) * 2;
    boolean patchify = random.nextBoolean();
    int depth = 1 + random.nextInt(3);
    int bits = 2 + random.nextInt(4);
    config = new InfinityConfig(depth, width, heads, 48, bits, patchify, 256, 12, depth);
    Weights weights = new Weights(manager);
    InfinityWeights.shapes(config)
        .forEach(
            (name, shape) -> {
              float std = shape.dimension() == 2 ? (float) (1 / Math.sqrt(shape.get(1))) : 0.3f;
              weights.putNormal(name, shape, std);
            });
    model = new Infinity(config, weights, Precision.FP32);
    schedule =
        random.nextBoolean()
            ? ScaleSchedule.ofSides(1, 2, 3, 5)
            : new ScaleSchedule(
                List.of(new TokenMap(1, 1), new TokenMap(2, 1), new TokenMap(4, 3)));
    reference = new TokenMap(8, 6);
    quantiser = new MultiScaleBsq(bits);
  }

  static TinyInfinity of(long seed) {
    return new TinyInfinity(seed);
  }

  /** Random features of prompts with the given lengths. */
  TextEmbeddings text(int... lengths) {
    int longest = 0;
    for (int n : lengths) {
      longest = Math.max(longest, n);
    }
    Shape shape = new Shape(lengths.length, longest, config.textWidth());
    return new TextEmbeddings(manager.randomNormal(0, 1, shape, DataType.FLOAT32), lengths);
  }

  NDArray generate(
      TextEmbeddings text,
      TextEmbeddings negative,
      Sampling options,
      long[] seeds,
      List<AttentionTap> taps,
      GenerationListener listener) {
    CacheSettings full = CacheSettings.full(schedule, config.depth());
    return generate(text, negative, options, full, seeds, taps, listener);
  }

  NDArray generate(
      TextEmbeddings text,
      TextEmbeddings negative,
      Sampling options,
      CacheSettings cache,
      long[] seeds,
      List<AttentionTap> taps,
      GenerationListener listener) {
    GenerationTrace trace = listener instanceof GenerationTrace t ? t : GenerationTrace.NONE;
    return new InfinityGenerator(model, quantiser, trace)
        .generate(
            manager, text, negative, schedule, reference, options, cache, seeds, taps, listener);
  }

  @Override
  public void close() {
    manager.close();
  }
}
