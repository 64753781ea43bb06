package io.scalekv.train;

import ai.djl.ndarray.NDManager;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.io.AtomicFile;
import io.scalekv.model.CheckpointFolder;
import io.scalekv.model.CheckpointNames;
import io.scalekv.model.ComputeDevice;
import io.scalekv.model.ModelCatalog;
import io.scalekv.model.ModelChoice;
import io.scalekv.model.ModelConfig;
import io.scalekv.model.ModelSource;
import io.scalekv.model.infinity.InfinityModelConfig;
import io.scalekv.model.vae.Vae;
import io.scalekv.model.vae.VaeConfig;
import io.scalekv.model.var.VarModelConfig;
import io.scalekv.model.var.VqVae;
import io.scalekv.weights.HubCache;
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
 * Training of a pocket model: tokenizer, transformer, model folder. A part whose result exists is
 * skipped; an interrupted one resumes from its checkpoint.
 */
public final class PocketTraining {
  /**
   * Options of a training.
   *
   * @param recipe model and hyperparameters
   * @param device of weights and activations
   * @param folder of checkpoints, curves and the model
   * @param checkpointEvery time between checkpoints
   * @param from shipped model or model folder whose weights are the initial ones, or null for those
   *     of the recipe
   */
  public record Options(
      Recipe recipe, ComputeDevice device, Path folder, Duration checkpointEvery, String from) {}

  /**
   * Files of a finished training.
   *
   * @param folder of the model
   * @param curve loss curve of the transformer
   */
  public record Result(Path folder, Path curve) {}

  private PocketTraining() {}

  /**
   * Trains to the end, from the checkpoints of the folder if there are any.
   *
   * @param log receives a line of progress now and then
   */
  public static Result run(Options o, Consumer<String> log) {
    Recipe recipe = o.recipe();
    ModelConfig config = ModelCatalog.config(recipe.model());
    String initial = o.from() == null ? recipe.from() : o.from();
    CheckpointFolder from = initial == null ? null : files(config, initial);
    Path vaeFile = o.folder().resolve("vae-fp32.safetensors");
    if (!Files.exists(vaeFile) && o.from() == null && recipe.vaeSteps() > 0) {
      trainTokenizer(o, config, vaeFile, log);
    } else if (!Files.exists(vaeFile)) {
      boolean own = config instanceof VarModelConfig;
      CheckpointFolder shipped = files(config, own ? config.name() : ModelChoice.DEFAULT);
      copyTensors((from == null ? shipped : from).tokenizer(), vaeFile, StoredType.F32);
    }
    try (NDManager manager = o.device().manager();
        Weights vae = load(manager, vaeFile);
        Weights start = from == null ? null : load(manager, from.transformer())) {
      trainTransformer(o, config, vae, start, log);
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
    return new Result(model, TransformerRun.curve(o.folder()));
  }

  private static void trainTokenizer(
      Options o, ModelConfig config, Path result, Consumer<String> log) {
    ScaleSchedule schedule = config.schedule(Optional.empty(), 1);
    if (config instanceof VarModelConfig v) {
      VqVaeTrainer.train(v.tokenizer(), new TokenizerRun(schedule, 8, 3e-3, o, result), log);
    } else {
      VaeConfig tokenizer = InfinityModelConfig.cast(config).tokenizer();
      VaeTrainer.train(tokenizer, new TokenizerRun(schedule, 16, 2e-3, o, result), log);
    }
  }

  private static void trainTransformer(
      Options o, ModelConfig config, Weights tokenizer, Weights start, Consumer<String> log) {
    Recipe r = o.recipe();
    ScaleSchedule schedule = config.schedule(Optional.empty(), 1);
    ScaleBatches batches =
        new ScaleBatches(schedule, r.curriculum(), r.tokens(), r.steps(), r.seed());
    TransformerRun run = new TransformerRun(batches, o, start);
    if (config instanceof VarModelConfig v) {
      VarTrainer.train(v.transformer(), new VqVae(v.tokenizer(), tokenizer), run, log);
    } else {
      InfinityModelConfig i = InfinityModelConfig.cast(config);
      Vae vae = new Vae(i.tokenizer(), tokenizer);
      PocketTrainer.train(i.transformer(), vae, i.rotaryMap(1), run, log);
    }
  }

  private static CheckpointFolder files(ModelConfig config, String from) {
    return ModelChoice.of(from).shipped()
        ? CheckpointFolder.of(ModelCatalog.config(from), new ModelSource.Shipped())
        : CheckpointFolder.find(HubCache.resolve(Path.of(from)), config, false);
  }

  private static Weights load(NDManager manager, Path file) {
    try (TensorSource source = SafetensorsFile.open(file)) {
      return Weights.load(manager, source);
    }
  }

  private static void copyTensors(Path from, Path to, StoredType type) {
    try (NDManager manager = ComputeDevice.CPU.manager();
        TensorSource source = SafetensorsFile.open(from);
        Weights weights = Weights.load(manager, source)) {
      Map<String, String> metadata = new TreeMap<>(source.metadata());
      SafetensorsWriter.write(to, weights.arrays(), type, metadata);
    }
  }
}
