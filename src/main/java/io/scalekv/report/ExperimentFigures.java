package io.scalekv.report;

import io.scalekv.experiment.Results;
import io.scalekv.experiment.Run;
import io.scalekv.experiment.RunResult;
import io.scalekv.metrics.Interval;
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

/** Figures of one experiment; their kind follows from the settings in which its runs differ. */
final class ExperimentFigures {
  /**
   * Setting that can be the x-axis of a figure.
   *
   * @param doublings whether equal steps are doublings
   * @param setting value by which runs differ; null for runs without it
   * @param x place of a run that has it
   */
  private record Axis(
      String title,
      boolean doublings,
      Function<ResultRow, Object> setting,
      ToDoubleFunction<ResultRow> x,
      Function<ResultRow, String> series) {}

  private static final Pattern DECAY =
      Pattern.compile("scalekv:allocation=paper:([0-9.]+):([0-9.]+)");

  /** Axes in the order in which they are tried. */
  private static final List<Axis> AXES =
      List.of(
          new Axis(
              "decay δ of the refiners' budget (% of the budget per scale)",
              false,
              ExperimentFigures::decay,
              r -> 100 * decay(r),
              r -> "scalekv, the paper's rule"),
          calibrated("calibration prompts (log scale)", true, ExperimentFigures::prompts),
          calibrated("drafters N_d (layer–scale pairs)", false, Run.Calibration::drafters),
          new Axis(
              "peak KV cache of an image, measured (KiB, log scale)",
              true,
              r -> r.run().policy().equalBudget(),
              ResultRow::peakKib,
              ResultRow::series));

  private static final String OTHER_SEED = "other seed";
  private static final double KIB = 1024;
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

  private static Axis calibrated(
      String title, boolean doublings, Function<Run.Calibration, Integer> part) {
    Function<ResultRow, Object> setting =
        r -> r.run().calibration() == null ? null : part.apply(r.run().calibration());
    return new Axis(
        title,
        doublings,
        setting,
        r -> (Integer) setting.apply(r),
        r -> r.run().policy().name() + " at " + r.run().policy().budget());
  }

  /** Decay of the refiners' budget as a share of the budget, where the policy states one. */
  private static Double decay(ResultRow r) {
    Matcher m = DECAY.matcher(r.run().policy().name());
    return m.matches() ? Double.valueOf(m.group(2)) : null;
  }

  /** Returns all figures that the results have values for. */
  static List<NamedFigure> of(Results results) {
    ExperimentFigures f = new ExperimentFigures(results);
    return switch (results.file().kind()) {
      case MEMORY -> f.memory();
      case LATENCY -> f.latency();
      case ATTENTION -> f.attention();
      default -> f.fidelity();
    };
  }

  private List<NamedFigure> fidelity() {
    Optional<FrontierView> frontier = FrontierView.of(results);
    if (frontier.isPresent()) {
      return List.of(frontier.get().figure());
    }
    List<NamedFigure> figures = new ArrayList<>();
    for (MetricColumn c : MetricColumn.compared(MetricColumn.of(results))) {
      if (cuts.stream().anyMatch(r -> finite(c, r).isPresent())) {
        Figure figure =
            AXES.stream()
                .filter(a -> settings(a) > 1)
                .findFirst()
                .map(a -> lines(c, a))
                .orElseGet(() -> bars(c));
        figures.add(
            new NamedFigure(
                name + "-" + c.file(), results.file().heading() + ": " + c.axis(), figure));
      }
    }
    return figures;
  }

  private long settings(Axis axis) {
    return cuts.stream().map(axis.setting()).filter(s -> s != null).distinct().count();
  }

  private static Integer prompts(Run.Calibration c) {
    return c instanceof Run.Calibration.Measured m ? Integer.valueOf(m.prompts()) : null;
  }

  /** Returns a value whose mean is a number. */
  private static Optional<Interval> finite(MetricColumn c, ResultRow r) {
    return c.value(r.result()).filter(v -> Double.isFinite(v.mean()));
  }

  /** Lines along an axis; runs without a place on it are levels. */
  private Figure lines(MetricColumn c, Axis axis) {
    Map<String, List<ResultRow>> series = new LinkedHashMap<>();
    List<LineFigure.Level> levels = new ArrayList<>();
    for (ResultRow r : cuts) {
      if (axis.setting().apply(r) != null) {
        series.computeIfAbsent(axis.series().apply(r), s -> new ArrayList<>()).add(r);
      } else {
        finite(c, r).ifPresent(v -> levels.add(new LineFigure.Level(r.series(), v.mean())));
      }
    }
    levels.addAll(rulers(c, rows));
    List<LineFigure.Line> lines = new ArrayList<>();
    series.forEach(
        (label, of) -> {
          List<ResultRow> sorted =
              of.stream()
                  .filter(r -> c.value(r.result()).isPresent())
                  .sorted(Comparator.comparingDouble(axis.x()))
                  .toList();
          lines.add(
              LineFigure.Line.joined(
                  label,
                  PolicyStyle.of(of.get(0).run().policy().name()),
                  sorted.stream().mapToDouble(axis.x()).toArray(),
                  sorted.stream().map(r -> c.value(r.result()).orElseThrow()).toList()));
        });
    return LineFigure.of(
        new LineFigure.Axes(
            results.file().heading(), note(c), axis.title(), c.axis(), axis.doublings()),
        lines,
        levels);
  }

  /** Images behind every point, and the full cache that they are compared with. */
  private String note(MetricColumn c) {
    Run run = cuts.get(0).run();
    RunResult.Memory m = cuts.get(0).result().memory();
    String full =
        m == null
            ? ""
            : String.format(
                Locale.ROOT, "; full cache %.0f KiB an image", m.fullKvBytes() / KIB / m.batch());
    return (c.ofSets()
            ? "sets of %d images, no interval%s"
            : "mean of %d images, bars: 95 %% interval over captions%s")
        .formatted(run.prompts().images(), full);
  }

  /**
   * Returns the levels of the full cache run again, the best that is possible, and of images with
   * another seed: a policy beyond them has not kept the image.
   */
  static List<LineFigure.Level> rulers(MetricColumn c, List<ResultRow> rows) {
    List<LineFigure.Level> levels = new ArrayList<>();
    for (ResultRow r : rows) {
      if (r.ruler() && r.run().kind() == Run.Kind.OTHER_SEED) {
        finite(c, r).ifPresent(v -> levels.add(new LineFigure.Level(OTHER_SEED, v.mean())));
      } else if (r.ruler() && r.run().kind() == Run.Kind.POLICY) {
        c.value(r.result())
            .map(v -> new LineFigure.Level(fullCache(r), v.ranked()))
            .filter(l -> !Double.isNaN(l.y()) && !levels.contains(l))
            .ifPresent(levels::add);
      }
    }
    return levels;
  }

  /** Full cache, with the number format where it is not the model's. */
  private static String fullCache(ResultRow r) {
    String label = r.row().label();
    return "full cache" + (label.startsWith("full") ? label.substring("full".length()) : "");
  }

  private Figure bars(MetricColumn c) {
    List<BarFigure.Bar> bars = new ArrayList<>();
    for (ResultRow r : rows) {
      if (r.cuts() || (r.ruler() && r.run().kind() != Run.Kind.DISTORTION)) {
        finite(c, r)
            .ifPresent(
                v ->
                    bars.add(
                        new BarFigure.Bar(
                            r.row().label(),
                            PolicyStyle.of(r.run().policy().name()),
                            v,
                            c.number(v.mean()))));
      }
    }
    return BarFigure.of(results.file().heading(), c.axis(), bars);
  }

  private List<NamedFigure> one(String what, String alt, String axis, List<BarFigure.Bar> bars) {
    return bars.isEmpty()
        ? List.of()
        : List.of(
            new NamedFigure(
                name + "-" + what,
                results.file().heading() + ": " + alt,
                BarFigure.of(results.file().heading(), axis, bars)));
  }

  private List<NamedFigure> memory() {
    List<BarFigure.Bar> bars = new ArrayList<>();
    for (ResultRow r : rows) {
      if (r.result() != null && r.result().memory() != null) {
        double gib = r.result().memory().nominalKvBytes() / GIB;
        bars.add(
            new BarFigure.Bar(
                r.row().label(),
                PolicyStyle.of(r.run().policy().name()),
                Interval.alone(gib),
                String.format(Locale.ROOT, "%.2f GiB", gib)));
      }
    }
    return one(
        "memory",
        "GiB of the KV cache by policy and batch",
        "KV cache between scales, by formula (GiB)",
        bars);
  }

  private List<NamedFigure> latency() {
    List<BarFigure.Bar> bars = new ArrayList<>();
    for (ResultRow r : rows) {
      if (r.result() == null || r.result().latency() == null) {
        continue;
      }
      RunResult.Latency l = r.result().latency();
      String place = ResultTables.size(r.run()) + ", batch " + r.run().generation().batch();
      String policy = r.run().policy().name();
      bars.add(timed(policy + ", " + place, policy, l.seconds(), l.medianSeconds()));
      bars.add(timed("full beside it, " + place, "full", l.fullSeconds(), l.fullMedianSeconds()));
    }
    return one(
        "latency",
        "seconds per generation by size, batch and policy",
        "median time per generation (s), least to most",
        bars);
  }

  private static BarFigure.Bar timed(
      String label, String policy, List<Double> seconds, double median) {
    return new BarFigure.Bar(
        label,
        PolicyStyle.of(policy),
        ResultTables.range(median, seconds),
        String.format(Locale.ROOT, "%.3f s", median));
  }

  private List<NamedFigure> attention() {
    List<NamedFigure> figures = new ArrayList<>();
    for (ResultRow r : rows) {
      if (r.result() != null && r.result().attention() != null) {
        String file = figures.isEmpty() ? name : name + "-" + r.number();
        figures.add(
            new NamedFigure(
                file,
                results.file().heading(),
                CurrentMassDensity.of(results.file().heading(), r.result().attention())));
      }
    }
    return figures;
  }
}
