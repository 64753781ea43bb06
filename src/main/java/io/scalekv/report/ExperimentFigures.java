package io.scalekv.report;

import io.scalekv.experiment.Cell;
import io.scalekv.experiment.CellResult;
import io.scalekv.experiment.ExperimentSpec;
import io.scalekv.experiment.MetricValue;
import io.scalekv.experiment.Results;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The figures of one experiment: which kind they are follows from what its cells differ in. */
final class ExperimentFigures {
  /**
   * A figure with its place.
   *
   * @param name of its files
   * @param alt what it shows, in words
   * @param figure the drawing
   */
  record Named(String name, String alt, Figure figure) {}

  private static final Pattern DECAY =
      Pattern.compile("scalekv:allocation=paper:([0-9.]+):([0-9.]+)");
  private static final String OTHER_SEED = "other seeds";
  private static final double GIB = 1 << 30;

  private final Results results;
  private final String name;
  private final List<ResultRow> rows;
  private final List<ResultRow> cuts;

  private ExperimentFigures(Results results) {
    this.results = results;
    this.name = results.file().name();
    this.rows = ResultRow.of(results);
    Map<String, ResultRow> distinct = new LinkedHashMap<>();
    rows.stream().filter(ResultRow::cuts).forEach(r -> distinct.putIfAbsent(r.row().id(), r));
    this.cuts = List.copyOf(distinct.values());
  }

  /** All figures that the results have something for. */
  static List<Named> of(Results results) {
    ExperimentFigures f = new ExperimentFigures(results);
    return switch (results.file().kind()) {
      case ExperimentSpec.MEMORY -> f.memory();
      case ExperimentSpec.LATENCY -> f.latency();
      case ExperimentSpec.ATTENTION -> f.attention();
      default -> f.fidelity();
    };
  }

  private String title() {
    return results.file().title() + (results.file().quick() ? " (small version)" : "");
  }

  private List<Named> fidelity() {
    Optional<FrontierView> frontier = FrontierView.of(results);
    if (frontier.isPresent()) {
      return List.of(frontier.get().figure());
    }
    List<Named> figures = new ArrayList<>();
    for (MetricColumn c : MetricColumn.of(results)) {
      boolean some =
          cuts.stream()
              .map(r -> c.value(r.result()))
              .flatMap(Optional::stream)
              .anyMatch(v -> Double.isFinite(v.mean()));
      if (some) {
        Figure figure = figure(c);
        figures.add(new Named(name + "-" + c.file(), title() + ": " + c.axis(), figure));
      }
    }
    return figures;
  }

  private Figure figure(MetricColumn c) {
    if (distinct(r -> decay(r).map(String::valueOf).orElse(null)) > 1) {
      return decay(c);
    }
    if (distinct(r -> calibration(r, Cell.Calibration::prompts)) > 1) {
      return calibrated(c, "calibration prompts (doublings)", Cell.Calibration::prompts, true);
    }
    if (distinct(r -> calibration(r, Cell.Calibration::drafters)) > 1) {
      return calibrated(c, "drafter pairs N_d (layer, scale)", Cell.Calibration::drafters, false);
    }
    if (distinct(r -> r.cell().policy().budgetTokens()) > 1) {
      return budgets(c);
    }
    return bars(c);
  }

  /** How many different values there are, null not counted. */
  private int distinct(Function<ResultRow, ?> key) {
    return (int) cuts.stream().map(key).filter(k -> k != null).distinct().count();
  }

  private static Integer calibration(ResultRow r, Function<Cell.Calibration, Integer> part) {
    return r.cell().calibration() == null ? null : part.apply(r.cell().calibration());
  }

  /** The refiners' decay as a share of the budget, where the policy states one. */
  private static Optional<Double> decay(ResultRow r) {
    Matcher m = DECAY.matcher(r.cell().policy().name());
    return m.matches() ? Optional.of(Double.valueOf(m.group(2))) : Optional.empty();
  }

  private static double percent(ResultRow r) {
    CellResult.Memory m = r.result().memory();
    return m == null ? Double.NaN : m.percentOfFull();
  }

  private Figure budgets(MetricColumn c) {
    Map<String, List<ResultRow>> series = new LinkedHashMap<>();
    cuts.forEach(r -> series.computeIfAbsent(r.series(), s -> new ArrayList<>()).add(r));
    List<LineFigure.Line> lines = new ArrayList<>();
    series.forEach(
        (label, of) ->
            lines.add(
                line(
                    c,
                    label,
                    PolicyStyle.of(of.get(0).cell().policy().name()),
                    of,
                    ExperimentFigures::percent)));
    return LineFigure.of(
        new LineFigure.Axes(
            title(), "budget (% of the full cache's tokens, per layer and head)", c.axis(), false),
        lines,
        levels(c));
  }

  private List<LineFigure.Level> levels(MetricColumn c) {
    List<LineFigure.Level> levels = new ArrayList<>();
    for (ResultRow r : rows) {
      if (r.ruler() && r.cell().kind() == Cell.Kind.OTHER_SEED) {
        c.value(r.result())
            .filter(v -> Double.isFinite(v.mean()))
            .ifPresent(v -> levels.add(new LineFigure.Level(OTHER_SEED, v.mean())));
      }
    }
    return levels;
  }

  private static LineFigure.Line line(
      MetricColumn c,
      String label,
      PolicyStyle style,
      List<ResultRow> of,
      ToDoubleFunction<ResultRow> at) {
    List<ResultRow> sorted =
        of.stream()
            .filter(r -> c.value(r.result()).isPresent())
            .sorted(Comparator.comparingDouble(at))
            .toList();
    return new LineFigure.Line(
        label,
        style,
        sorted.stream().mapToDouble(at).toArray(),
        values(c, sorted, MetricValue::mean),
        values(c, sorted, MetricValue::low),
        values(c, sorted, MetricValue::high),
        true);
  }

  private static double[] values(
      MetricColumn c, List<ResultRow> rows, ToDoubleFunction<MetricValue> part) {
    return rows.stream()
        .mapToDouble(r -> part.applyAsDouble(c.value(r.result()).orElseThrow()))
        .toArray();
  }

  private Figure decay(MetricColumn c) {
    List<ResultRow> decaying = cuts.stream().filter(r -> decay(r).isPresent()).toList();
    LineFigure.Line line =
        line(
            c,
            "scalekv, the paper's rule",
            PolicyStyle.of("scalekv"),
            decaying,
            r -> 100 * decay(r).orElseThrow());
    return LineFigure.of(
        new LineFigure.Axes(
            title(), "decay δ of the refiners' budget (% of the budget a scale)", c.axis(), false),
        List.of(line),
        others(c, decaying));
  }

  /** Cells that are on no axis are levels. */
  private List<LineFigure.Level> others(MetricColumn c, List<ResultRow> shown) {
    List<LineFigure.Level> levels = new ArrayList<>();
    for (ResultRow r : cuts) {
      if (!shown.contains(r)) {
        c.value(r.result())
            .filter(v -> Double.isFinite(v.mean()))
            .ifPresent(v -> levels.add(new LineFigure.Level(r.series(), v.mean())));
      }
    }
    levels.addAll(levels(c));
    return levels;
  }

  private Figure calibrated(
      MetricColumn c, String axis, Function<Cell.Calibration, Integer> part, boolean doublings) {
    List<ResultRow> on = cuts.stream().filter(r -> calibration(r, part) != null).toList();
    Map<String, List<ResultRow>> byPolicy = new LinkedHashMap<>();
    on.forEach(
        r ->
            byPolicy
                .computeIfAbsent(
                    r.cell().policy().name() + " at " + r.cell().policy().budget(),
                    p -> new ArrayList<>())
                .add(r));
    List<LineFigure.Line> lines = new ArrayList<>();
    byPolicy.forEach(
        (label, of) ->
            lines.add(
                line(
                    c,
                    label,
                    PolicyStyle.of(of.get(0).cell().policy().name()),
                    of,
                    r -> calibration(r, part))));
    return LineFigure.of(
        new LineFigure.Axes(title(), axis, c.axis(), doublings), lines, others(c, on));
  }

  private Figure bars(MetricColumn c) {
    List<BarFigure.Bar> bars = new ArrayList<>();
    for (ResultRow r : rows) {
      boolean shown = r.cuts() || (r.ruler() && r.cell().kind() != Cell.Kind.DISTORTION);
      Optional<MetricValue> value = shown ? c.value(r.result()) : Optional.empty();
      value
          .filter(v -> Double.isFinite(v.mean()))
          .ifPresent(
              v ->
                  bars.add(
                      new BarFigure.Bar(
                          r.row().label(),
                          PolicyStyle.of(r.cell().policy().name()),
                          v.mean(),
                          v.low(),
                          v.high(),
                          c.number(v.mean()))));
    }
    return BarFigure.of(title(), c.axis(), bars);
  }

  private List<Named> memory() {
    List<BarFigure.Bar> bars = new ArrayList<>();
    for (ResultRow r : rows) {
      if (r.result() != null && r.result().memory() != null) {
        double gib = r.result().memory().formulaBytes() / GIB;
        bars.add(
            new BarFigure.Bar(
                r.row().label(),
                PolicyStyle.of(r.cell().policy().name()),
                gib,
                Double.NaN,
                Double.NaN,
                String.format(Locale.ROOT, "%.2f GiB", gib)));
      }
    }
    return bars.isEmpty()
        ? List.of()
        : List.of(
            new Named(
                name + "-memory",
                title() + ": GiB of the KV cache by policy and batch",
                BarFigure.of(title(), "KV cache by formula (GiB)", bars)));
  }

  private List<Named> latency() {
    List<BarFigure.Bar> bars = new ArrayList<>();
    for (ResultRow r : rows) {
      if (r.result() == null || r.result().latency() == null) {
        continue;
      }
      CellResult.Latency l = r.result().latency();
      String place = ResultTables.size(r.result()) + ", batch " + r.cell().generation().batch();
      bars.add(
          timed(
              r.cell().policy().name() + ", " + place,
              PolicyStyle.of(r.cell().policy().name()),
              l.seconds(),
              l.medianSeconds()));
      bars.add(
          timed(
              "full beside it, " + place,
              PolicyStyle.of("full"),
              l.fullSeconds(),
              l.fullMedianSeconds()));
    }
    return bars.isEmpty()
        ? List.of()
        : List.of(
            new Named(
                name + "-latency",
                title() + ": seconds of a generation by size, batch and policy",
                BarFigure.of(title(), "median time of a generation (s), least to most", bars)));
  }

  private List<Named> attention() {
    List<Named> figures = new ArrayList<>();
    for (ResultRow r : rows) {
      if (r.result() != null && r.result().attention() != null) {
        String file = figures.isEmpty() ? name : name + "-" + r.number();
        figures.add(
            new Named(file, title(), CurrentMassDensity.of(title(), r.result().attention())));
      }
    }
    return figures;
  }

  private static BarFigure.Bar timed(
      String label, PolicyStyle style, List<Double> seconds, double median) {
    double[] ends = ResultTables.ends(seconds);
    boolean several = seconds.size() > 1;
    return new BarFigure.Bar(
        label,
        style,
        median,
        several ? ends[0] : Double.NaN,
        several ? ends[1] : Double.NaN,
        String.format(Locale.ROOT, "%.3f s", median));
  }
}
