package io.scalekv.roles;

import io.scalekv.io.Require;
import java.util.List;
import java.util.OptionalInt;

/**
 * Classifier of layer–scale pairs into drafters and refiners. Deterministic: equal statistics give
 * equal roles.
 */
public sealed interface RoleClassifier permits RankClassifier, KMeansClassifier, HdbscanClassifier {
  /** Names on the command line, the paper's rule first. */
  List<String> NAMES = List.of("rank", "gap", "otsu", "knee", "k-means", "hdbscan");

  /** Its name on the command line and in files. */
  String name();

  /** Returns whether it reads other statistics than the one that orders layers. */
  boolean readsOthers();

  /** Returns the roles of every layer and scale. */
  ClassifiedRoles classify(RoleStatistics statistics);

  /**
   * Returns the classifier of a name.
   *
   * @param drafters N_d for {@code rank}; empty for its default and for all others
   * @param seed of what is random: {@code k-means}
   */
  static RoleClassifier of(String name, OptionalInt drafters, long seed) {
    Require.that(
        drafters.isEmpty() || name.equals("rank") || !NAMES.contains(name),
        "classifier %s finds the number of drafters itself, got %s",
        name,
        drafters);
    return switch (name) {
      case "rank", "gap", "otsu", "knee" -> new RankClassifier(name, drafters);
      case "k-means" -> new KMeansClassifier(seed);
      case "hdbscan" -> new HdbscanClassifier();
      default ->
          throw new IllegalArgumentException(
              "classifier must be one of " + String.join(", ", NAMES) + ", got " + name);
    };
  }
}
