package io.scalekv.report;

import io.scalekv.experiment.folders.FolderScores;
import io.scalekv.experiment.folders.FolderScores.Row;
import io.scalekv.experiment.folders.PairScore;
import io.scalekv.image.ImageFile;
import io.scalekv.image.Png;
import io.scalekv.image.RgbImage;
import io.scalekv.metrics.CleanFidResize;
import io.scalekv.metrics.FidelityMetric;
import io.scalekv.metrics.FloatImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * HTML page of scored folders, complete in one file: the tables, and a flip view of the worst and
 * the median pairs of each candidate by each metric, as many as there is room for. The page is the
 * Mustache template {@code score.html}.
 */
final class ScorePage {
  private static final long MOST_IMAGE_BYTES = HtmlReport.MOST_BYTES * 9 / 10;
  private static final int LONGEST_SIDE = 512;
  private static final int WORST = 3;

  /** Metric of the flip view; the median rank of each candidate, where 1 is the worst. */
  private record FlipMetric(String key, String label, int digits, Map<String, Integer> medians) {}

  /** Pair of the flip view; a value without a finite number is null. */
  private record FlipPair(
      String id,
      String candidate,
      String caption,
      String image,
      Map<String, Double> values,
      Map<String, Integer> ranks) {}

  /** Data of the flip view; images are data URIs. */
  private record Flip(
      List<String> candidates,
      List<FlipMetric> metrics,
      Map<String, String> references,
      List<FlipPair> pairs) {}

  private final ScoreReport report;
  private final FolderScores scores;
  private final List<MetricColumn> columns;
  private final Map<PairScore, Map<String, Integer>> ranks = new HashMap<>();
  private long left = MOST_IMAGE_BYTES;

  ScorePage(ScoreReport report, List<MetricColumn> columns) {
    this.report = report;
    this.scores = report.scores();
    this.columns = columns.stream().filter(c -> c.metric() instanceof FidelityMetric).toList();
  }

  /** Returns the page. */
  String text() throws IOException {
    Flip flip = flip();
    Map<String, Object> page = new LinkedHashMap<>();
    page.put("title", report.table().title());
    page.put("findings", findings());
    page.put("table", HtmlReport.table(report.table()));
    if (!scores.tests().isEmpty()) {
      page.put("tests", HtmlReport.table(report.tests()));
    }
    int all = scores.candidates().stream().mapToInt(r -> r.pairs().size()).sum();
    page.put("flipData", HtmlReport.json(flip));
    if (!flip.pairs().isEmpty()) {
      page.put(
          "flip",
          HtmlReport.flipView(
              "Worst and median pairs",
              "the reference",
              "the image",
              "pair",
              "%d of %d pairs are here, sides above %d px reduced."
                  .formatted(flip.pairs().size(), all, LONGEST_SIDE),
              List.of(
                  Map.of("label", "images", "id", "flip-candidate"),
                  Map.of("label", "sorted by", "id", "flip-metric"),
                  Map.of("label", "pair", "id", "flip-pair"))));
    }
    return HtmlReport.page("score", page);
  }

  /**
   * Returns the question and, metric by metric, which folder is closest and what is significant.
   */
  private Findings findings() {
    List<String> names = scores.candidates().stream().map(Row::name).toList();
    List<String> found = new ArrayList<>();
    Map<String, List<String>> best = new LinkedHashMap<>();
    for (MetricColumn c : columns) {
      Comparator<Row> rising = Comparator.comparingDouble(r -> r.values().get(key(c)).ranked());
      scores.candidates().stream()
          .filter(r -> r.values().containsKey(key(c)))
          .max(c.higherIsBetter() ? rising : rising.reversed())
          .ifPresent(
              r ->
                  best.computeIfAbsent(r.name(), n -> new ArrayList<>())
                      .add(c.label() + " " + c.show(r.values().get(key(c)))));
    }
    if (names.size() > 1) {
      best.forEach(
          (name, by) -> found.add(name + " has the best mean by " + String.join(", ", by) + "."));
      String won =
          scores.tests().stream()
              .filter(t -> t.better() != null)
              .map(t -> t.better() + " by " + t.metric())
              .collect(Collectors.joining(", "));
      found.add(
          scores.tests().isEmpty()
              ? "Nothing was tested."
              : won.isEmpty()
                  ? "No difference is significant after Holm's correction: the order of the means"
                      + " is no result."
                  : "Significantly better after Holm's correction: " + won + ".");
    }
    for (MetricColumn c : columns.subList(0, Math.min(1, columns.size()))) {
      scores.rows().stream()
          .filter(r -> r.kind() == FolderScores.Kind.OTHER_SEED && r.values().containsKey(key(c)))
          .forEach(
              r ->
                  found.add(
                      "Another seed reaches %s %s: what is not closer has not kept the images."
                          .formatted(c.label(), c.show(r.values().get(key(c))))));
    }
    return new Findings(
        "How close are the images of %s to those of %s?"
            .formatted(String.join(", ", names), scores.reference()),
        found);
  }

  private Flip flip() throws IOException {
    List<FlipMetric> metrics = new ArrayList<>();
    List<List<PairScore>> worst = new ArrayList<>();
    for (MetricColumn c : columns) {
      Map<String, Integer> medians = new LinkedHashMap<>();
      for (Row row : scores.candidates()) {
        List<PairScore> sorted = sorted(row, c);
        for (int i = 0; i < sorted.size(); i++) {
          ranks.computeIfAbsent(sorted.get(i), p -> new LinkedHashMap<>()).put(key(c), i + 1);
        }
        if (!sorted.isEmpty()) {
          int median = (sorted.size() - 1) / 2;
          medians.put(row.name(), median + 1);
          List<PairScore> chosen = new ArrayList<>(List.of(sorted.get(0), sorted.get(median)));
          chosen.addAll(sorted.subList(1, Math.min(WORST, sorted.size())));
          worst.add(chosen);
        }
      }
      metrics.add(new FlipMetric(key(c), c.label(), c.metric().digits(), medians));
    }
    Map<String, String> references = new LinkedHashMap<>();
    List<FlipPair> pairs = new ArrayList<>();
    for (PairScore p : inTurn(worst)) {
      add(p, references, pairs);
    }
    return new Flip(
        scores.candidates().stream().map(Row::name).toList(), metrics, references, pairs);
  }

  private static String key(MetricColumn c) {
    return c.metric().key();
  }

  /** Returns the pairs of a row that have a metric, worst first. */
  private static List<PairScore> sorted(Row row, MetricColumn c) {
    Comparator<PairScore> rising = Comparator.comparingDouble(p -> p.values().get(key(c)));
    return row.pairs().stream()
        .filter(p -> p.values().containsKey(key(c)))
        .sorted(c.higherIsBetter() ? rising : rising.reversed())
        .toList();
  }

  /** Returns the first of every list, then the second, and so on, each once. */
  private static Set<PairScore> inTurn(List<List<PairScore>> lists) {
    Set<PairScore> all = new LinkedHashSet<>();
    for (int i = 0; i <= WORST; i++) {
      for (List<PairScore> list : lists) {
        if (i < list.size()) {
          all.add(list.get(i));
        }
      }
    }
    return all;
  }

  /** Adds a pair if there is room for it. */
  private void add(PairScore p, Map<String, String> references, List<FlipPair> pairs)
      throws IOException {
    String reference = references.get(p.id());
    String ref = reference == null ? uri(p.referenceFile()) : reference;
    String image = uri(p.imageFile());
    long size = (long) image.length() + (reference == null ? ref.length() : 0);
    if (size > left) {
      return;
    }
    left -= size;
    references.put(p.id(), ref);
    Map<String, Double> values = new LinkedHashMap<>();
    p.values().forEach((key, v) -> values.put(key, v.isInfinite() ? null : v));
    pairs.add(new FlipPair(p.id(), p.candidate(), p.caption(), image, values, ranks.get(p)));
  }

  private String uri(String file) throws IOException {
    RgbImage image = ImageFile.read(Path.of(file), scores.reading()).pixels();
    int side = Math.max(image.width(), image.height());
    return HtmlReport.uri("image/png", Png.encode(side > LONGEST_SIDE ? reduced(image) : image));
  }

  private static RgbImage reduced(RgbImage image) {
    double factor = (double) LONGEST_SIDE / Math.max(image.width(), image.height());
    int width = (int) Math.max(1, Math.round(image.width() * factor));
    int height = (int) Math.max(1, Math.round(image.height() * factor));
    FloatImage small = CleanFidResize.of(image, width, height);
    byte[] rgb = new byte[3 * width * height];
    for (int i = 0; i < rgb.length; i++) {
      rgb[i] = (byte) Math.round(small.at(i % 3, i / 3 % width, i / 3 / width));
    }
    return RgbImage.of(width, height, rgb);
  }
}
