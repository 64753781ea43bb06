package io.scalekv.vocabtrim.train;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.scalekv.io.Require;
import io.scalekv.tensor.NativeCopy;
import io.scalekv.tensor.TorchOps;
import io.scalekv.train.AdamW;
import io.scalekv.train.LearningRate;
import io.scalekv.train.TrainingLoop;
import io.scalekv.vocabtrim.lm.EagleNet;
import io.scalekv.vocabtrim.lm.Llama;
import io.scalekv.vocabtrim.lm.LlamaWeights;
import io.scalekv.weights.SafetensorsFile;
import io.scalekv.weights.SafetensorsWriter;
import io.scalekv.weights.StoredType;
import io.scalekv.weights.TensorSource;
import io.scalekv.weights.Weights;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.function.Consumer;

/**
 * Trainer of an EAGLE draft model on a target's texts and states: cross-entropy against the
 * target's distribution plus smooth-L1 on its states (Li et al., arXiv 2401.15077, section 4.2),
 * with uniform noise on the input states as there. Prompts are read but not learned.
 */
public final class EagleTraining {
  /** Folder of the target's texts below that of a training. */
  public static final String TEXTS = "texts";

  private static final float NOISE = 0.1f;

  /**
   * Options of a training.
   *
   * @param folder of the texts, the checkpoint, the curve and the draft model
   * @param checkpointEvery time between checkpoints
   * @param rows texts of an update
   * @param positions tokens of an update whose distribution is learned; states are learned at all
   * @param learningRate peak
   * @param stateWeight weight of the states' loss, averaged over numbers
   * @param seed of first weights, batches and noise
   * @param bf16 whether products round their factors to bfloat16
   */
  public record Options(
      Path folder,
      Duration checkpointEvery,
      int steps,
      int rows,
      int positions,
      double learningRate,
      double stateWeight,
      int seed,
      boolean bf16) {}

  /**
   * Text in a file of {@link TargetTexts}.
   *
   * @param tokens prompt and answer
   * @param prompt tokens of the prompt
   * @param states first row of its states
   */
  private record Row(int file, int[] tokens, int prompt, long states) {}

  private final Options options;
  private final Llama target;
  private final List<TensorSource> files;
  private final List<Row> rows = new ArrayList<>();

  private EagleTraining(Options options, Llama target, List<TensorSource> files) {
    this.options = options;
    this.target = target;
    this.files = files;
  }

  /**
   * Trains, resuming from the checkpoint in the folder, and writes the averaged weights (bfloat16).
   *
   * @return the file of the draft model
   */
  public static Path run(Options options, Llama target, Consumer<String> log) {
    List<Path> paths = TargetTexts.files(options.folder().resolve(TEXTS), null);
    Require.that(!paths.isEmpty(), "missing texts of the target in %s", options.folder());
    List<TensorSource> files = paths.stream().<TensorSource>map(SafetensorsFile::open).toList();
    try {
      EagleTraining training = new EagleTraining(options, target, files);
      for (int f = 0; f < paths.size(); f++) {
        long at = 0;
        for (var text : TargetTexts.read(paths.get(f))) {
          int[] all = text.whole();
          training.rows.add(new Row(f, all, text.prompt().length, at));
          at += all.length - 1;
        }
      }
      return training.train(log);
    } finally {
      files.forEach(TensorSource::close);
    }
  }

  private Path train(Consumer<String> log) {
    Options o = options;
    Path model = o.folder().resolve(LlamaWeights.FILE);
    Engine.getInstance().setRandomSeed(o.seed());
    try (NDManager manager = NDManager.newBaseManager("PyTorch");
        Weights weights = EagleNet.initial(manager, target.config(), ratio())) {
      EagleNet net = new EagleNet(weights, target.net(), o.bf16());
      NDArray head = net.head();
      TrainingLoop.Options loop =
          new TrainingLoop.Options(
              o.folder(),
              "eagle",
              o.steps(),
              o.seed(),
              new LearningRate(
                  o.learningRate(),
                  Math.min(30, o.steps() / 10),
                  Math.max(1, 2 * o.steps() / 3),
                  0.03),
              new AdamW.Options(0.9, 0.95, 0.02, 1, 0.98),
              o.checkpointEvery(),
              10);
      new TrainingLoop(loop, weights)
          .run(
              (scope, step) -> loss(scope, net, head, batch(step), step),
              report -> log.accept("draft model " + report),
              (average, at) -> {
                Map<String, String> meta = at.metadata(o.seed());
                meta.put("format", "pt"); // other readers of safetensors require it
                meta.put("texts", String.valueOf(rows.size()));
                meta.put("tokens", String.valueOf(answered()));
                SafetensorsWriter.write(model, average.arrays(), StoredType.BF16, meta);
              });
    }
    return model;
  }

  private long answered() {
    return rows.stream().mapToLong(r -> r.tokens().length - r.prompt()).sum();
  }

  /** Returns the deviation of the states of the first text by that of the embedding. */
  private float ratio() {
    Row row = rows.get(0);
    double squares = 0;
    float[] states = states(row);
    for (float x : states) {
      squares += (double) x * x;
    }
    NDArray table = target.net().embedding();
    try (NDArray sum = TorchOps.call("square_sum", table)) {
      return (float) Math.sqrt(squares / states.length / (sum.getFloat() / table.size()));
    }
  }

  /** Returns the texts of an update; every text once per epoch, in a seeded order. */
  private List<Row> batch(int step) {
    List<Row> batch = new ArrayList<>();
    for (int r = 0; r < options.rows(); r++) {
      long n = (step - 1L) * options.rows() + r;
      long epoch = n / rows.size();
      batch.add(order(epoch).get((int) (n % rows.size())));
    }
    return batch;
  }

  private long orderedEpoch = -1;
  private List<Row> order;

  private List<Row> order(long epoch) {
    if (epoch != orderedEpoch) {
      order = new ArrayList<>(rows);
      Collections.shuffle(order, new Random(TrainingLoop.mix(options.seed(), epoch)));
      orderedEpoch = epoch;
    }
    return order;
  }

  /** Reads the states of a text, [tokens − 1, C]. */
  private float[] states(Row row) {
    int width = target.config().width();
    int count = (row.tokens().length - 1) * width;
    ByteBuffer bytes = ByteBuffer.allocate(2 * count).order(ByteOrder.LITTLE_ENDIAN);
    files.get(row.file()).bytes("states").read(bytes, 2L * row.states() * width);
    bytes.flip();
    float[] states = new float[count];
    for (int i = 0; i < count; i++) {
      states[i] = Float.intBitsToFloat(bytes.getShort(2 * i) << 16);
    }
    return states;
  }

  private NDArray loss(NDManager scope, EagleNet net, NDArray head, List<Row> batch, int step) {
    int width = target.config().width();
    int length = batch.stream().mapToInt(r -> r.tokens().length - 1).max().orElseThrow();
    long[] ids = new long[batch.size() * length];
    float[] before = new float[ids.length * width];
    List<Long> learned = new ArrayList<>();
    SplittableRandom random = new SplittableRandom(TrainingLoop.mix(options.seed() + 1L, step));
    List<float[]> after = new ArrayList<>();
    for (int b = 0; b < batch.size(); b++) {
      Row row = batch.get(b);
      float[] states = states(row);
      int n = row.tokens().length - 1;
      for (int i = 0; i < n; i++) {
        ids[b * length + i] = row.tokens()[i];
        if (i >= row.prompt() - 1) {
          learned.add((long) b * length + i);
          after.add(Arrays.copyOfRange(states, i * width, (i + 1) * width));
        }
      }
      int from = (b * length + 1) * width;
      for (int i = 0; i < (n - 1) * width; i++) {
        before[from + i] = states[i] + NOISE * (float) (2 * random.nextDouble() - 1);
      }
    }
    int m = learned.size();
    float[] truth = new float[m * width];
    for (int i = 0; i < m; i++) {
      System.arraycopy(after.get(i), 0, truth, i * width, width);
    }
    NDArray states = NativeCopy.of(scope, before, new Shape(batch.size(), length, width));
    NDArray x =
        net.states(
            states, NativeCopy.of(scope, ids, new Shape(batch.size(), length)), target.rotary());
    long[] index = learned.stream().mapToLong(i -> i).toArray();
    NDArray own = TorchOps.call("rows_at", x.reshape(-1, width), longs(scope, index));
    NDArray theirs = NativeCopy.of(scope, truth, new Shape(m, width));
    NDArray distance = TorchOps.call("smooth_l1", own, theirs);
    long[] some = random.longs(Math.min(options.positions(), m), 0, m).toArray();
    NDArray chosen = longs(scope, some);
    NDArray entropy =
        TorchOps.call(
            "soft_cross_entropy",
            net.logits(TorchOps.call("rows_at", own, chosen), head),
            net.logits(TorchOps.call("rows_at", theirs, chosen), head));
    NDArray weight = scope.full(new Shape(), (float) options.stateWeight());
    return entropy.add(distance.mul(weight));
  }

  private static NDArray longs(NDManager scope, long[] values) {
    return NativeCopy.of(scope, values, new Shape(values.length));
  }
}
