package io.scalekv.cli;

import io.scalekv.cache.CacheType;
import io.scalekv.io.Require;
import io.scalekv.model.ImageModel;
import io.scalekv.model.LoadOptions;
import io.scalekv.model.ModelChoice;
import io.scalekv.model.ModelConfig;
import io.scalekv.model.ModelIdentity;
import io.scalekv.model.RandomWeights;
import io.scalekv.roles.CalibratedModel;
import java.nio.file.Path;
import java.util.List;
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
      description =
          "Name of ./scalekv list models, or a folder with a config.json (default:" + " pocket).")
  private String model;

  @Option(
      names = "--weights",
      paramLabel = "DIR[#STATE_DICT]",
      description =
          "Folder of the checkpoint files; shipped models need none. Of a training file, the"
              + " trained weights are read, or those under another key, such as #gpt_ema_fsdp.")
  private Path weights;

  @Option(
      names = "--dtype",
      paramLabel = "fp32|bf16",
      description = "Number format of weights and activations (default: fp32).")
  private Dtype dtype;

  @Option(
      names = "--random-weights",
      paramLabel = "SEED[,DEPTHxWIDTHxHEADS[,text=N]]",
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

  /** Takes name and number format of results where none is given. */
  void take(ModelIdentity results) {
    model = model == null ? results.name() : model;
    dtype = dtype == null ? Choice.of(Dtype.class).convert(results.dtype()) : dtype;
  }

  /** Returns the model and the origin of its weights. */
  ModelChoice choice() {
    ModelChoice choice =
        new ModelChoice(
            model == null ? "pocket" : model, weights == null ? null : weights.toString(), random);
    checkTexts(choice);
    return choice;
  }

  /** Returns the configuration, in the shape of {@code --random-weights} if given. */
  ModelConfig config() {
    return choice().config();
  }

  /** Returns the model of role files that do not name one, at a size. */
  CalibratedModel calibrated(SizeOptions size) {
    ModelConfig config = config();
    return new CalibratedModel(
        config.name(),
        CalibratedModel.UNKNOWN_WEIGHTS,
        config.geometry().layers(),
        config.geometry().heads(),
        size.schedule(config));
  }

  /** Returns whether the weights are random. */
  boolean isRandom() {
    return random != null;
  }

  /** Returns the number format in which values are computed. */
  CacheType valueType() {
    return dtype == Dtype.BF16 ? CacheType.BF16 : CacheType.FP32;
  }

  /**
   * Checks the options against a model that an experiment names.
   *
   * @param results number format of the experiment, {@code fp32} or {@code bf16}
   */
  void check(ModelChoice named, String results) {
    Require.that(
        dtype == null || dtype == Choice.of(Dtype.class).convert(results),
        "--dtype must be %s, the dtype of the experiment",
        results);
    checkTexts(named);
  }

  private void checkTexts(ModelChoice used) {
    if (textEmbeddings != null) {
      LoadOptions options = LoadOptions.of(false).withTextEmbeddings(textEmbeddings);
      options.check(used.config(), used.randomWeights() != null);
    }
  }

  /** Returns how the model is loaded. */
  LoadOptions loading(MachineOptions machine, boolean images) {
    return new LoadOptions(dtype == Dtype.BF16, images, machine.device())
        .withTextEmbeddings(textEmbeddings);
  }

  /**
   * Loads the model. Texts are encoded before the transformer is loaded, so that the two never
   * share the memory.
   *
   * @param texts prompts and negative prompt that will be drawn; others are encoded when they come
   * @param images whether pixels are decoded, which takes the image tokenizer
   */
  ImageModel open(MachineOptions machine, List<String> texts, boolean images, Output output) {
    LoadOptions options =
        loading(machine, images).withTexts(texts.stream().filter(t -> !t.isEmpty()).toList());
    try (LoadProgress progress = new LoadProgress(output)) {
      return choice().open(options, progress);
    }
  }
}
