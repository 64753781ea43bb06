package io.scalekv.cli;

import io.scalekv.cache.ScaleSchedule;
import io.scalekv.model.ModelConfig;
import io.scalekv.model.Schedules;
import java.util.Locale;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Size of the image: the token maps of a model. */
@HelpGroup(HelpGroup.Heading.DRAWING)
final class SizeOptions {
  /** Converter of a size. */
  static final class Size extends Choice<String> {
    Size() {
      super(Schedules.SIZES, s -> s);
    }
  }

  @Spec(Spec.Target.MIXEE)
  private CommandSpec command;

  @Option(
      names = "--size",
      paramLabel = "0.06M|0.25M|0.60M|1M",
      converter = Size.class,
      description = "Pixels of the image (default: the model's own).")
  private String size;

  @Option(
      names = "--aspect",
      paramLabel = "R",
      defaultValue = "1.0",
      description = "Height over width, 0.333 to 3.0 (default: ${DEFAULT-VALUE}).")
  private double aspect = 1;

  /** Returns the size, if given. */
  Optional<String> size() {
    return Optional.ofNullable(size);
  }

  /** Returns the published ratio of height over width that is drawn. */
  double aspect() {
    return Schedules.nearestRatio(aspect);
  }

  /** Returns the token maps of a model at this size; prints the ratio if it is another one. */
  ScaleSchedule schedule(ModelConfig config) {
    ScaleSchedule schedule = config.schedule(size(), aspect);
    if (command != null && aspect() != aspect) {
      command
          .commandLine()
          .getErr()
          .printf(
              Locale.ROOT, "--aspect %s is no published ratio: %s is taken%n", aspect, aspect());
    }
    return schedule;
  }
}
