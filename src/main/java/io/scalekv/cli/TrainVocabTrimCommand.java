package io.scalekv.cli;

import io.scalekv.io.AtomicFile;
import io.scalekv.io.Require;
import io.scalekv.report.LossCurve;
import io.scalekv.report.ReportTable;
import io.scalekv.vocabtrim.pair.ModelPair;
import io.scalekv.vocabtrim.train.VocabTrimTraining;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Trainer of a pair of small language models, or of an EAGLE draft model for a real target. */
@Command(
    name = "vocabtrim",
    description =
        "Trains a target and a one-layer draft model for speculative decoding, tokenizer first, or,"
            + " with --target, an EAGLE draft model on the target's own answers; interrupted, the"
            + " same command resumes.",
    footer = {
      "  ./scalekv train vocabtrim",
      "  ./scalekv train vocabtrim --target model.gguf --prompts code=code.jsonl --out out/eagle"
    })
final class TrainVocabTrimCommand implements Callable<Integer> {
  @Mixin private ThreadOptions threads;
  @Mixin private Output output;
  @Mixin private TrainingOptions training;

  @Option(
      names = "--text",
      paramLabel = "DIR",
      description = "Folder of UTF-8 text files to train on instead of the synthetic language.")
  private Path text;

  @Option(
      names = "--vocabulary",
      paramLabel = "N",
      defaultValue = "8192",
      converter = Choice.Positive.class,
      description = "Tokens of the tokenizer, at most (default: ${DEFAULT-VALUE}).")
  private Integer vocabulary;

  @Option(
      names = "--steps",
      paramLabel = "N",
      defaultValue = "700",
      converter = Choice.Positive.class,
      description = "Updates of the target (default: ${DEFAULT-VALUE}).")
  private Integer steps;

  @Option(
      names = "--length",
      paramLabel = "N",
      defaultValue = "160",
      converter = Choice.Positive.class,
      description = "Tokens of a row (default: ${DEFAULT-VALUE}).")
  private Integer length;

  @Mixin private EagleOptions eagle;

  @HelpGroup(HelpGroup.Heading.OUTPUT)
  @Option(
      names = "--out",
      paramLabel = "DIR",
      defaultValue = "out/train-vocabtrim",
      description = "Folder of checkpoints, curves and the two models (default: ${DEFAULT-VALUE}).")
  private Path out;

  @Option(
      names = "--draft-steps",
      paramLabel = "N",
      defaultValue = "400",
      converter = Choice.Positive.class,
      description = "Updates of the draft model (default: ${DEFAULT-VALUE}).")
  private Integer draftSteps;

  @Option(
      names = "--rows",
      paramLabel = "N",
      defaultValue = "16",
      converter = Choice.Positive.class,
      description = "Rows of a batch (default: ${DEFAULT-VALUE}).")
  private Integer rows;

  @Option(
      names = "--learning-rate",
      paramLabel = "X",
      description = "Peak learning rate (default: 0.004; with --target 0.0015).")
  private Double learningRate;

  @Override
  public Integer call() throws IOException {
    output.resumable();
    Require.between("--vocabulary", vocabulary, 258, 1 << 20);
    Require.between("--length", length, 2, 1023);
    AtomicFile.removeLeft(OutputFolder.prepare(out));
    if (eagle.target != null) {
      return eagle();
    }
    VocabTrimTraining.Result result =
        VocabTrimTraining.run(
            new VocabTrimTraining.Options(
                out,
                training.checkpointEvery(),
                Optional.ofNullable(text),
                vocabulary,
                steps,
                draftSteps,
                rows,
                length,
                learningRate == null ? 0.004 : learningRate,
                training.seed(),
                training.bf16()),
            output::log);
    for (String name : new String[] {ModelPair.TARGET, ModelPair.DRAFTER}) {
      LossCurve.ofCsv(out.resolve(name + "-curve.csv"), name, "loss (nats a token)")
          .writePng(out.resolve(name + "-loss.png"));
    }
    output.json(result);
    output.table(
        List.of("model", "parameters", "held-out loss (nats)"),
        List.of(
            Output.row(result.target(), result.targetParameters(), result.targetLossNats()),
            Output.row(result.draft(), result.draftParameters(), result.draftLossNats())),
        row -> Output.row(row.get(0), row.get(1), ReportTable.fixed((Double) row.get(2), 3)));
    output.next("vocabtrim", "run", "experiments/vocabtrim/mbsu.yaml", "--pair", out);
    return 0;
  }

  private int eagle() throws IOException {
    EagleOptions.Result result =
        eagle.train(
            out,
            training,
            draftSteps,
            rows,
            learningRate == null ? 0.0015 : learningRate,
            output::log);
    LossCurve.ofCsv(out.resolve("eagle-curve.csv"), "EAGLE", "loss (nats a token, and states)")
        .writePng(out.resolve("eagle-loss.png"));
    output.json(result);
    output.line("draft model %s of %s", result.draft(), result.target());
    output.next(
        "vocabtrim",
        "run",
        "experiments/vocabtrim/eagle.yaml",
        "--target",
        result.target(),
        "--draft-model",
        out,
        "--prompts",
        "DOMAIN=FILE");
    return 0;
  }
}
