package io.scalekv.cli;

import io.scalekv.model.Drawing;
import io.scalekv.model.ModelConfig;
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
      paramLabel = "X",
      defaultValue = "3",
      description = "Guidance strength on the logits; 1 is none (default: ${DEFAULT-VALUE}).")
  private double cfg = 3;

  @Option(
      names = "--tau",
      paramLabel = "X",
      defaultValue = "1",
      description =
          "Temperature of the logits; 0 takes the likeliest code (default: ${DEFAULT-VALUE}).")
  private double tau = 1;

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
    Sampling sampling = new Sampling(cfg, tau, topP);
    return new Drawing(size.schedule(config), size.aspect(), sampling, negative, seed, seeds);
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
