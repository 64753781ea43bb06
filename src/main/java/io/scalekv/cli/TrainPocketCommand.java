package io.scalekv.cli;

import io.scalekv.io.AtomicFile;
import io.scalekv.report.LossCurve;
import io.scalekv.train.PocketTraining;
import io.scalekv.train.Recipe;
import java.io.IOException;
import java.nio.file.Path;
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
      "  ./scalekv train pocket-xl --from pocket-xl --steps 2000"
    })
final class TrainPocketCommand implements Callable<Integer> {
  private final Recipe recipe;

  @Mixin private MachineOptions machine;
  @Mixin private Output output;
  @Mixin private TrainingOptions training;

  @HelpGroup(HelpGroup.Heading.OUTPUT)
  @Option(
      names = "--out",
      paramLabel = "DIR",
      description = "Folder of checkpoints, curves and the model (default: out/train-MODEL).")
  private Path out;

  @Option(
      names = "--vae-steps",
      paramLabel = "N",
      converter = Choice.NotNegative.class,
      description =
          "Updates of the image tokenizer, 0 for the shipped one (default: ${DEFAULT-VALUE}).")
  private Integer vaeSteps;

  @Option(
      names = "--steps",
      paramLabel = "N",
      converter = Choice.Positive.class,
      description =
          "Updates of the transformer; a larger number continues an earlier training (default:"
              + " ${DEFAULT-VALUE}).")
  private Integer steps;

  @Option(
      names = "--decay-steps",
      paramLabel = "N",
      converter = Choice.NotNegative.class,
      description = "Last updates, with a falling learning rate (default: ${DEFAULT-VALUE}).")
  private Integer decaySteps;

  @Option(
      names = "--learning-rate",
      paramLabel = "X",
      description = "Peak learning rate of the transformer (default: ${DEFAULT-VALUE}).")
  private Double learningRate;

  @Option(
      names = "--tokens",
      paramLabel = "N",
      converter = Choice.Positive.class,
      description = "Tokens of a batch, about (default: ${DEFAULT-VALUE}).")
  private Integer tokens;

  @Option(
      names = "--from",
      paramLabel = "NAME|DIR",
      description =
          "Model whose weights are the initial ones, a shipped one or a folder with transformer and"
              + " tokenizer (default: pocket for pocket-l, random for the others).")
  private String from;

  TrainPocketCommand(Recipe recipe) {
    this.recipe = recipe;
  }

  @Override
  public Integer call() throws IOException {
    output.resumable();
    machine.device().check();
    Recipe r = recipe;
    Path folder = out == null ? Path.of("out", "train-" + r.model()) : out;
    AtomicFile.removeLeft(OutputFolder.prepare(folder));
    Recipe asked =
        new Recipe(
            r.model(),
            training.seed(),
            vaeSteps,
            r.from(),
            steps,
            Math.min(decaySteps, steps),
            learningRate,
            r.averaging(),
            r.curriculum(),
            tokens,
            training.bf16());
    PocketTraining.Result result =
        PocketTraining.run(
            new PocketTraining.Options(
                asked, machine.device(), folder, training.checkpointEvery(), from),
            output::log);
    String axis = "loss (nats per bit, maps weighted by side)";
    LossCurve.ofCsv(result.curve(), r.model() + " transformer", axis)
        .writePng(folder.resolve("loss.png"));
    output.json(result);
    output.line("model %s, loss curve %s", result.folder(), folder.resolve("loss.png"));
    output.next("models", "--verify", result.folder());
    return 0;
  }
}
