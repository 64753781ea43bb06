package io.scalekv.cli;

import io.scalekv.io.AtomicFile;
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
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Trains the pocket model: its tokenizer, then its transformer. */
@Command(
    name = "pocket",
    description =
        "Train the pocket model, tokenizer first. Can be stopped at any moment; the same command"
            + " goes on from the last checkpoint.")
final class TrainPocketCommand implements Callable<Integer> {
  /** What the command reports. */
  record Report(String folder, String lossCurve) {}

  @Spec private CommandSpec spec;
  @Mixin private GlobalOptions global;
  @Mixin private JsonOption json;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      defaultValue = "out/train-pocket",
      description = "Folder for checkpoints, curves and the model (default: ${DEFAULT-VALUE}).")
  private Path out;

  @Option(
      names = "--config",
      paramLabel = "pocket|pocket-l|pocket-xl",
      defaultValue = "pocket",
      description =
          "Which one to train: seven maps at 64 px, nine at 96 px, or ten at 128 px"
              + " (default: ${DEFAULT-VALUE}).")
  private String config;

  @Option(
      names = "--vae-steps",
      paramLabel = "N",
      defaultValue = "2200",
      description = "Updates of the tokenizer (default: ${DEFAULT-VALUE}).")
  private int vaeSteps;

  @Option(
      names = "--steps",
      paramLabel = "N",
      defaultValue = "20000",
      description =
          "Updates of the transformer; a larger number goes on from where an earlier run ended"
              + " (default: ${DEFAULT-VALUE}).")
  private int steps;

  @Option(
      names = "--decay-steps",
      paramLabel = "N",
      defaultValue = "4000",
      description =
          "Of these, the last N with a falling learning rate (default: ${DEFAULT-VALUE}).")
  private int decaySteps;

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
      description = "Tokens of a batch, about (default: ${DEFAULT-VALUE}).")
  private int tokens;

  @Option(
      names = "--from",
      paramLabel = "DIR",
      description = "Start from the weights of this model folder instead of random ones.")
  private Path from;

  @Option(
      names = "--checkpoint-every",
      paramLabel = "SECONDS",
      defaultValue = "180",
      description =
          "Time between checkpoints, from which a run goes on (default: ${DEFAULT-VALUE}).")
  private int checkpointEvery;

  @Override
  public Integer call() throws IOException {
    Check.range("--vae-steps", vaeSteps, 1, 10_000_000);
    Check.range("--steps", steps, 1, 100_000_000);
    Check.range("--decay-steps", decaySteps, 0, steps);
    Check.range("--learning-rate", learningRate, 1e-7, 1);
    Check.range("--tokens", tokens, 600, 1_000_000);
    Check.range("--checkpoint-every", checkpointEvery, 0, 1_000_000);
    ModelConfig model = model();
    AtomicFile.removeLeft(OutputFolder.prepare(out));
    PocketTraining.Result result =
        PocketTraining.run(
            new PocketTraining.Options(
                model,
                out,
                Duration.ofSeconds(checkpointEvery),
                vaeSteps,
                steps,
                decaySteps,
                learningRate,
                config.equals("pocket-xl") ? Curriculum.GROWING : Curriculum.LAST_MAPS,
                tokens,
                global.seed(),
                global.bf16(),
                from),
            line -> {
              if (!global.quiet()) {
                spec.commandLine().getErr().println(line);
                spec.commandLine().getErr().flush();
              }
            });
    LossCurve.ofCsv(result.curve(), model.name() + " transformer")
        .writePng(out.resolve("loss.png"));
    json.print(
        spec.commandLine().getOut(),
        new Report(result.folder().toString(), result.curve().toString()),
        r -> "trained model in " + r.folder() + " (--model " + r.folder() + ")");
    return 0;
  }

  private ModelConfig model() {
    return switch (config) {
      case "pocket" -> ModelConfig.pocket();
      case "pocket-l" -> ModelConfig.pocketL();
      case "pocket-xl" -> ModelConfig.pocketXl();
      default ->
          throw new IllegalArgumentException(
              "--config must be pocket, pocket-l or pocket-xl, got " + config);
    };
  }
}
