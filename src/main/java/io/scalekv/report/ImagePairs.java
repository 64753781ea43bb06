package io.scalekv.report;

import io.scalekv.experiment.ExperimentFile;
import io.scalekv.experiment.Run;
import io.scalekv.image.ContactSheet;
import io.scalekv.image.Png;
import io.scalekv.image.RgbImage;
import io.scalekv.io.Require;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Pairs of the first images of an experiment under its policies and of the full cache, where both
 * were stored.
 */
record ImagePairs(List<String> prompts, List<Path> full, List<RunImages> runs) {
  /** Factor of differences on a contact sheet. */
  static final int AMPLIFIED = 4;

  private static final int MOST_PROMPTS = 8;
  private static final int LEAST_SIDE = 128;

  /** Images of a policy in the order of the prompts. */
  record RunImages(ResultRow row, List<Path> files) {}

  ImagePairs {
    prompts = List.copyOf(prompts);
    full = List.copyOf(full);
    runs = List.copyOf(runs);
  }

  /** Returns the pairs of an experiment; without policies where no images were stored. */
  static ImagePairs of(ReportSource.Folder experiment) {
    ExperimentFile file = experiment.results().file();
    List<String> texts =
        file.promptSha256() == null ? List.of() : file.promptSets().get(file.promptSha256());
    Path references = references(experiment.path(), file.reference());
    List<RunImages> runs = new ArrayList<>();
    List<Path> full = new ArrayList<>();
    List<String> prompts = new ArrayList<>();
    if (references == null || texts == null) {
      return new ImagePairs(prompts, full, runs);
    }
    for (ResultRow row : ResultRow.of(experiment.results())) {
      if (!row.cuts() || row.run().kind() != Run.Kind.POLICY) {
        continue;
      }
      if (full.isEmpty()) {
        for (int p = 0; p < Math.min(MOST_PROMPTS, row.run().prompts().count()); p++) {
          Path image = references.resolve(Run.Prompts.file(p, row.run().prompts().firstSeed()));
          if (p < texts.size() && Files.isRegularFile(image)) {
            full.add(image);
            prompts.add(texts.get(p));
          }
        }
      }
      Path folder = experiment.path().resolve("images").resolve(row.row().id());
      List<Path> files = new ArrayList<>();
      for (int p = 0; p < full.size(); p++) {
        files.add(folder.resolve(Run.Prompts.file(p, row.run().prompts().firstSeed())));
      }
      boolean known = runs.stream().anyMatch(c -> c.row().row().id().equals(row.row().id()));
      if (!known && !files.isEmpty() && files.stream().allMatch(Files::isRegularFile)) {
        runs.add(new RunImages(row, files));
      }
    }
    return new ImagePairs(prompts, full, runs);
  }

  /**
   * Returns the folder of the full cache's images: in the experiment, or a shared one next to it.
   */
  private static Path references(Path folder, String id) {
    if (id == null) {
      return null;
    }
    Path parent = folder.toAbsolutePath().normalize().getParent();
    for (Path root : parent == null ? List.of(folder) : List.of(folder, parent)) {
      Path references = root.resolve("reference").resolve(id);
      if (Files.isDirectory(references)) {
        return references;
      }
    }
    return null;
  }

  /** Returns a sheet of one row per prompt: full cache, policy, and the amplified difference. */
  RgbImage sheet(RunImages run) throws IOException {
    List<RgbImage> images = new ArrayList<>();
    List<String> labels = new ArrayList<>();
    int side = 1;
    for (int p = 0; p < prompts.size(); p++) {
      RgbImage a = Png.read(full.get(p));
      RgbImage b = Png.read(run.files().get(p));
      images.addAll(List.of(a, b, difference(a, b)));
      labels.addAll(
          List.of("full: " + prompts.get(p), run.row().row().label(), "difference × " + AMPLIFIED));
      side = Math.max(side, a.width());
    }
    int zoom = Math.max(1, (LEAST_SIDE + side - 1) / side);
    return ContactSheet.of(images, labels, 6, zoom);
  }

  /** Returns |a − b| of each channel, amplified. */
  static RgbImage difference(RgbImage a, RgbImage b) {
    Require.that(
        a.width() == b.width() && a.height() == b.height(),
        "sizes must be equal, got %s and %s",
        a,
        b);
    byte[] x = a.rgb();
    byte[] y = b.rgb();
    byte[] d = new byte[x.length];
    for (int i = 0; i < d.length; i++) {
      int by = Math.abs((x[i] & 0xff) - (y[i] & 0xff));
      d[i] = (byte) Math.min(255, AMPLIFIED * by);
    }
    return RgbImage.of(a.width(), a.height(), d);
  }
}
