package io.scalekv.report;

import io.scalekv.experiment.Frontier;
import io.scalekv.image.Png;
import io.scalekv.io.AtomicFile;
import io.scalekv.io.CanonicalJson;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Report from result files alone: {@code report/tables/*.csv} and {@code *.md}, {@code
 * report/figures/*.png} and {@code *.svg}, {@code report/sheets/*.png} where images were stored,
 * and {@code report/report.html}, which needs no other file. No model is run.
 */
public final class Report {
  /**
   * Files of a report.
   *
   * @param missing rows of experiments without a result
   * @param comparison every number of the ScaleKV paper beside ours; empty where the results have
   *     none of them
   */
  public record Written(
      Path page,
      int experiments,
      int tables,
      int figures,
      int sheets,
      int missing,
      List<PaperComparison.Row> comparison) {
    /** Copies the list. */
    public Written {
      comparison = List.copyOf(comparison);
    }
  }

  private Report() {}

  /**
   * Writes a report into {@code DIR/report}.
   *
   * @param folder results of one experiment, or a folder of such folders
   * @throws IllegalArgumentException if there is no experiment or a file is damaged
   */
  public static Written write(Path folder) throws IOException {
    ReportSource source = ReportSource.read(folder);
    Path out = folder.resolve("report");
    List<HtmlReport.Section> sections = new ArrayList<>();
    int tables = 0;
    int figures = 0;
    int sheets = 0;
    int missing = 0;
    for (ReportSource.Folder f : source.experiments()) {
      HtmlReport.Section s =
          new HtmlReport.Section(
              f, ResultTables.of(f.results()), ExperimentFigures.of(f.results()), ImagePairs.of(f));
      sections.add(s);
      for (ReportTable t : s.tables()) {
        t.write(out.resolve("tables"));
        tables++;
      }
      figures += draw(s.figures(), out);
      Optional<FrontierView> frontier = FrontierView.of(f.results());
      if (frontier.isPresent()) {
        String name = f.results().file().name() + "-" + Frontier.NAME;
        CanonicalJson.write(out.resolve("tables").resolve(name), frontier.get().frontier());
      }
      each(
          s.pairs().runs(),
          c -> {
            String name = f.results().file().name() + "-" + c.row().row().id() + ".png";
            Png.write(s.pairs().sheet(c), out.resolve("sheets").resolve(name));
          });
      sheets += s.pairs().runs().size();
      missing += (int) ResultRow.of(f.results()).stream().filter(r -> r.result() == null).count();
    }
    List<NamedFigure> shared =
        source
            .roles()
            .map(c -> new NamedFigure("roles", RoleHeatMap.ALT, RoleHeatMap.of(c)))
            .stream()
            .toList();
    figures += draw(shared, out);
    List<PaperComparison.Row> rows =
        PaperComparison.of(source.experiments().stream().map(f -> f.results()).toList());
    boolean compared = rows.stream().anyMatch(r -> r.verdict() != PaperComparison.Verdict.NOT_RUN);
    ReportTable comparison = compared ? PaperComparison.table(rows) : null;
    if (compared) {
      comparison.write(out.resolve("tables"));
      tables++;
    }
    Path page = out.resolve("report.html");
    String text = new HtmlReport(sections, shared, comparison).text();
    AtomicFile.write(page, text.getBytes(StandardCharsets.UTF_8));
    return new Written(
        page, sections.size(), tables, figures, sheets, missing, compared ? rows : List.of());
  }

  private static int draw(List<NamedFigure> figures, Path out) throws IOException {
    Path folder = out.resolve("figures");
    each(figures, f -> f.write(folder));
    return figures.size();
  }

  private interface FileWriter<T> {
    void write(T item) throws IOException;
  }

  /** Writes the items on all cores: most of a report's time is text and compression. */
  private static <T> void each(List<T> items, FileWriter<T> writer) throws IOException {
    try {
      items.parallelStream()
          .forEach(
              item -> {
                try {
                  writer.write(item);
                } catch (IOException e) {
                  throw new UncheckedIOException(e);
                }
              });
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }
}
