package io.scalekv.experiment;

import io.scalekv.io.AtomicFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Runs that several experiments in one folder have in common. The id of a run is the hash of all
 * that its result depends on, so a result of one experiment serves the others; it keeps the name of
 * the experiment that it was measured for.
 */
public final class SharedResults {
  private SharedResults() {}

  /**
   * Copies results, with the images that are there, of runs that an experiment lacks and a
   * neighbouring folder has.
   *
   * @param results of the experiment; its neighbours are read in the order of their names
   * @return number of copied results
   */
  public static int take(ResultFolder results, List<Experiment.Planned> runs) throws IOException {
    List<ResultFolder> others = results.neighbours();
    int taken = 0;
    for (Experiment.Planned run : runs) {
      if (results.find(run.id()).isEmpty()) {
        taken += take(results, others, run.id()) ? 1 : 0;
      }
    }
    return taken;
  }

  private static boolean take(ResultFolder results, List<ResultFolder> others, String id)
      throws IOException {
    for (ResultFolder other : others) {
      Optional<RunResult> found = other.find(id);
      if (found.isPresent()) {
        copyImages(other.images(id), results.images(id));
        results.write(found.get());
        return true;
      }
    }
    return false;
  }

  private static void copyImages(Path from, Path to) throws IOException {
    if (!Files.isDirectory(from)) {
      return;
    }
    List<Path> images;
    try (Stream<Path> all = Files.list(from)) {
      images = all.filter(Files::isRegularFile).sorted().toList();
    }
    for (Path image : images) {
      AtomicFile.write(to.resolve(image.getFileName()), Files.readAllBytes(image));
    }
  }
}
