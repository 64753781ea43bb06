package io.scalekv.report;

import io.scalekv.experiment.Cell;
import io.scalekv.experiment.Frontier;
import io.scalekv.experiment.MetricValue;
import io.scalekv.experiment.Results;
import io.scalekv.metrics.Psnr;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import tech.tablesaw.api.Table;

/**
 * Table and figure of fidelity against measured bytes, for experiments whose cells differ in the
 * formats of the cache: there budgets alone do not tell what a setting costs.
 */
final class FrontierView {
  private static final double KIB = 1024;

  private final Results results;
  private final List<Frontier.Point> settings;
  private final Frontier frontier;

  private FrontierView(Results results) {
    this.results = results;
    this.settings = Frontier.settings(results);
    this.frontier = Frontier.of(results);
  }

  /** The view of an experiment; empty where all cells with measured bytes have one format. */
  static Optional<FrontierView> of(Results results) {
    long formats =
        Frontier.settings(results).stream()
            .map(p -> p.policy().keyType() + " " + p.policy().valueType())
            .distinct()
            .count();
    return formats > 1 ? Optional.of(new FrontierView(results)) : Optional.empty();
  }

  /** The frontier. */
  Frontier frontier() {
    return frontier;
  }

  private String title() {
    return results.file().title() + (results.file().quick() ? " (small version)" : "");
  }

  /** The number of a point on the frontier, from 1; 0 for others. */
  private int number(Frontier.Point p) {
    return frontier.points().indexOf(p) + 1;
  }

  /** Every setting by bytes. */
  ReportTable table() {
    List<MetricColumn> columns =
        MetricColumn.of(results).stream().filter(c -> !c.caption() && !c.ofSets()).toList();
    String title = title() + ": every setting by bytes";
    Table numbers =
        Table.create(
            title,
            Columns.numbers("frontier", each(p -> number(p) == 0 ? null : number(p))),
            Columns.texts("policy", each(p -> p.policy().name())),
            Columns.texts("budget", each(p -> p.policy().budget())),
            Columns.texts("unconditionalBudget", each(p -> p.policy().unconditionalBudget())),
            Columns.texts("keyType", each(p -> p.policy().keyType())),
            Columns.texts("valueType", each(p -> p.policy().valueType())),
            Columns.numbers("bytesPerImage", each(Frontier.Point::bytes)),
            Columns.numbers("allocatedPerImage", each(Frontier.Point::allocatedBytes)),
            Columns.texts("id", each(Frontier.Point::cell)));
    Table words =
        Table.create(
            title,
            Columns.texts("#", each(p -> number(p) == 0 ? "–" : String.valueOf(number(p)))),
            Columns.texts("setting", each(p -> bold(p, p.label()))),
            Columns.texts("KiB an image", each(p -> kib(p.bytes()))),
            Columns.texts("allocated", each(p -> kib(p.allocatedBytes()))));
    for (MetricColumn c : columns) {
      Function<Frontier.Point, Optional<MetricValue>> value =
          p -> c.value(results.cells().get(p.cell()));
      numbers.addColumns(
          Columns.numbers(
              c.column(), each(p -> value.apply(p).map(MetricValue::mean).orElse(null))),
          Columns.numbers(
              c.column() + "Low", each(p -> value.apply(p).map(MetricValue::low).orElse(null))),
          Columns.numbers(
              c.column() + "High", each(p -> value.apply(p).map(MetricValue::high).orElse(null))));
      words.addColumns(
          Columns.texts(c.head(), each(p -> value.apply(p).map(c::show).orElse(null))));
    }
    List<String> notes =
        List.of(
            "Bytes are the most that the tokens of one image held after any map, both guidance"
                + " branches and the scales of int8 numbers included; allocated: the most that was"
                + " taken from the system for them. 1 KiB = 1024 bytes.",
            "Bold and numbered: the frontier; no other setting has a higher mean PSNR at as many"
                + " bytes or fewer. Neighbours may lie within each other's interval.",
            "Means over "
                + frontier.prompts().images()
                + " images with 95 % bootstrap intervals over prompts.");
    return new ReportTable(results.file().name() + "-frontier", title, numbers, words, notes);
  }

  private <T> List<T> each(Function<Frontier.Point, T> value) {
    List<T> values = new ArrayList<>();
    settings.forEach(p -> values.add(value.apply(p)));
    return values;
  }

  private String bold(Frontier.Point p, String text) {
    return number(p) == 0 ? text : "**" + text + "**";
  }

  private static String kib(long bytes) {
    return String.format(Locale.ROOT, "%.1f", bytes / KIB);
  }

  /**
   * PSNR against bytes on a scale of doublings, the frontier drawn and numbered as in the table.
   */
  ExperimentFigures.Named figure() {
    Map<String, List<Frontier.Point>> series = new LinkedHashMap<>();
    for (Frontier.Point p : settings) {
      series.computeIfAbsent(series(p.policy()), s -> new ArrayList<>()).add(p);
    }
    List<LineFigure.Line> lines = new ArrayList<>();
    List<Frontier.Point> finite =
        frontier.points().stream().filter(p -> Double.isFinite(p.psnrDb())).toList();
    double[] x = finite.stream().mapToDouble(p -> p.bytes() / KIB).toArray();
    double[] y = finite.stream().mapToDouble(Frontier.Point::psnrDb).toArray();
    lines.add(LineFigure.Line.smooth("frontier", PolicyStyle.of("full"), x, y));
    series.forEach((name, points) -> lines.add(line(name, points)));
    List<LineFigure.Label> labels = new ArrayList<>();
    for (Frontier.Point p : finite) {
      labels.add(new LineFigure.Label(String.valueOf(number(p)), p.bytes() / KIB, p.psnrDb()));
    }
    return new ExperimentFigures.Named(
        results.file().name() + "-frontier",
        title() + ": PSNR against bytes of the cache",
        LineFigure.of(
            new LineFigure.Axes(
                title(), "KV cache of an image, measured (KiB)", "PSNR (dB)", true, true),
            lines,
            List.of(),
            labels));
  }

  private LineFigure.Line line(String name, List<Frontier.Point> points) {
    double[] none = new double[points.size()];
    java.util.Arrays.fill(none, Double.NaN);
    double[] low = none.clone();
    double[] high = none.clone();
    for (int i = 0; i < none.length; i++) {
      MetricValue e = points.get(i).metrics().get(Psnr.METRIC.key());
      low[i] = e.low();
      high[i] = e.high();
    }
    return new LineFigure.Line(
        name,
        PolicyStyle.of(points.get(0).policy().name()).variant(name),
        points.stream().mapToDouble(p -> p.bytes() / KIB).toArray(),
        points.stream().mapToDouble(Frontier.Point::psnrDb).toArray(),
        low,
        high,
        true);
  }

  /** Settings of one policy and format belong together; another split of the budget is another. */
  private static String series(Cell.Policy p) {
    String types =
        p.keyType().equals(p.valueType()) ? p.keyType() : p.keyType() + "/" + p.valueType();
    return p.name() + ", " + types + (p.unconditionalBudget() == null ? "" : ", split");
  }
}
