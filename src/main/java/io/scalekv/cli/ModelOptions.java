package io.scalekv.cli;

import io.scalekv.experiment.ModelChoice;
import io.scalekv.experiment.ShippedCalibrations;
import io.scalekv.io.Require;
import io.scalekv.model.CheckpointFolder;
import io.scalekv.model.ImageModel;
import io.scalekv.model.LoadOptions;
import io.scalekv.model.ModelConfig;
import io.scalekv.model.ModelSource;
import io.scalekv.model.text.T5Text;
import io.scalekv.model.text.TextFeatureStore;
import io.scalekv.roles.RolesDocument;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Option;

/** Model options: which configuration, and the source of its weights. */
@HelpGroup(HelpGroup.Heading.MODEL)
final class ModelOptions {
  /** Number format of weights and activations. */
  enum Dtype {
    /** IEEE 754 binary32. */
    FP32,
    /** bfloat16. */
    BF16
  }

  @Option(
      names = "--model",
      paramLabel = "NAME|DIR",
      defaultValue = "pocket",
      description =
          "Name of ./scalekv list models, or a folder with a config.json (default:"
              + " ${DEFAULT-VALUE}).")
  private String model = "pocket";

  @Option(
      names = "--weights",
      paramLabel = "DIR",
      description = "Folder of the checkpoint files; shipped models need none.")
  private Path weights;

  @Option(
      names = "--dtype",
      paramLabel = "fp32|bf16",
      defaultValue = "fp32",
      description = "Number format of weights and activations (default: ${DEFAULT-VALUE}).")
  private Dtype dtype = Dtype.FP32;

  @Option(
      names = "--random-weights",
      paramLabel = "SEED[,DEPTHxWIDTHxHEADS[,text=N]]",
      converter = RandomWeights.Converter.class,
      description =
          "Random weights, in another shape and with N text tokens if given: for memory and speed,"
              + " not for images.")
  private RandomWeights random;

  @Option(
      names = "--text-embeddings",
      paramLabel = "FILE",
      description =
          "File of text embeddings: read if there, extended by new prompts; a prompt in it needs no"
              + " text encoder.")
  private Path textEmbeddings;

  /** Returns the configuration, in the shape of {@code --random-weights} if given. */
  ModelConfig config() {
    Optional<ModelConfig> named =
        ModelConfig.all().stream().filter(c -> c.name().equals(model)).findFirst();
    Path file = Path.of(model, "config.json");
    Require.that(
        named.isPresent() || Files.isRegularFile(file),
        "--model must be a name of ./scalekv list models or a folder with a config.json, got %s%s",
        model,
        Choice.near(model, ModelConfig.all().stream().map(ModelConfig::name).toList()));
    ModelConfig config = named.orElseGet(() -> ModelConfig.read(file));
    return random == null ? config : random.of(config);
  }

  private boolean isName() {
    return ModelConfig.all().stream().anyMatch(c -> c.name().equals(model));
  }

  /** Returns the source of the weights. */
  ModelSource source() {
    Require.that(weights == null || random == null, "give either --weights or --random-weights");
    if (random != null) {
      return new ModelSource.Random(random.seed(), random.textTokens());
    }
    if (weights != null) {
      Require.that(Files.isDirectory(weights), "--weights must be a folder, got %s", weights);
      return new ModelSource.Folder(weights);
    }
    if (!isName()) {
      return new ModelSource.Folder(Path.of(model));
    }
    Require.that(
        ModelConfig.shipped().contains(config()),
        "missing weights of %s: give --weights DIR or --random-weights SEED",
        model);
    return new ModelSource.Shipped();
  }

  /** Returns the same choice as an experiment names it. */
  ModelChoice choice() {
    return new ModelChoice(
        model, weights == null ? null : weights.toString(), random == null ? null : random.seed());
  }

  /** Returns the calibration shipped with the model, if its weights are shipped. */
  Optional<RolesDocument> shippedCalibration() {
    return isName() && weights == null && random == null
        ? ShippedCalibrations.of(config())
        : Optional.empty();
  }

  /** Returns whether the weights are random. */
  boolean isRandom() {
    return random != null;
  }

  /** Returns the number format of weights and activations. */
  Dtype dtype() {
    return dtype;
  }

  /** Returns how the model is loaded. */
  LoadOptions loading(MachineOptions machine, boolean images) {
    return new LoadOptions(dtype == Dtype.BF16, images, machine.device());
  }

  /**
   * Loads the model. Texts are encoded before the transformer is loaded, so that the two never
   * share the memory.
   *
   * @param texts prompts and negative prompt that will be drawn; others are encoded when they come
   * @param images whether pixels are decoded, which takes the image tokenizer
   */
  ImageModel open(MachineOptions machine, List<String> texts, boolean images, Output output) {
    ModelConfig config = config();
    ModelSource source = source();
    machine.device().check();
    boolean encodes = config.text().equals(ModelConfig.T5) && source instanceof ModelSource.Folder;
    Require.that(
        encodes || textEmbeddings == null,
        "--text-embeddings must not be given for model %s, which has no text encoder",
        config.name());
    int width = config.transformer().textWidth();
    TextFeatureStore store =
        textEmbeddings == null
            ? TextFeatureStore.inMemory(width)
            : TextFeatureStore.open(textEmbeddings, width);
    try (LoadProgress progress = new LoadProgress(output.quiet(), output.err())) {
      if (encodes && source instanceof ModelSource.Folder given) {
        List<String> missing = store.missing(texts.stream().filter(t -> !t.isEmpty()).toList());
        CheckpointFolder files = CheckpointFolder.find(given.folder(), config, !missing.isEmpty());
        files.check(config);
        T5Text.addMissing(store, files.text(), width, missing, progress);
      }
      return ImageModel.open(config, source, loading(machine, images), store, progress);
    }
  }
}
