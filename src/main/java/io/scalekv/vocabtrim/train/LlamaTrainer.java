package io.scalekv.vocabtrim.train;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
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
import java.nio.file.Path;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.IntFunction;

/** Trainer of one small language model on the next token, by cross-entropy. */
final class LlamaTrainer {
  private LlamaTrainer() {}

  /**
   * Trains, resuming from the checkpoint in the folder, and writes the averaged weights (bfloat16)
   * with their {@code config.json}.
   *
   * @param name of the model: its folder, checkpoint, curve and messages
   * @param rows batch of an update, [B][L + 1]
   */
  static void train(
      VocabTrimTraining.Options o,
      String name,
      LlamaConfig config,
      int steps,
      IntFunction<int[][]> rows,
      Consumer<String> log) {
    Engine.getInstance().setRandomSeed(o.seed());
    try (NDManager manager = NDManager.newBaseManager("PyTorch");
        Weights weights = LlamaWeights.initial(manager, config);
        RotaryTable rotary = new RotaryTable(manager, config)) {
      LlamaNet net = new LlamaNet(config, weights, o.bf16());
      int decay = Math.max(1, steps / 3);
      TrainingLoop.Options loop =
          new TrainingLoop.Options(
              o.folder(),
              name,
              steps,
              o.seed(),
              new LearningRate(o.learningRate(), Math.min(50, steps / 10), decay, 0.03),
              new AdamW.Options(0.9, 0.97, 0.02, 1, 0.99),
              o.checkpointEvery(),
              10);
      new TrainingLoop(loop, weights)
          .run(
              (scope, step) -> loss(scope, net, rotary, rows.apply(step)),
              report -> log.accept(name + " " + report),
              (average, at) -> write(o, name, config, average, at));
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

  private static void write(
      VocabTrimTraining.Options o,
      String name,
      LlamaConfig config,
      Weights average,
      TrainingLoop.Progress at) {
    Map<String, String> meta = at.metadata(o.seed());
    meta.put("format", "pt"); // other readers of safetensors require it
    Path model = o.folder().resolve(name);
    VocabTrimTraining.write(model.resolve(LlamaConfig.FILE), config.json());
    Path weights = model.resolve(LlamaWeights.FILE);
    SafetensorsWriter.write(weights, average.arrays(), StoredType.BF16, meta);
  }
}
