package io.scalekv.train;

import ai.djl.ndarray.NDManager;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.io.AtomicFile;
import io.scalekv.model.CheckpointNames;
import io.scalekv.model.ModelConfig;
import io.scalekv.model.infinity.InfinityModelConfig;
import io.scalekv.model.vae.Vae;
import io.scalekv.weights.SafetensorsFile;
import io.scalekv.weights.SafetensorsWriter;
import io.scalekv.weights.StoredType;
import io.scalekv.weights.TensorSource;
import io.scalekv.weights.Weights;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * The whole training of the pocket model: tokenizer, transformer, model folder. Each part is
 * skipped when its result is there and goes on from its checkpoint otherwise.
 */
public final class PocketTraining {
  private static final int VAE_BATCH = 16;
  private static final double VAE_LEARNING_RATE = 2e-3;

  /**
   * What a training is.
   *
   * @param config of the model
   * @param folder of checkpoints, curves and the model
   * @param checkpointEvery time between checkpoints
   * @param vaeSteps updates of the tokenizer
   * @param steps updates of the transformer
   * @param decaySteps of these, with a falling learning rate
   * @param learningRate peak of the transformer
   * @param curriculum how many maps a batch holds
   * @param tokens of a batch, about
   * @param seed of data, noise and first weights
   * @param bf16 whether the blocks' products round their factors to bfloat16
   * @param from model folder to start from, or null
   */
  public record Options(
      ModelConfig config,
      Path folder,
      Duration checkpointEvery,
      int vaeSteps,
      int steps,
      int decaySteps,
      double learningRate,
      Curriculum curriculum,
      int tokens,
      int seed,
      boolean bf16,
      Path from) {}

  /**
   * What it leaves.
   *
   * @param folder of the model
   * @param curve loss curve of the transformer
   */
  public record Result(Path folder, Path curve) {}

  private PocketTraining() {}

  /** Trains to the end. */
  public static Result run(Options o, Consumer<String> log) {
    InfinityModelConfig config = InfinityModelConfig.cast(o.config());
    ScaleSchedule schedule = config.schedule(Optional.empty(), 1);
    Path vaeFile = o.folder().resolve("vae-fp32.safetensors");
    if (o.from() != null && !Files.exists(vaeFile)) {
      copyTensors(o.from().resolve(CheckpointNames.TOKENIZER), vaeFile, StoredType.F32);
    }
    if (!Files.exists(vaeFile)) {
      VaeTrainer.train(
          new VaeTrainer.Options(
              config.tokenizer(),
              schedule,
              VAE_BATCH,
              o.vaeSteps(),
              VAE_LEARNING_RATE,
              o.seed(),
              o.folder(),
              o.checkpointEvery(),
              vaeFile),
          log);
    }
    try (NDManager manager = NDManager.newBaseManager("PyTorch");
        Weights vae = load(manager, vaeFile);
        Weights start =
            o.from() == null
                ? null
                : load(manager, o.from().resolve(CheckpointNames.TRANSFORMER))) {
      PocketTrainer.train(
          new PocketTrainer.Options(
              config.transformer(),
              new Vae(config.tokenizer(), vae),
              schedule,
              config.rotaryReference(1),
              o.curriculum(),
              o.tokens(),
              o.steps(),
              o.decaySteps(),
              o.learningRate(),
              o.seed(),
              o.bf16(),
              o.folder(),
              o.checkpointEvery(),
              start),
          log);
    }
    Path model = o.folder().resolve("model");
    try {
      AtomicFile.write(
          model.resolve("config.json"), config.json().getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(model + ": " + e.getMessage(), e);
    }
    copyTensors(vaeFile, model.resolve(CheckpointNames.TOKENIZER), StoredType.BF16);
    copyTensors(
        o.folder().resolve(CheckpointNames.TRANSFORMER),
        model.resolve(CheckpointNames.TRANSFORMER),
        StoredType.BF16);
    return new Result(model, o.folder().resolve(PocketTrainer.CURVE));
  }

  private static Weights load(NDManager manager, Path file) {
    try (TensorSource source = SafetensorsFile.open(file)) {
      return Weights.load(manager, source);
    }
  }

  private static void copyTensors(Path from, Path to, StoredType type) {
    try (NDManager manager = NDManager.newBaseManager("PyTorch");
        TensorSource source = SafetensorsFile.open(from);
        Weights weights = Weights.load(manager, source)) {
      Map<String, String> metadata = new TreeMap<>(source.metadata());
      SafetensorsWriter.write(to, weights.arrays(), type, metadata);
    }
  }
}
