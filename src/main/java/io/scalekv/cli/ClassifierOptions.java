package io.scalekv.cli;

import io.scalekv.roles.RoleBootstrap;
import io.scalekv.roles.RoleClassifier;
import java.util.OptionalInt;
import picocli.CommandLine.Option;

/** Which rule makes roles of the statistics, and how often it is tried on other draws. */
final class ClassifierOptions implements CheckedOptions {
  @Option(
      names = "--classifier",
      paramLabel = "NAME",
      defaultValue = "rank",
      description =
          "How roles are told: rank (the paper's rule with N_d drafters), gap, otsu or knee (N_d"
              + " chosen by the z-scores), k-means or hdbscan (clusters of all dispersion"
              + " features) (default: ${DEFAULT-VALUE}).")
  private String classifier = "rank";

  @Option(
      names = "--bootstrap",
      paramLabel = "N",
      defaultValue = "" + RoleBootstrap.DRAWS,
      description =
          "Draws of prompts behind the confidence in each role; 0 for none (default:"
              + " ${DEFAULT-VALUE}).")
  private int bootstrap = RoleBootstrap.DRAWS;

  @Override
  public void check() {
    Check.oneOf("--classifier", classifier, RoleClassifier.NAMES.toArray(String[]::new));
    Check.range("--bootstrap", bootstrap, 0, 1_000_000);
  }

  /** The classifier. */
  RoleClassifier classifier(OptionalInt drafters, long seed) {
    if (drafters.isPresent() && !classifier.equals("rank")) {
      throw new IllegalArgumentException(
          "--drafters: --classifier rank expected, got %s, which finds the number itself"
              .formatted(classifier));
    }
    return RoleClassifier.of(classifier, drafters, seed);
  }

  /** Draws of the bootstrap. */
  int bootstrap() {
    return bootstrap;
  }
}
