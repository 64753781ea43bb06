package io.scalekv.cli;

import io.scalekv.io.Require;
import io.scalekv.model.ComputeDevice;
import io.scalekv.model.Drawing;
import io.scalekv.model.ModelConfig;
import io.scalekv.model.Sampling;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** How images are drawn from a model. */
final class GenerationOptions implements CheckedOptions {
  private static final double MOST = 100;

  @Option(
      names = "--cfg",
      paramLabel = "X",
      defaultValue = "3",
      description = "Guidance on the logits; 1 is none (default: ${DEFAULT-VALUE}).")
  private double cfg = 3;

  @Option(
      names = "--tau",
      paramLabel = "X",
      defaultValue = "1",
      description =
          "Temperature of the bits; 0 takes the more likely bit (default: ${DEFAULT-VALUE}).")
  private double tau = 1;

  @Option(
      names = "--top-p",
      paramLabel = "P",
      defaultValue = "0.97",
      description = "Nucleus of each bit, above 0 and at most 1 (default: ${DEFAULT-VALUE}).")
  private double topP = 0.97;

  @Mixin private ScheduleOptions schedule = new ScheduleOptions();

  @Option(
      names = "--negative",
      paramLabel = "TEXT",
      defaultValue = "",
      description = "What the image should not show.")
  private String negative = "";

  @Option(
      names = "--device",
      paramLabel = "cpu|cuda",
      defaultValue = "cpu",
      description = "Where to compute (default: ${DEFAULT-VALUE}).")
  private String device = "cpu";

  @Option(
      names = "--text-features",
      paramLabel = "FILE",
      description =
          "Keep the text encoder's output in this file and reuse it; a prompt that it holds needs"
              + " no text encoder.")
  private Path textEmbeddings;

  /** Guidance factor on the logits, 0 to 100; 1 is none. */
  double cfg() {
    return cfg;
  }

  /** Temperature, 0 to 100; 0 takes the more likely bit. */
  double tau() {
    return tau;
  }

  /** Returns the probability mass kept of each bit, above 0 and at most 1. */
  double topP() {
    return topP;
  }

  /** {@code 0.06M}, {@code 0.25M}, {@code 0.60M} or {@code 1M}, if given. */
  Optional<String> size() {
    return schedule.size();
  }

  /** Aspect ratio, 0.333 to 3. */
  double aspect() {
    return schedule.aspect();
  }

  /** Returns the negative prompt; empty for none. */
  String negative() {
    return negative;
  }

  /** Returns where to compute. */
  ComputeDevice device() {
    return ComputeDevice.parse(device);
  }

  /** Returns where text embeddings are kept, if asked for. */
  Optional<Path> textEmbeddings() {
    return Optional.ofNullable(textEmbeddings);
  }

  /** Returns how the images are drawn. */
  Drawing drawing(ModelConfig config, long seed) {
    return new Drawing(
        config.schedule(size(), aspect()), aspect(), new Sampling(cfg, tau, topP), negative, seed);
  }

  @Override
  public void check() {
    Check.range("--cfg", cfg, 0, MOST);
    Check.range("--tau", tau, 0, MOST);
    Require.that(topP > 0 && topP <= 1, "--top-p must be above 0 and at most 1, got %s", topP);
    schedule.check();
    Check.oneOf("--device", device, "cpu", "cuda");
  }
}
