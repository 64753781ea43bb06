package io.scalekv.cli;

import io.scalekv.cache.ScaleSchedule;
import io.scalekv.model.DrawingOption;
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
      description = "Pixels of the image; not for var (default: the model's own).")
  private String size;

  @Option(
      names = "--aspect",
      paramLabel = "R",
      description = "Height over width, 0.333 to 3.0; not for var (default: 1.0).")
  private Double aspect;

  /** Returns the published ratio of height over width that is drawn. */
  double aspect() {
    return Schedules.nearestRatio(asked());
  }

  /** Returns the token maps of a model at this size; prints the ratio if it is another one. */
  ScaleSchedule schedule(ModelConfig config) {
    DrawingOptions.check(DrawingOption.SIZE, size, config);
    DrawingOptions.check(DrawingOption.ASPECT, aspect, config);
    ScaleSchedule schedule = config.schedule(Optional.ofNullable(size), asked());
    if (command != null && aspect() != asked()) {
      command
          .commandLine()
          .getErr()
          .printf(
              Locale.ROOT, "--aspect %s is no published ratio: %s is taken%n", asked(), aspect());
    }
    return schedule;
  }

  private double asked() {
    return aspect == null ? 1 : aspect;
  }
}
