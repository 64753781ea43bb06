package io.scalekv.report;

import io.scalekv.experiment.folders.FolderScores;
import io.scalekv.experiment.folders.FolderScores.Row;
import io.scalekv.experiment.folders.FolderScores.Test;
import io.scalekv.experiment.folders.HeatKvMetrics;
import io.scalekv.io.AtomicFile;
import io.scalekv.io.CanonicalJson;
import io.scalekv.metrics.Interval;
import io.scalekv.metrics.Metric;
import io.scalekv.metrics.Psnr;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * Report of scored folders: {@code table.md}, {@code .csv} and {@code .tex}, {@code tests.md} and
 * {@code .csv}, {@code metrics.json} with HeatKV's keys, and the page {@code report.html}.
 *
 * @param table one row a folder or ruler
 * @param tests one row a paired test; none without a second candidate or another seed
 */
public record ScoreReport(FolderScores scores, ReportTable table, ReportTable tests) {
  /** Returns the report of scores. */
  public static ScoreReport of(FolderScores scores) {
    return new ScoreReport(scores, table(scores), tests(scores));
  }

  private static final MetricColumn OF_MEAN_MSE = MetricColumn.of(Psnr.OF_MEAN_MSE, null);

  private static List<MetricColumn> columns(FolderScores scores) {
    return scores.metrics().stream()
        .filter(m -> scores.rows().stream().anyMatch(r -> r.values().containsKey(m.key())))
        .map(m -> MetricColumn.of(m, scores.nets()))
        .toList();
  }

  private static boolean identical(FolderScores scores) {
    return scores.candidates().stream().anyMatch(r -> r.identical() > 0);
  }

  private static ReportTable table(FolderScores scores) {
    ReportTable.Builder<Row> table =
        ReportTable.of("table", "Images against " + scores.reference(), scores.rows());
    table
        .both("name", "images", Row::name)
        .data("kind", r -> r.kind().name().toLowerCase(Locale.ROOT).replace('_', '-'))
        .both("pairs", "pairs", r -> r.pairs().size())
        .both("identical", "identical", Row::identical);
    for (MetricColumn c : columns(scores)) {
      c.addTo(table, c.metric().column(), r -> r.values().get(c.metric().key()));
      table.text(c.head(), r -> cell(scores, c, r));
    }
    if (identical(scores)) {
      table
          .data(OF_MEAN_MSE.metric().column(), Row::psnrOfMeanMseDb)
          .text(OF_MEAN_MSE.head(), r -> OF_MEAN_MSE.number(r.psnrOfMeanMseDb()));
    }
    return table.notes(notes(scores)).build();
  }

  private static String cell(FolderScores scores, MetricColumn c, Row row) {
    Interval value = row.values().get(c.metric().key());
    String text = value == null ? null : c.show(value);
    return text != null && scores.best(row, c.metric()) ? "**" + text + "**" : text;
  }

  private static List<String> notes(FolderScores scores) {
    List<String> notes = new ArrayList<>();
    notes.add(
        "mean over pairs [95 % bootstrap interval]; bold: significantly better than every candidate"
            + " it was compared with (Wilcoxon's signed-rank test, Holm's correction over all"
            + " tests)");
    Set<String> nets = new LinkedHashSet<>();
    for (MetricColumn c : columns(scores)) {
      if (c.net() != null) {
        boolean range = c.metric().net() == Metric.Net.LPIPS;
        nets.add(c.label() + ": " + c.net() + (range ? ", " + scores.nets().lpipsRange() : ""));
      }
    }
    notes.addAll(nets);
    notes.addAll(scores.notes());
    return notes;
  }

  private static ReportTable tests(FolderScores scores) {
    return ReportTable.of("tests", "Differences, paired", scores.tests())
        .both("metric", "metric", Test::metric)
        .both("a", "a", Test::a)
        .both("b", "b", Test::b)
        .both("pairs", "pairs", Test::pairs)
        .interval("difference", "a − b", 4, Test::difference)
        .data("p", t -> CanonicalJson.number(t.p()))
        .text("p", t -> ReportTable.probability(t.p()))
        .data("pHolm", t -> CanonicalJson.number(t.pHolm()))
        .text("p (Holm)", t -> ReportTable.probability(t.pHolm()))
        .data("better", Test::better)
        .text("better", t -> t.better() == null ? "not significant" : t.better())
        .build();
  }

  /** Returns the table for LaTeX: mean ± half the width of the interval. */
  private ReportTable halves() {
    ReportTable.Builder<Row> halves =
        ReportTable.of("table", table.title(), scores.rows())
            .text("images", Row::name)
            .text("pairs", r -> r.pairs().size());
    for (MetricColumn c : columns(scores)) {
      halves.text(
          c.head(),
          r -> {
            Interval v = r.values().get(c.metric().key());
            String text = v == null ? null : half(c, v);
            return text != null && scores.best(r, c.metric()) ? "**" + text + "**" : text;
          });
    }
    if (identical(scores)) {
      halves.text(OF_MEAN_MSE.head(), r -> OF_MEAN_MSE.number(r.psnrOfMeanMseDb()));
    }
    return halves
        .note(
            "Mean over pairs ± half the 95 % interval; bold: significantly better than every"
                + " candidate it was compared with.")
        .build();
  }

  private static String half(MetricColumn c, Interval v) {
    return c.show(v, v.hasInterval() ? " ± " + c.number((v.high() - v.low()) / 2) : "");
  }

  /** Writes all files and returns them. */
  public List<Path> write(Path folder) throws IOException {
    List<Path> files = new ArrayList<>(table.write(folder));
    if (!scores.tests().isEmpty()) {
      files.addAll(tests.write(folder));
    }
    text(folder.resolve("table.tex"), Latex.of(halves()), files);
    text(folder.resolve("report.html"), new ScorePage(this, columns(scores)).text(), files);
    text(folder.resolve("metrics.json"), HeatKvMetrics.text(scores), files);
    return files;
  }

  private static void text(Path file, String text, List<Path> files) throws IOException {
    AtomicFile.write(file, text.getBytes(StandardCharsets.UTF_8));
    files.add(file);
  }
}
