package io.scalekv.cli;

import io.scalekv.model.ModelConfig;
import java.util.Optional;
import picocli.CommandLine.Option;

/** Another depth, width or number of heads than the model's, for random weights. */
final class GeometryOptions implements CheckedOptions {
  @Option(
      names = "--depth",
      paramLabel = "N",
      description = "With --random-weights: so many layers (default: the model's).")
  private Integer depth;

  @Option(
      names = "--width",
      paramLabel = "C",
      description =
          "With --random-weights: so many channels; the feed-forward part grows with it (default:"
              + " the model's).")
  private Integer width;

  @Option(
      names = "--heads",
      paramLabel = "H",
      description = "With --random-weights: so many heads (default: of the model's head width).")
  private Integer heads;

  @Option(
      names = "--text-tokens",
      paramLabel = "N",
      description =
          "With --random-weights: random text of so many tokens for every prompt (default: one a"
              + " word and one for the end).")
  private Integer textTokens;

  /** The model in the shape that was asked for. */
  ModelConfig of(ModelConfig model) {
    return depth == null && width == null && heads == null
        ? model
        : model.withGeometry(
            Optional.ofNullable(depth), Optional.ofNullable(width), Optional.ofNullable(heads));
  }

  /** Text tokens of every prompt, or 0 for those of its words. */
  int textTokens() {
    return textTokens == null ? 0 : textTokens;
  }

  /** Whether nothing was asked for. */
  boolean isEmpty() {
    return depth == null && width == null && heads == null && textTokens == null;
  }

  @Override
  public void check() {
    range("--depth", depth, 1000);
    range("--width", width, 1 << 16);
    range("--heads", heads, 1 << 14);
    range("--text-tokens", textTokens, 512);
  }

  private static void range(String name, Integer value, int most) {
    if (value != null) {
      Check.range(name, value, 1, most);
    }
  }
}
