package io.scalekv.cli;

import io.scalekv.io.Require;
import io.scalekv.vocabtrim.train.VocabTrimTraining;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;
import picocli.CommandLine.Option;

/** Options of a small pair of language models. */
final class VocabTrimOptions {
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

  /** Checks the ranges. */
  void check() {
    Require.between("--vocabulary", vocabulary, 258, 1 << 20);
    Require.between("--length", length, 2, 1023);
  }

  /** Trains tokenizer, target and draft model; each resumes. */
  VocabTrimTraining.Result train(
      Path out,
      Duration every,
      int draftSteps,
      int rows,
      double rate,
      int seed,
      boolean bf16,
      Consumer<String> log) {
    return VocabTrimTraining.run(
        new VocabTrimTraining.Options(
            out,
            every,
            Optional.ofNullable(text),
            vocabulary,
            steps,
            draftSteps,
            rows,
            length,
            rate,
            seed,
            bf16),
        log);
  }
}
