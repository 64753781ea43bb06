package io.scalekv.cli;

import io.scalekv.cache.ScaleSchedule;
import io.scalekv.io.Require;
import io.scalekv.model.Drawing;
import io.scalekv.model.DrawingOption;
import io.scalekv.model.ModelConfig;
import io.scalekv.model.PerScale;
import io.scalekv.model.Sampling;
import java.util.List;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Drawing options: seeds, sampling, size and batch; prompts are {@link PromptOptions}. */
@HelpGroup(HelpGroup.Heading.DRAWING)
final class DrawingOptions {
  /** Description of the guidance. */
  static final String CFG =
      "Guidance strength, for all scales or one a scale, or a file of them; 1 is none (default:"
          + " 3). var: one number, grows over the scales, 0 is none (default: 1.5).";

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

  @Option(names = "--cfg", paramLabel = "X[,X...]|FILE", description = CFG)
  private PerScale cfg;

  @Option(
      names = "--cfg-until",
      paramLabel = "K",
      converter = Choice.Positive.class,
      description =
          "No guidance behind scale K; the cache of the unconditional branch is freed; not"
              + " for var.")
  private Integer cfgUntil;

  @Option(
      names = "--cfg-insertion-layer",
      paramLabel = "N",
      description =
          "0: guidance on the logits; -N: on the output of the N-th layer from the end; not for var"
              + " (default: 0).")
  private Integer cfgInsertionLayer;

  @Option(
      names = "--tau",
      paramLabel = "X[,X...]|FILE",
      description =
          "Temperature of the logits, as --cfg; 0 takes the likeliest code; not for var (default:"
              + " 1).")
  private PerScale tau;

  @Option(
      names = "--top-p",
      paramLabel = "P",
      description =
          "Nucleus of each code, at most 1; 0 for all of var's (default: 0.97; var 0.96).")
  private Double topP;

  @Option(
      names = "--more-smooth",
      description = "Mix codes into the input of the next scale, for looks; var alone.")
  private Boolean moreSmooth;

  @Mixin private SizeOptions size = new SizeOptions();

  @Option(names = "--negative", paramLabel = "TEXT", description = "Negative prompt; not for var.")
  private String negative;

  @Option(
      names = "--batch",
      paramLabel = "N",
      defaultValue = "1",
      converter = Choice.Positive.class,
      description =
          "Images drawn together; budgets in bytes count all (default: ${DEFAULT-VALUE}).")
  private Integer batch = 1;

  /**
   * Returns how the images of a model are drawn.
   *
   * @param topK codes that are drawn, or null for the family's default
   */
  Drawing drawing(ModelConfig config, Integer topK) {
    check(DrawingOption.TAU, tau, config);
    check(DrawingOption.TOP_K, topK, config);
    check(DrawingOption.MORE_SMOOTH, moreSmooth, config);
    check(DrawingOption.NEGATIVE, negative, config);
    check(DrawingOption.CFG_UNTIL, cfgUntil, config);
    check(DrawingOption.CFG_INSERTION_LAYER, cfgInsertionLayer, config);
    ScaleSchedule schedule = size.schedule(config);
    Sampling sampling =
        config
            .sampling()
            .with(cfg, tau, topK, topP, moreSmooth)
            .insertedAt(cfgInsertionLayer == null ? 0 : cfgInsertionLayer);
    if (cfgUntil != null) {
      Require.between("--cfg-until", cfgUntil, 1, schedule.scales());
      sampling = sampling.guidedUntil(cfgUntil, schedule.scales());
    }
    String text = negative == null ? "" : negative;
    return new Drawing(schedule, size.aspect(), sampling, text, seed, seeds);
  }

  /** Checks that the model's family has an option, if it is given. */
  static void check(DrawingOption option, Object given, ModelConfig config) {
    config.family().check(given == null ? List.of() : List.of(option));
  }

  /** Returns the seed of each prompt's first image. */
  int seed() {
    return seed;
  }

  /** Returns the images drawn together. */
  int batch() {
    return batch;
  }
}
