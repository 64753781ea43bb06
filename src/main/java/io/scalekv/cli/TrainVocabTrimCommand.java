package io.scalekv.cli;

import io.scalekv.io.AtomicFile;
import io.scalekv.report.LossCurve;
import io.scalekv.vocabtrim.pair.ModelPair;
import io.scalekv.vocabtrim.train.VocabTrimTraining;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Trains a small pair of language models: tokenizer, target, drafter. */
@Command(
    name = "vocabtrim",
    description =
        "Train a small target and a one-layer drafter for speculative decoding, tokenizer first."
            + " Can be stopped at any moment; the same command goes on from the last checkpoint.")
final class TrainVocabTrimCommand implements Callable<Integer> {
  /** What the command reports. */
  record Report(
      String target,
      String drafter,
      int vocabulary,
      long targetParameters,
      long drafterParameters,
      double targetLossNats,
      double drafterLossNats) {
    static Report of(VocabTrimTraining.Result r) {
      return new Report(
          r.target().toString(),
          r.drafter().toString(),
          r.vocabulary(),
          r.targetParameters(),
          r.drafterParameters(),
          r.targetLossNats(),
          r.drafterLossNats());
    }
  }

  @Spec private CommandSpec spec;
  @Mixin private GlobalOptions global;
  @Mixin private JsonOption json;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      defaultValue = "out/train-vocabtrim",
      description =
          "Folder for checkpoints, curves and the two models (default: ${DEFAULT-VALUE}).")
  private Path out;

  @Option(
      names = "--text",
      paramLabel = "DIR",
      description = "Folder of UTF-8 text files to train on instead of the synthetic language.")
  private Path text;

  @Option(
      names = "--vocabulary",
      paramLabel = "N",
      defaultValue = "8192",
      description = "Tokens of the tokenizer, at most (default: ${DEFAULT-VALUE}).")
  private int vocabulary;

  @Option(
      names = "--steps",
      paramLabel = "N",
      defaultValue = "700",
      description = "Updates of the target (default: ${DEFAULT-VALUE}).")
  private int steps;

  @Option(
      names = "--drafter-steps",
      paramLabel = "N",
      defaultValue = "400",
      description = "Updates of the drafter (default: ${DEFAULT-VALUE}).")
  private int drafterSteps;

  @Option(
      names = "--rows",
      paramLabel = "N",
      defaultValue = "16",
      description = "Rows of a batch (default: ${DEFAULT-VALUE}).")
  private int rows;

  @Option(
      names = "--length",
      paramLabel = "N",
      defaultValue = "160",
      description = "Tokens of a row (default: ${DEFAULT-VALUE}).")
  private int length;

  @Option(
      names = "--learning-rate",
      paramLabel = "X",
      defaultValue = "0.004",
      description = "Peak learning rate (default: ${DEFAULT-VALUE}).")
  private double learningRate;

  @Option(
      names = "--checkpoint-every",
      paramLabel = "SECONDS",
      defaultValue = "60",
      description =
          "Time between checkpoints, from which a run goes on (default: ${DEFAULT-VALUE}).")
  private int checkpointEvery;

  @Override
  public Integer call() throws IOException {
    Check.range("--vocabulary", vocabulary, 258, 1 << 20);
    Check.range("--steps", steps, 1, 100_000_000);
    Check.range("--drafter-steps", drafterSteps, 1, 100_000_000);
    Check.range("--rows", rows, 1, 100_000);
    Check.range("--length", length, 2, 1023);
    Check.range("--learning-rate", learningRate, 1e-7, 1);
    Check.range("--checkpoint-every", checkpointEvery, 0, 1_000_000);
    AtomicFile.removeLeft(OutputFolder.prepare(out));
    VocabTrimTraining.Result result =
        VocabTrimTraining.run(
            new VocabTrimTraining.Options(
                out,
                Duration.ofSeconds(checkpointEvery),
                Optional.ofNullable(text),
                vocabulary,
                steps,
                drafterSteps,
                rows,
                length,
                learningRate,
                global.seed(),
                global.bf16()),
            line -> {
              if (!global.quiet()) {
                spec.commandLine().getErr().println(line);
                spec.commandLine().getErr().flush();
              }
            });
    for (String name : new String[] {ModelPair.TARGET, ModelPair.DRAFTER}) {
      LossCurve.ofCsv(out.resolve(name + "-curve.csv"), name, "loss (nats a token)")
          .writePng(out.resolve(name + "-loss.png"));
    }
    json.print(
        spec.commandLine().getOut(),
        Report.of(result),
        r ->
            String.format(
                Locale.ROOT,
                "trained %s (%,d parameters, held-out loss %.3f) and %s (%,d, %.3f)",
                r.target(),
                r.targetParameters(),
                r.targetLossNats(),
                r.drafter(),
                r.drafterParameters(),
                r.drafterLossNats()));
    return 0;
  }
}
