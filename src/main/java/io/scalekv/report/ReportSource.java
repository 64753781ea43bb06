package io.scalekv.report;

import io.scalekv.experiment.ExperimentFile;
import io.scalekv.experiment.Results;
import io.scalekv.io.Require;
import io.scalekv.roles.Calibration;
import io.scalekv.roles.CalibrationFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Source of a report: a folder with one experiment, or with one in each of its folders. Optional
 * are {@code calibration/profile.csv}, {@code calibration/roles.json} and {@code kept/NAME.json},
 * each with its image as {@code kept/NAME.png}.
 *
 * @param folder the folder
 * @param experiments tables first, then figures, then others, by name
 * @param profile a profile of the attention
 * @param roles a calibration
 * @param kept retained tokens of policies
 */
record ReportSource(
    Path folder,
    List<Folder> experiments,
    Optional<ProfileTable> profile,
    Optional<Calibration> roles,
    List<Kept> kept) {
  /** Experiment and its folder. */
  record Folder(Path path, Results results) {}

  /** Retained tokens and the file of their image, or null. */
  record Kept(KeptShares shares, Path image) {}

  ReportSource {
    experiments = List.copyOf(experiments);
    kept = List.copyOf(kept);
  }

  /**
   * Reads a folder.
   *
   * @throws IllegalArgumentException if there is no experiment or a file is damaged
   */
  static ReportSource read(Path folder) throws IOException {
    List<Folder> experiments = new ArrayList<>();
    if (Files.isRegularFile(folder.resolve(ExperimentFile.NAME))) {
      experiments.add(new Folder(folder, Results.read(folder)));
    } else if (Files.isDirectory(folder)) {
      for (Path below : children(folder)) {
        if (Files.isRegularFile(below.resolve(ExperimentFile.NAME))) {
          experiments.add(new Folder(below, Results.read(below)));
        }
      }
    }
    Require.that(
        !experiments.isEmpty(),
        "missing %s in %s or a folder below: run sweep",
        ExperimentFile.NAME,
        folder);
    experiments.sort(
        Comparator.comparingInt((Folder f) -> place(f.results().file().name()))
            .thenComparing(f -> f.results().file().name()));
    List<Kept> kept = new ArrayList<>();
    if (Files.isDirectory(folder.resolve("kept"))) {
      for (Path file : children(folder.resolve("kept"))) {
        String name = file.getFileName().toString();
        if (name.endsWith(".json")) {
          Path image = file.resolveSibling(name.substring(0, name.length() - 5) + ".png");
          kept.add(new Kept(KeptShares.read(file), Files.isRegularFile(image) ? image : null));
        }
      }
    }
    Path profile = first(folder, "profile.csv");
    Path roles = first(folder, "roles.json");
    return new ReportSource(
        folder,
        experiments,
        profile == null ? Optional.empty() : Optional.of(ProfileTable.read(profile)),
        roles == null ? Optional.empty() : Optional.of(CalibrationFile.read(roles)),
        kept);
  }

  private static int place(String name) {
    return name.startsWith("table") ? 0 : name.startsWith("fig") ? 1 : 2;
  }

  private static List<Path> children(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.sorted().toList();
    }
  }

  private static Path first(Path folder, String name) {
    for (Path file : List.of(folder.resolve("calibration").resolve(name), folder.resolve(name))) {
      if (Files.isRegularFile(file)) {
        return file;
      }
    }
    return null;
  }
}
