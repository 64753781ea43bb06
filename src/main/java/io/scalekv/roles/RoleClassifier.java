package io.scalekv.roles;

import java.util.List;
import java.util.OptionalInt;

/**
 * Tells drafters from refiners. Every classifier is deterministic: equal statistics give equal
 * roles.
 */
public sealed interface RoleClassifier permits RankClassifier, KMeansClassifier, HdbscanClassifier {
  /** Names on the command line, the paper's rule first. */
  List<String> NAMES = List.of("rank", "gap", "otsu", "knee", "k-means", "hdbscan");

  /** Its name on the command line and in files. */
  String name();

  /** Whether it looks at the features; otherwise the metric is all it needs. */
  boolean readsFeatures();

  /** The roles of every layer and scale. */
  ClassifiedRoles classify(RoleStatistics statistics);

  /**
   * The classifier of a name.
   *
   * @param drafters N_d for {@code rank}; empty for its default and for all others
   * @param seed of what is random: {@code k-means}
   */
  static RoleClassifier of(String name, OptionalInt drafters, long seed) {
    if (drafters.isPresent() && !name.equals("rank") && NAMES.contains(name)) {
      throw new IllegalArgumentException(
          "number of drafters: classifier rank expected, got " + name + ", which finds it itself");
    }
    return switch (name) {
      case "rank" -> new RankClassifier(new DrafterCount.Given(drafters));
      case "gap" -> new RankClassifier(new DrafterCount.LargestGap());
      case "otsu" -> new RankClassifier(new DrafterCount.Otsu());
      case "knee" -> new RankClassifier(new DrafterCount.Knee());
      case "k-means" -> new KMeansClassifier(seed);
      case "hdbscan" -> new HdbscanClassifier();
      default ->
          throw new IllegalArgumentException(
              "classifier: one of " + String.join(", ", NAMES) + " expected, got " + name);
    };
  }
}
