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
 * Source of a report: a folder with one experiment, or with one in each of its folders. Optional is
 * {@code calibration/roles.json} or {@code roles.json}.
 *
 * @param experiments tables first, then figures, then others, by name
 * @param roles a calibration
 */
record ReportSource(List<Folder> experiments, Optional<Calibration> roles) {
  /** Experiment and its folder. */
  record Folder(Path path, Results results) {}

  ReportSource {
    experiments = List.copyOf(experiments);
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
    Optional<Calibration> roles = Optional.empty();
    for (Path file :
        List.of(folder.resolve("calibration/roles.json"), folder.resolve("roles.json"))) {
      if (roles.isEmpty() && Files.isRegularFile(file)) {
        roles = Optional.of(CalibrationFile.read(file));
      }
    }
    return new ReportSource(experiments, roles);
  }

  private static int place(String name) {
    return name.startsWith("table") ? 0 : name.startsWith("fig") ? 1 : 2;
  }

  private static List<Path> children(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.sorted().toList();
    }
  }
}
