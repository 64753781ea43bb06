package io.scalekv.vocabtrim.run;

import io.scalekv.metrics.Interval;
import io.scalekv.report.BarFigure;
import io.scalekv.report.LineFigure;
import io.scalekv.report.LineFigure.Axes;
import io.scalekv.report.LineFigure.Line;
import io.scalekv.report.PolicyStyle;
import io.scalekv.report.ReportTable;
import io.scalekv.vocabtrim.run.TrimResult.Curve;
import io.scalekv.vocabtrim.run.TrimResult.Loop;
import io.scalekv.vocabtrim.run.TrimResult.Point;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Report of a VocabTrim experiment: tables and figures. */
public final class TrimReport {
  private static final String TOY =
      "Target and draft model are toys: the tables demonstrate counting, trimming and measuring and"
          + " say nothing about a real pair. Their weights fit a processor's cache, so decoding is"
          + " not memory-bound, and MBSU, which models time by bytes of weights read, need not"
          + " equal the measured speed (tokens per second, in its own column).";
  private static final String REAL =
      "MBSU models time by bytes of weights read, one sequence at a time; tokens per second, in its"
          + " own column, is measured.";
  private static final long LEAST_REAL_PARAMETERS = 20_000_000;
  private static final String CHOSEN =
      "Best: the size with the highest MBSU on the same prompts, so its gain is slightly"
          + " optimistic. Intervals: 95 %, bootstrap over prompts, differences paired.";
  private static final String EXPECTED =
      "Rejections are per generated token. At T above 0 all sizes share the target's own texts and"
          + " tau is the exact expectation over the draft model's randomness.";
  private static final int MOST_LINES = 8;

  /** Point of a curve, the i-th. */
  private record Row(TrimResult result, Curve curve, int i) {
    static Row best(TrimResult result, Curve curve) {
      return new Row(result, curve, curve.best());
    }

    Point point() {
      return curve.points().get(i);
    }
  }

  /** Measurement of the real loop. */
  private record LoopRow(TrimResult result, Loop loop) {}

  private TrimReport() {}

  /** Writes tables and figures into a folder and returns one line per curve. */
  public static List<String> write(Path folder, TrimSpec spec, List<TrimResult> results)
      throws IOException {
    List<String> collapsed =
        results.stream()
            .filter(r -> r.variety().collapsed())
            .map(TrimReport::line)
            .distinct()
            .toList();
    boolean toy =
        results.stream().allMatch(r -> r.cost().targetParameters() < LEAST_REAL_PARAMETERS);
    String models = toy ? TOY : REAL;
    List<String> notes = new ArrayList<>(List.of(CHOSEN, models));
    notes.addAll(collapsed);
    List<Row> curves =
        results.stream().flatMap(r -> r.curves().stream().map(c -> Row.best(r, c))).toList();
    best(spec, curves).notes(notes).build().write(folder);
    List<Row> points =
        curves.stream()
            .flatMap(
                c ->
                    IntStream.range(0, c.curve().points().size())
                        .mapToObj(i -> new Row(c.result(), c.curve(), i)))
            .toList();
    String every = spec.title() + ": every size";
    table("curve", every, points).notes(notes).note(EXPECTED).build().write(folder);
    List<LoopRow> loops =
        results.stream().flatMap(r -> r.loops().stream().map(l -> new LoopRow(r, l))).toList();
    if (!loops.isEmpty()) {
      loops(spec, loops).notes(notes).build().write(folder);
    }
    figures(folder, spec, curves);
    List<String> lines = new ArrayList<>(collapsed);
    curves.forEach(c -> lines.add(line(c)));
    lines.add(models);
    return lines;
  }

  private static String line(TrimResult r) {
    return r.run().domain() + ", T " + r.run().temperature() + ": " + r.variety().line();
  }

  private static String line(Row c) {
    Curve curve = c.curve();
    return String.format(
        Locale.ROOT,
        "%s, gamma %d: MBSU %.3f at k = %d (%s), %.3f with all %d; gain %+.3f [%+.3f, %+.3f];"
            + " tau %.3f and %.3f",
        c.result().run().label(),
        curve.gamma(),
        c.point().mbsu().mean(),
        c.point().k(),
        curve.interior() ? "interior maximum" : "at the edge",
        curve.full().mbsu().mean(),
        curve.full().k(),
        curve.gain().mean(),
        curve.gain().low(),
        curve.gain().high(),
        c.point().tau().mean(),
        curve.full().tau().mean());
  }

  private static ReportTable.Builder<Row> best(TrimSpec spec, List<Row> curves) {
    return table("best", spec.title() + ": the best size", curves)
        .both("maximum", "maximum", c -> c.curve().interior() ? "interior" : "edge")
        .both("exactBestK", "exact best k", c -> c.curve().exactBest())
        .both("calibrationTokens", "tokens", c -> c.result().calibrationTokens())
        .both("calibrationDistinct", "distinct", c -> c.result().calibrationDistinct())
        .number("fullTau", "tau, all", 3, c -> c.curve().full().tau().mean())
        .number("fullMbsu", "MBSU, all", 3, c -> c.curve().full().mbsu().mean())
        .number("gain", "gain", 3, c -> c.curve().gain().mean())
        .number("gainLow", "gain low", 3, c -> c.curve().gain().low())
        .number("gainHigh", "gain high", 3, c -> c.curve().gain().high());
  }

  private static ReportTable.Builder<Row> table(String name, String title, List<Row> rows) {
    return ReportTable.of(name, title, rows)
        .both("run", "run", p -> p.result().run().label())
        .both("gamma", "gamma", p -> p.curve().gamma())
        .both("k", "k", p -> p.point().k())
        .number("c", "c", 4, p -> p.result().cost().ratio(p.point().k()))
        .number("tau", "tau", 4, p -> p.point().tau().mean())
        .number("tauLow", "tau low", 4, p -> p.point().tau().low())
        .number("tauHigh", "tau high", 4, p -> p.point().tau().high())
        .number("mbsu", "MBSU", 4, p -> p.point().mbsu().mean())
        .number("mbsuLow", "MBSU low", 4, p -> p.point().mbsu().low())
        .number("mbsuHigh", "MBSU high", 4, p -> p.point().mbsu().high())
        .number("coverage", "coverage", 4, p -> p.result().coverage().get(p.i()))
        .number("outside", "rejected, not retained", 4, p -> p.point().outside())
        .number("wrong", "rejected, wrong", 4, p -> p.point().wrong())
        .both("acceptance", "acceptance by position", p -> acceptance(p.point()));
  }

  private static String acceptance(Point p) {
    return String.join(
        " ", p.acceptance().stream().map(a -> String.format(Locale.ROOT, "%.3f", a)).toList());
  }

  private static ReportTable.Builder<LoopRow> loops(TrimSpec spec, List<LoopRow> rows) {
    return ReportTable.of("loop", spec.title() + ": the real loop", rows)
        .both("run", "run", l -> l.result().run().label())
        .both("k", "k", l -> l.loop().k() == 0 ? "target alone" : l.loop().k())
        .number("tau", "tau", 3, l -> l.loop().tau())
        .number("replayed", "tau replayed", 3, l -> l.loop().replayed())
        .both(
            "identical", "identical texts", l -> l.loop().identical() + " of " + l.loop().prompts())
        .number("tokensPerSecond", "tokens per second", 3, l -> l.loop().tokensPerSecond())
        .number("slowest", "slowest", 3, l -> l.loop().slowest())
        .number("fastest", "fastest", 3, l -> l.loop().fastest())
        .note(
            "tau replayed: from the traces of the same prompts; equal for greedy text, within"
                + " sampling noise otherwise. Tokens per second: measured on this machine after one"
                + " warm-up, sizes interleaved; median, slowest and fastest of "
                + spec.loop().repetitions()
                + " repetitions; other work on the machine increases the spread.");
  }

  private static void figures(Path folder, TrimSpec spec, List<Row> curves) throws IOException {
    List<BarFigure.Bar> bars = new ArrayList<>();
    for (Row c : curves) {
      String label = label(c, curves) + ", k = " + c.point().k();
      PolicyStyle style = PolicyStyle.numbered(bars.size() % MOST_LINES);
      Interval mbsu = c.point().mbsu();
      String value = ReportTable.fixed(mbsu.mean(), 3);
      bars.add(new BarFigure.Bar(label, style, mbsu, value));
    }
    BarFigure.of(spec.title(), "best MBSU (modelled)", bars).write(folder, "best");
    lines(folder, "", spec.title(), curves);
  }

  /** Writes line figures; of too many lines one set per domain, then one per γ. */
  private static void lines(Path folder, String suffix, String what, List<Row> curves)
      throws IOException {
    List<Function<Row, String>> splits =
        List.of(c -> c.result().run().domain(), c -> "gamma " + c.curve().gamma());
    for (Function<Row, String> split : splits) {
      Map<String, List<Row>> parts =
          curves.stream()
              .collect(Collectors.groupingBy(split, LinkedHashMap::new, Collectors.toList()));
      if (curves.size() > MOST_LINES && parts.size() > 1) {
        for (Map.Entry<String, List<Row>> e : parts.entrySet()) {
          String name = e.getKey().replace(" ", "");
          lines(folder, suffix + "-" + name, what + ": " + e.getKey(), e.getValue());
        }
        return;
      }
    }
    panel(folder, suffix, what, curves);
  }

  private static void panel(Path folder, String suffix, String what, List<Row> curves)
      throws IOException {
    List<Line> mbsu = new ArrayList<>();
    List<Line> tau = new ArrayList<>();
    List<Line> marks = new ArrayList<>();
    int all = curves.size();
    for (Row c : curves.subList(0, Math.min(all, MOST_LINES))) {
      String name = label(c, curves);
      PolicyStyle style = PolicyStyle.numbered(mbsu.size());
      mbsu.add(line(name, style, c.curve().points(), Point::mbsu));
      tau.add(line(name, style, c.curve().points(), Point::tau));
      if (c.curve().interior() && all <= 3) {
        double[] at = {c.point().mbsu().mean()};
        PolicyStyle mark = PolicyStyle.numbered(all + marks.size());
        String maximum = "maximum at k = " + c.point().k();
        marks.add(Line.points(maximum, mark, new double[] {c.point().k()}, at));
      }
    }
    mbsu.addAll(marks);
    List<Line> coverage = new ArrayList<>();
    List<Row> results =
        curves.stream().filter(c -> c.curve().gamma() == curves.get(0).curve().gamma()).toList();
    for (Row c : results.subList(0, Math.min(results.size(), MOST_LINES))) {
      double[] k = c.curve().points().stream().mapToDouble(Point::k).toArray();
      double[] share = c.result().coverage().stream().mapToDouble(v -> v).toArray();
      PolicyStyle style = PolicyStyle.numbered(coverage.size());
      coverage.add(Line.smooth(label(c, results), style, k, share));
    }
    String title =
        all > MOST_LINES ? what + " (the first " + MOST_LINES + " of " + all + ")" : what;
    write(folder, "mbsu" + suffix, title, "MBSU (modelled)", mbsu);
    write(folder, "tau" + suffix, title, "block efficiency τ", tau);
    write(folder, "coverage" + suffix, title, "coverage of the target's text", coverage);
  }

  private static void write(Path folder, String name, String title, String y, List<Line> lines)
      throws IOException {
    Axes axes = new Axes(title, "retained tokens k", y, true);
    LineFigure.of(axes, lines, List.of()).write(folder, name);
  }

  private static Line line(
      String name, PolicyStyle style, List<Point> points, Function<Point, Interval> of) {
    return Line.joined(
        name,
        style,
        points.stream().mapToDouble(Point::k).toArray(),
        points.stream().map(of).toList());
  }

  /** Returns the settings in which a curve differs from the others. */
  private static String label(Row c, List<Row> all) {
    List<Function<Row, String>> settings =
        List.of(
            o -> o.result().run().domain(),
            o -> "T " + o.result().run().temperature(),
            o -> o.result().run().counted(),
            o -> "γ " + o.curve().gamma());
    List<String> parts =
        settings.stream()
            .filter(s -> all.stream().map(s).distinct().count() > 1)
            .map(s -> s.apply(c))
            .toList();
    return parts.isEmpty() ? c.result().run().domain() : String.join(", ", parts);
  }
}
