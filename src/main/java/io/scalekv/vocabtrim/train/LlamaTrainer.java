package io.scalekv.vocabtrim.train;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.scalekv.io.AtomicFile;
import io.scalekv.tensor.NativeCopy;
import io.scalekv.tensor.TorchOps;
import io.scalekv.train.AdamW;
import io.scalekv.train.LearningRate;
import io.scalekv.train.TrainingLoop;
import io.scalekv.vocabtrim.lm.LlamaConfig;
import io.scalekv.vocabtrim.lm.LlamaNet;
import io.scalekv.vocabtrim.lm.LlamaWeights;
import io.scalekv.vocabtrim.lm.RotaryTable;
import io.scalekv.weights.SafetensorsWriter;
import io.scalekv.weights.StoredType;
import io.scalekv.weights.Weights;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.IntFunction;

/** Trains one small language model to predict the next token, by cross-entropy. */
final class LlamaTrainer {
  /**
   * What a run is.
   *
   * @param name of the model, for files and messages
   * @param config of the model
   * @param steps updates
   * @param learningRate peak
   * @param seed of the first weights
   * @param bf16 whether products round their factors to bfloat16
   * @param rows the batch of an update, [B][L + 1]
   * @param folder of checkpoint and curve
   * @param checkpointEvery time between checkpoints
   * @param model folder of the result
   */
  record Options(
      String name,
      LlamaConfig config,
      int steps,
      double learningRate,
      int seed,
      boolean bf16,
      IntFunction<int[][]> rows,
      Path folder,
      Duration checkpointEvery,
      Path model) {
    Path curve() {
      return folder.resolve(name + "-curve.csv");
    }
  }

  private LlamaTrainer() {}

  /**
   * Trains, or goes on from the checkpoint in the folder, and writes the averaged weights
   * (bfloat16) with their {@code config.json}.
   */
  static void train(Options o, Consumer<String> log) {
    Engine.getInstance().setRandomSeed(o.seed());
    try (NDManager manager = NDManager.newBaseManager("PyTorch");
        Weights weights = LlamaWeights.initial(manager, o.config());
        RotaryTable rotary = new RotaryTable(manager, o.config())) {
      LlamaNet net = new LlamaNet(o.config(), weights, o.bf16());
      int decay = Math.max(1, o.steps() / 3);
      TrainingLoop.Options loop =
          new TrainingLoop.Options(
              o.steps(),
              o.seed(),
              new LearningRate(o.learningRate(), Math.min(50, o.steps() / 10), decay, 0.03),
              new AdamW.Options(0.9, 0.97, 0.02, 1, 0.99),
              o.folder().resolve(o.name() + "-checkpoint.safetensors"),
              o.checkpointEvery(),
              o.curve(),
              10);
      new TrainingLoop(loop, weights)
          .run(
              (scope, step) -> loss(scope, net, rotary, o.rows().apply(step)),
              report -> log.accept(o.name() + " " + report),
              (average, at) -> write(o, average, at));
    }
  }

  private static NDArray loss(NDManager scope, LlamaNet net, RotaryTable rotary, int[][] rows) {
    int length = rows[0].length - 1;
    long[] in = new long[rows.length * length];
    long[] next = new long[in.length];
    for (int b = 0; b < rows.length; b++) {
      for (int i = 0; i < length; i++) {
        in[b * length + i] = rows[b][i];
        next[b * length + i] = rows[b][i + 1];
      }
    }
    NDArray ids = NativeCopy.of(scope, in, new Shape(rows.length, length));
    NDArray logits = net.logits(ids, rotary).reshape(-1, net.config().vocabulary());
    return TorchOps.call(
        "cross_entropy", logits, NativeCopy.of(scope, next, new Shape(next.length)));
  }

  private static void write(Options o, Weights average, TrainingLoop.Progress at) {
    Map<String, String> meta = new LinkedHashMap<>();
    meta.put("format", "pt"); // which other readers of the format ask for
    meta.put("steps", String.valueOf(at.step()));
    meta.put("seconds", String.valueOf(Math.round(at.seconds())));
    meta.put("seed", String.valueOf(o.seed()));
    try {
      AtomicFile.write(
          o.model().resolve(LlamaConfig.FILE), o.config().json().getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(o.model() + ": " + e.getMessage(), e);
    }
    SafetensorsWriter.write(
        o.model().resolve(LlamaWeights.FILE), average.arrays(), StoredType.BF16, meta);
  }
}
