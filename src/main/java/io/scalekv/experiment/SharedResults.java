package io.scalekv.experiment;

import io.scalekv.io.AtomicFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * Cells that several experiments in one folder have in common. As the id of a cell is the hash of
 * all that its result depends on, the result that one experiment has is that of the others; it goes
 * on naming the experiment that it was measured for.
 */
public final class SharedResults {
  private SharedResults() {}

  /**
   * Copies the results, with the images that are there, of those cells that an experiment lacks and
   * another one beside it has.
   *
   * @param folder of the experiment's results, whose neighbours are looked at in the order of their
   *     names
   * @param cells of the experiment
   * @return how many were copied
   */
  public static int take(Path folder, List<Experiment.Planned> cells) throws IOException {
    List<Path> others;
    try (Stream<Path> all = Files.list(folder.toAbsolutePath().getParent())) {
      others =
          all.filter(f -> Files.isRegularFile(f.resolve(ExperimentFile.NAME)))
              .filter(f -> !f.getFileName().equals(folder.getFileName()))
              .sorted()
              .toList();
    }
    int taken = 0;
    for (Experiment.Planned cell : cells) {
      taken += take(folder, others, cell.id()) ? 1 : 0;
    }
    return taken;
  }

  private static boolean take(Path folder, List<Path> others, String id) throws IOException {
    if (CellSession.finished(folder, id).isPresent()) {
      return false;
    }
    for (Path other : others) {
      if (CellSession.finished(other, id).isPresent()) {
        copyImages(other.resolve("images").resolve(id), folder.resolve("images").resolve(id));
        byte[] result = Files.readAllBytes(ExperimentFile.cell(other, id));
        AtomicFile.write(ExperimentFile.cell(folder, id), result);
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
