package io.scalekv.cli;

import io.scalekv.cache.ScaleSchedule;
import io.scalekv.io.Require;
import io.scalekv.model.Drawing;
import io.scalekv.model.ModelConfig;
import io.scalekv.model.PerScale;
import io.scalekv.model.Sampling;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Drawing options: seeds, sampling, size and batch; prompts are {@link PromptOptions}. */
@HelpGroup(HelpGroup.Heading.DRAWING)
final class DrawingOptions {
  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "0",
      converter = Choice.NotNegative.class,
      description = "Seed of each prompt's first image (default: ${DEFAULT-VALUE}).")
  private Integer seed = 0;

  @Option(
      names = "--seeds",
      paramLabel = "K",
      defaultValue = "1",
      converter = Choice.Positive.class,
      description = "Images a prompt, with seeds N to N+K-1 (default: ${DEFAULT-VALUE}).")
  private Integer seeds = 1;

  @Option(
      names = "--cfg",
      paramLabel = "X[,X...]|FILE",
      defaultValue = "3",
      description =
          "Guidance strength, for all scales or one a scale, or a file of them; 1 is none (default:"
              + " ${DEFAULT-VALUE}).")
  private PerScale cfg = PerScale.of(3);

  @Option(
      names = "--cfg-until",
      paramLabel = "K",
      converter = Choice.Positive.class,
      description = "No guidance behind scale K; the cache of the unconditional branch is freed.")
  private Integer cfgUntil;

  @Option(
      names = "--cfg-insertion-layer",
      paramLabel = "N",
      defaultValue = "0",
      description =
          "0: guidance on the logits; -N: on the output of the N-th layer from the end (default:"
              + " ${DEFAULT-VALUE}).")
  private int cfgInsertionLayer;

  @Option(
      names = "--tau",
      paramLabel = "X[,X...]|FILE",
      defaultValue = "1",
      description =
          "Temperature of the logits, as --cfg; 0 takes the likeliest code (default:"
              + " ${DEFAULT-VALUE}).")
  private PerScale tau = PerScale.of(1);

  @Option(
      names = "--top-p",
      paramLabel = "P",
      defaultValue = "0.97",
      description = "Nucleus of each code, above 0 and at most 1 (default: ${DEFAULT-VALUE}).")
  private double topP = 0.97;

  @Mixin private SizeOptions size = new SizeOptions();

  @Option(
      names = "--negative",
      paramLabel = "TEXT",
      defaultValue = "",
      description = "Negative prompt.")
  private String negative = "";

  @Option(
      names = "--batch",
      paramLabel = "N",
      defaultValue = "1",
      converter = Choice.Positive.class,
      description =
          "Images drawn together; budgets in bytes count all (default: ${DEFAULT-VALUE}).")
  private Integer batch = 1;

  /** Returns how the images of a model are drawn. */
  Drawing drawing(ModelConfig config) {
    ScaleSchedule schedule = size.schedule(config);
    Sampling sampling = Sampling.of(cfg, tau, topP, cfgInsertionLayer);
    if (cfgUntil != null) {
      Require.between("--cfg-until", cfgUntil, 1, schedule.scales());
      sampling = sampling.guidedUntil(cfgUntil, schedule.scales());
    }
    return new Drawing(schedule, size.aspect(), sampling, negative, seed, seeds);
  }

  /** Returns the seed of each prompt's first image. */
  int seed() {
    return seed;
  }

  /** Returns the images drawn together. */
  int batch() {
    return batch;
  }

  /** Returns the negative prompt; empty for none. */
  String negative() {
    return negative;
  }
}
