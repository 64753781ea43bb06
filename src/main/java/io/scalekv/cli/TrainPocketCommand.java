package io.scalekv.cli;

import io.scalekv.io.AtomicFile;
import io.scalekv.model.ModelCatalog;
import io.scalekv.model.ModelConfig;
import io.scalekv.report.LossCurve;
import io.scalekv.train.Curriculum;
import io.scalekv.train.PocketTraining;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Trainer of a pocket model: its image tokenizer, then its transformer. */
@Command(
    description =
        "Trains a pocket model, image tokenizer first; interrupted, the same command resumes from"
            + " the last checkpoint.",
    footer = {
      "  ./scalekv train pocket",
      "  ./scalekv train pocket-l --from out/train-pocket-l/model --steps 30000"
    })
final class TrainPocketCommand implements Callable<Integer> {
  /** Model that can be trained. */
  enum Model {
    /** Seven maps, 64x64 px. */
    POCKET("pocket", Curriculum.LAST_MAPS),
    /** Nine maps, 96x96 px. */
    POCKET_L("pocket-l", Curriculum.LAST_MAPS),
    /** Ten maps, 128x128 px. */
    POCKET_XL("pocket-xl", Curriculum.GROWING);

    private final String name;
    private final Curriculum curriculum;

    Model(String name, Curriculum curriculum) {
      this.name = name;
      this.curriculum = curriculum;
    }

    /** Returns the configuration. */
    ModelConfig config() {
      return ModelCatalog.config(name);
    }
  }

  /** JSON document. */
  record Report(String folder, String lossCurve) {}

  private final Model model;

  @Mixin private MachineOptions machine;
  @Mixin private Output output;

  @HelpGroup(HelpGroup.Heading.OUTPUT)
  @Option(
      names = "--out",
      paramLabel = "DIR",
      description = "Folder of checkpoints, curves and the model (default: out/train-MODEL).")
  private Path out;

  @Option(
      names = "--dtype",
      paramLabel = "fp32|bf16",
      defaultValue = "fp32",
      description = "Number format of the blocks' products (default: ${DEFAULT-VALUE}).")
  private ModelOptions.Dtype dtype;

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "0",
      converter = Choice.NotNegative.class,
      description = "Seed of data, noise and initial weights (default: ${DEFAULT-VALUE}).")
  private Integer seed;

  @Option(
      names = "--vae-steps",
      paramLabel = "N",
      defaultValue = "2200",
      converter = Choice.Positive.class,
      description = "Updates of the image tokenizer (default: ${DEFAULT-VALUE}).")
  private Integer vaeSteps;

  @Option(
      names = "--steps",
      paramLabel = "N",
      defaultValue = "20000",
      converter = Choice.Positive.class,
      description =
          "Updates of the transformer; a larger number continues an earlier training (default:"
              + " ${DEFAULT-VALUE}).")
  private Integer steps;

  @Option(
      names = "--decay-steps",
      paramLabel = "N",
      defaultValue = "4000",
      converter = Choice.NotNegative.class,
      description = "Last updates, with a falling learning rate (default: ${DEFAULT-VALUE}).")
  private Integer decaySteps;

  @Option(
      names = "--learning-rate",
      paramLabel = "X",
      defaultValue = "0.002",
      description = "Peak learning rate of the transformer (default: ${DEFAULT-VALUE}).")
  private double learningRate;

  @Option(
      names = "--tokens",
      paramLabel = "N",
      defaultValue = "4200",
      converter = Choice.Positive.class,
      description = "Tokens of a batch, about (default: ${DEFAULT-VALUE}).")
  private Integer tokens;

  @Option(
      names = "--from",
      paramLabel = "DIR",
      description = "Model folder whose weights are the initial ones (default: random weights).")
  private Path from;

  @Option(
      names = "--checkpoint-every",
      paramLabel = "SECONDS",
      defaultValue = "180",
      converter = Choice.NotNegative.class,
      description = "Time between checkpoints (default: ${DEFAULT-VALUE}).")
  private Integer checkpointEvery;

  TrainPocketCommand(Model model) {
    this.model = model;
  }

  @Override
  public Integer call() throws IOException {
    output.resumable();
    ModelConfig config = model.config();
    Path folder = out == null ? Path.of("out", "train-" + config.name()) : out;
    AtomicFile.removeLeft(OutputFolder.prepare(folder));
    PocketTraining.Result result =
        PocketTraining.run(
            new PocketTraining.Options(
                config,
                folder,
                Duration.ofSeconds(checkpointEvery),
                vaeSteps,
                steps,
                decaySteps,
                learningRate,
                model.curriculum,
                tokens,
                seed,
                dtype == ModelOptions.Dtype.BF16,
                from),
            output::log);
    LossCurve.ofCsv(result.curve(), config.name() + " transformer")
        .writePng(folder.resolve("loss.png"));
    output.json(new Report(result.folder().toString(), result.curve().toString()));
    output.line("model %s, loss curve %s", result.folder(), folder.resolve("loss.png"));
    output.next("models", "--verify", result.folder());
    return 0;
  }
}
