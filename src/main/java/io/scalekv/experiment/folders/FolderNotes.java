package io.scalekv.experiment.folders;

import io.scalekv.experiment.folders.FolderScores.Kind;
import io.scalekv.image.ImageFile;
import io.scalekv.image.ImageFile.Trait;
import io.scalekv.metrics.Interval;
import io.scalekv.metrics.Ladder;
import io.scalekv.metrics.Metric;
import io.scalekv.metrics.Psnr;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** Notes below a table of scores: each said once, with the rows or files that it is about. */
final class FolderNotes {
  private static final int MOST_NAMES = 5;

  private final ImageFile.Options reading;
  private final Map<String, Set<String>> ofRows = new LinkedHashMap<>();

  FolderNotes(ImageFile.Options reading) {
    this.reading = reading;
  }

  /** Adds the notes of a row. */
  void ofRow(String name, List<String> notes) {
    notes.forEach(n -> ofRows.computeIfAbsent(n, k -> new LinkedHashSet<>()).add(name));
  }

  List<String> lines(
      List<FolderScores.Row> rows,
      List<Metric> metrics,
      List<FolderScores.Test> tests,
      Map<String, List<String>> unpaired) {
    List<String> lines = new ArrayList<>();
    unpaired.forEach(
        (folder, ids) ->
            lines.add("only in " + folder + ": " + ids.size() + " images, " + some(ids)));
    missing(rows, lines);
    traits(rows).forEach((text, files) -> lines.add(text + ": " + some(List.copyOf(files))));
    ofRows.forEach(
        (note, names) ->
            lines.add(names.size() == rows.size() ? note : some(List.copyOf(names)) + ": " + note));
    counts(rows, lines);
    otherSeed(rows, tests, lines);
    for (List<Ladder> ladder : List.of(Ladder.JPEG, Ladder.BLUR)) {
      ladder(rows, metrics, ladder, lines);
    }
    return lines;
  }

  /** Adds the images of other rows that a folder lacks. */
  private static void missing(List<FolderScores.Row> rows, List<String> lines) {
    Set<String> all = new TreeSet<>();
    rows.forEach(r -> r.pairs().forEach(p -> all.add(p.id())));
    for (FolderScores.Row row : rows) {
      Set<String> lacking = new TreeSet<>(all);
      row.pairs().forEach(p -> lacking.remove(p.id()));
      if (row.images() != null && !lacking.isEmpty()) {
        lines.add(
            "missing in "
                + row.images()
                + ": "
                + lacking.size()
                + " images, "
                + some(List.copyOf(lacking)));
      }
    }
  }

  private static String some(List<String> names) {
    String first = String.join(", ", names.subList(0, Math.min(MOST_NAMES, names.size())));
    return names.size() <= MOST_NAMES
        ? first
        : first + " and " + (names.size() - MOST_NAMES) + " more";
  }

  private Map<String, Set<String>> traits(List<FolderScores.Row> rows) {
    Map<Trait, Set<String>> files = new TreeMap<>();
    for (FolderScores.Row row : rows) {
      for (PairScore p : row.pairs()) {
        p.referenceTraits()
            .forEach(t -> files.computeIfAbsent(t, k -> new TreeSet<>()).add(p.referenceFile()));
        p.imageTraits()
            .forEach(t -> files.computeIfAbsent(t, k -> new TreeSet<>()).add(p.imageFile()));
      }
    }
    Map<String, Set<String>> byText = new LinkedHashMap<>();
    files.forEach((t, f) -> byText.put(f.size() + " files with " + t.text(reading), f));
    return byText;
  }

  private static void counts(List<FolderScores.Row> rows, List<String> lines) {
    long different =
        rows.stream()
            .filter(r -> r.kind() == Kind.CANDIDATE)
            .map(r -> r.pairs().size())
            .distinct()
            .count();
    if (different > 1) {
      lines.add(
          "candidates differ in their number of pairs: compare them by the tests, which are over"
              + " common pairs");
    }
    if (rows.stream().anyMatch(r -> !r.ruler() && r.identical() > 0)) {
      lines.add(
          "identical pairs have no finite PSNR and are left out of its mean: rank by PSNR of the"
              + " mean MSE, which has all pairs");
    }
    rows.stream()
        .filter(r -> r.kind() == Kind.IDENTICAL)
        .findFirst()
        .ifPresent(
            r ->
                lines.add(
                    "identical, jpeg and blur are made of "
                        + r.pairs().size()
                        + " reference images"));
  }

  private static void otherSeed(
      List<FolderScores.Row> rows, List<FolderScores.Test> tests, List<String> lines) {
    Set<String> seeds = new TreeSet<>();
    rows.stream().filter(r -> r.kind() == Kind.OTHER_SEED).forEach(r -> seeds.add(r.name()));
    Map<String, Set<String>> lost = new LinkedHashMap<>();
    for (FolderScores.Test t : tests) {
      if (seeds.contains(t.b()) && !t.a().equals(t.better())) {
        lost.computeIfAbsent(t.a(), k -> new LinkedHashSet<>()).add(t.metric());
      }
    }
    lost.forEach(
        (name, keys) ->
            lines.add(
                "%s is not significantly closer to the reference than another seed (%s) in %s: nothing there shows that it has kept the image, and rankings there are not results"
                    .formatted(name, String.join(", ", seeds), String.join(", ", keys))));
  }

  /** Returns the value to compare rows by: over all pairs, identical ones too. */
  private static double ranked(FolderScores.Row row, Metric m) {
    Interval v = row.values().get(m.key());
    return m == Psnr.METRIC ? row.psnrOfMeanMseDb() : v == null ? Double.NaN : v.ranked();
  }

  private static void ladder(
      List<FolderScores.Row> rows, List<Metric> metrics, List<Ladder> ladder, List<String> lines) {
    List<String> broken = new ArrayList<>();
    for (Metric m : metrics) {
      double before = Double.NaN;
      boolean monotone = true;
      for (Ladder rung : ladder) {
        double value =
            rows.stream()
                .filter(r -> r.kind() == Kind.DISTORTION && r.name().equals(rung.label()))
                .findFirst()
                .map(r -> ranked(r, m))
                .orElse(Double.NaN);
        double now = m.higherIsBetter() ? -value : value;
        monotone &= !(now < before);
        before = now;
      }
      if (!monotone) {
        broken.add(m.key());
      }
    }
    if (!broken.isEmpty()) {
      lines.add(
          "not monotone on %s to %s here: %s"
              .formatted(
                  ladder.get(0).label(),
                  ladder.get(ladder.size() - 1).label(),
                  String.join(", ", broken)));
    }
  }
}
