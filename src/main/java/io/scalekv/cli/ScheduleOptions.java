package io.scalekv.cli;

import io.scalekv.cache.ScaleSchedule;
import io.scalekv.model.ModelConfig;
import java.util.Optional;
import picocli.CommandLine.Option;

/** Which of a model's token maps: size and aspect ratio of the image. */
final class ScheduleOptions implements CheckedOptions {
  @Option(
      names = "--size",
      paramLabel = "0.06M|0.25M|0.60M|1M",
      description = "Pixels of the image (default: the model's own).")
  private String size;

  @Option(
      names = "--aspect",
      paramLabel = "R",
      defaultValue = "1.0",
      description = "Height over width, 0.333 to 3.0 (default: ${DEFAULT-VALUE}).")
  private double aspect = 1;

  /** {@code 0.06M}, {@code 0.25M}, {@code 0.60M} or {@code 1M}, if given. */
  Optional<String> size() {
    return Optional.ofNullable(size);
  }

  /** Aspect ratio, 0.333 to 3. */
  double aspect() {
    return aspect;
  }

  /** Returns the token maps that a model has at this size. */
  ScaleSchedule of(ModelConfig config) {
    return config.schedule(size(), aspect);
  }

  @Override
  public void check() {
    if (size != null) {
      Check.oneOf("--size", size, "0.06M", "0.25M", "0.60M", "1M");
    }
    Check.range("--aspect", aspect, 0.333, 3);
  }
}
