package io.scalekv.cli;

import io.scalekv.cache.Allocation;
import io.scalekv.cache.Budget;
import io.scalekv.io.Require;
import io.scalekv.profile.LayerStatistic;
import io.scalekv.profile.ProfileOptions;
import io.scalekv.roles.CalibrationRun;
import io.scalekv.roles.RoleBootstrap;
import io.scalekv.roles.RoleClassifier;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Function;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Statistic options: which statistic and rule assign roles, at which budget. */
@HelpGroup(HelpGroup.Heading.STATISTICS)
final class StatisticOptions {
  /** Converter of classifiers by name. */
  static final class Classifier extends Choice<String> {
    Classifier() {
      super(RoleClassifier.NAMES, Function.identity());
    }
  }

  /** Treatment of drafters that the prompts do not settle. */
  enum Unsure {
    /** The equal share of the refiners. */
    EQUAL,
    /** As their rank says. */
    RANKED
  }

  @Option(
      names = "--budget",
      paramLabel = "B",
      defaultValue = "10%",
      description =
          "Mean cache of a layer and head: 10%%, 650t (tokens), paper-20, paper-10, paper-4, or"
              + " bytes such as 3900MiB (default: 10%%).")
  private Budget budget;

  @Option(
      names = "--statistic",
      paramLabel = "NAME",
      defaultValue = "asi",
      description =
          "Statistic that assigns roles, see ./scalekv list statistics (default:"
              + " ${DEFAULT-VALUE}).")
  private LayerStatistic statistic;

  @Option(
      names = "--classifier",
      paramLabel = "NAME",
      defaultValue = "rank",
      converter = Classifier.class,
      description =
          "Rule that assigns roles, see ./scalekv list classifiers (default: ${DEFAULT-VALUE}).")
  private String classifier;

  @Option(
      names = "--drafters",
      paramLabel = "N",
      converter = Choice.NotNegative.class,
      description =
          "Number of drafters N_d of classifier rank (default: 6.5%% of the layer-scale pairs with"
              + " a compressed cache).")
  private Integer drafters;

  @Option(
      names = "--allocation",
      paramLabel = "released|paper",
      defaultValue = "released",
      description =
          "How drafters and refiners share the budget: the rule of the released budget files, or"
              + " eq. 4 of the paper (default: ${DEFAULT-VALUE}).")
  private Allocation allocation;

  @Option(
      names = "--bootstrap",
      paramLabel = "N",
      defaultValue = "" + RoleBootstrap.DRAWS,
      converter = Choice.NotNegative.class,
      description =
          "Resamples of the prompts behind the confidence in each role; 0 for none (default:"
              + " ${DEFAULT-VALUE}).")
  private Integer bootstrap;

  @Option(
      names = "--unsure",
      paramLabel = "equal|ranked",
      description =
          "Drafters with a confidence below 0.8: the refiners' equal share, or a drafter's as in"
              + " the paper (default: equal; ranked with --drafters).")
  private Unsure unsure;

  @Option(
      names = "--parts",
      paramLabel = "NAME",
      split = ",",
      description =
          "Further parts to measure: error-curves, in further passes (default: the parts that"
              + " need no further pass).")
  private List<String> parts = List.of();

  @Mixin private SamplingOptions sampling;
  @Mixin private FormatOptions formats;

  /**
   * Returns the options of a calibration.
   *
   * @param seed of the draws of query rows and prompts
   */
  CalibrationRun.Options options(SourceOptions.Attention attention, int seed) {
    Require.that(
        drafters == null || classifier.equals("rank"),
        "--drafters must come with --classifier rank, got %s",
        classifier);
    Set<String> measured = new HashSet<>(attention.tappedParts());
    measured.addAll(parts);
    return new CalibrationRun.Options(
        sampling.options(ProfileOptions.defaults(), seed),
        statistic,
        budget,
        attention.memory().apply(formats),
        allocation,
        RoleClassifier.of(
            classifier, drafters == null ? OptionalInt.empty() : OptionalInt.of(drafters), seed),
        bootstrap,
        !(unsure == null ? drafters != null : unsure == Unsure.RANKED),
        seed,
        measured);
  }
}
