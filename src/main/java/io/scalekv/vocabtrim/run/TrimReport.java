package io.scalekv.vocabtrim.run;

import io.scalekv.report.BarFigure;
import io.scalekv.report.BarFigure.Bar;
import io.scalekv.report.LineFigure;
import io.scalekv.report.LineFigure.Line;
import io.scalekv.report.PolicyStyle;
import io.scalekv.report.ReportTable;
import io.scalekv.vocabtrim.measure.RatioBootstrap.Estimate;
import io.scalekv.vocabtrim.run.TrimResult.LoopResult;
import io.scalekv.vocabtrim.run.TrimResult.Point;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;

/** Tables and figures of a VocabTrim experiment. */
public final class TrimReport {
  private static final String TOY =
      "Target and draft model are toys: the tables show counting, trimming and measures at work,"
          + " nothing about a real pair. Their weights fit a processor's cache, so a step is not"
          + " bound by memory, and MBSU, which models time by bytes of weights read, need not equal"
          + " the measured speed (tokens per second, own column).";
  private static final String CHOSEN =
      "Best: the size with the highest MBSU on the same prompts, so its gain is slightly"
          + " optimistic. Intervals: 95 %, bootstrap over prompts, differences paired.";
  private static final int MOST_LINES = 8;

  private TrimReport() {}

  /** Writes tables and figures into a folder and returns one line a curve. */
  public static List<String> write(Path folder, TrimSpec spec, List<TrimResult> results)
      throws IOException {
    List<String> lines = new ArrayList<>();
    List<String> notes = new ArrayList<>(List.of(CHOSEN, TOY));
    for (TrimResult r : results) {
      String line = r.cell().domain() + ", T " + r.cell().temperature() + ": " + r.variety().line();
      if (r.variety().collapsed() && !notes.contains(line)) {
        notes.add(line);
        lines.add(line);
      }
    }
    best(folder, spec, results, notes);
    curve(folder, spec, results, notes);
    loops(folder, spec, results, notes);
    figures(folder, spec, results);
    for (TrimResult r : results) {
      for (TrimResult.Curve c : r.curves()) {
        lines.add(line(r, c));
      }
    }
    lines.add(TOY);
    return lines;
  }

  private static String line(TrimResult r, TrimResult.Curve c) {
    Point best = c.points().get(c.best());
    Point full = c.points().get(c.points().size() - 1);
    return String.format(
        Locale.ROOT,
        "%s, gamma %d: MBSU %.3f at k = %d (%s), %.3f with all %d; gain %+.3f [%+.3f, %+.3f];"
            + " tau %.3f and %.3f",
        r.cell().label(),
        c.gamma(),
        best.mbsu().value(),
        best.k(),
        c.interior() ? "interior maximum" : "at the edge",
        full.mbsu().value(),
        full.k(),
        c.gain().value(),
        c.gain().low(),
        c.gain().high(),
        best.tau().value(),
        full.tau().value());
  }

  private static void best(Path folder, TrimSpec spec, List<TrimResult> results, List<String> notes)
      throws IOException {
    List<String> columns =
        List.of(
            "domain",
            "temperature",
            "source",
            "calibration domain",
            "texts",
            "tokens counted",
            "different",
            "gamma",
            "best k",
            "maximum",
            "exact best k",
            "tau",
            "MBSU",
            "low",
            "high",
            "tau, all",
            "MBSU, all",
            "gain",
            "gain low",
            "gain high",
            "coverage",
            "out of vocabulary");
    List<List<Object>> rows = new ArrayList<>();
    for (TrimResult r : results) {
      for (TrimResult.Curve c : r.curves()) {
        Point b = c.points().get(c.best());
        Point full = c.points().get(c.points().size() - 1);
        rows.add(
            List.of(
                r.cell().domain(),
                r.cell().temperature(),
                r.cell().source(),
                r.cell().calibrationDomain(),
                r.cell().calibrationTexts(),
                r.calibrationTokens(),
                r.calibrationDistinct(),
                c.gamma(),
                b.k(),
                c.interior() ? "interior" : "edge",
                c.exactBest() == null ? "n/a" : c.exactBest().toString(),
                b.tau().value(),
                b.mbsu().value(),
                b.mbsu().low(),
                b.mbsu().high(),
                full.tau().value(),
                full.mbsu().value(),
                c.gain().value(),
                c.gain().low(),
                c.gain().high(),
                r.coverage().get(c.best()),
                1 - r.coverage().get(c.best())));
      }
    }
    ReportTable.plain("best", spec.title() + ": the best size", columns, rows, 3, notes)
        .write(folder);
  }

  private static void curve(
      Path folder, TrimSpec spec, List<TrimResult> results, List<String> notes) throws IOException {
    List<String> columns =
        List.of(
            "cell",
            "gamma",
            "k",
            "c",
            "tau",
            "tau low",
            "tau high",
            "MBSU",
            "MBSU low",
            "MBSU high",
            "coverage",
            "rejected, not retained",
            "rejected, wrong",
            "acceptance by place");
    List<List<Object>> rows = new ArrayList<>();
    for (TrimResult r : results) {
      for (TrimResult.Curve c : r.curves()) {
        for (int i = 0; i < c.points().size(); i++) {
          Point p = c.points().get(i);
          rows.add(
              List.of(
                  r.cell().label(),
                  c.gamma(),
                  p.k(),
                  r.cost().ratio(p.k()),
                  p.tau().value(),
                  p.tau().low(),
                  p.tau().high(),
                  p.mbsu().value(),
                  p.mbsu().low(),
                  p.mbsu().high(),
                  r.coverage().get(i),
                  p.outside(),
                  p.wrong(),
                  String.join(
                      " ",
                      p.acceptance().stream()
                          .map(a -> String.format(Locale.ROOT, "%.3f", a))
                          .toList())));
        }
      }
    }
    List<String> all = new ArrayList<>(notes);
    all.add(
        "Rejections are per generated token. At T above 0 all sizes share the target's own texts"
            + " and tau is the exact expectation over the draft model's randomness.");
    ReportTable.plain("curve", spec.title() + ": every size", columns, rows, 4, all).write(folder);
  }

  private static void loops(
      Path folder, TrimSpec spec, List<TrimResult> results, List<String> notes) throws IOException {
    List<List<Object>> rows = new ArrayList<>();
    for (TrimResult r : results) {
      for (LoopResult l : r.loops()) {
        rows.add(
            List.of(
                r.cell().label(),
                l.k() == 0 ? "target alone" : Integer.toString(l.k()),
                l.tau(),
                l.replayed(),
                l.tokensPerSecond(),
                l.slowest(),
                l.fastest()));
      }
    }
    if (!rows.isEmpty()) {
      List<String> all = new ArrayList<>(notes);
      all.add(
          "tau replayed: of the sweep on the same prompts; equal for greedy text, within sampling"
              + " noise otherwise. Tokens per second: measured on this machine, after one run for"
              + " warming up, sizes in turn; median, slowest and fastest of "
              + results.get(0).cell().loop().repetitions()
              + " repetitions; other work on the machine shows in the spread.");
      ReportTable.plain(
              "loop",
              spec.title() + ": the real loop",
              List.of(
                  "cell", "k", "tau", "tau replayed", "tokens per second", "slowest", "fastest"),
              rows,
              3,
              all)
          .write(folder);
    }
  }

  /** One set of line figures, or one a domain where all lines do not fit in one. */
  private static void figures(Path folder, TrimSpec spec, List<TrimResult> results)
      throws IOException {
    List<Bar> bars = new ArrayList<>();
    Map<String, List<TrimResult>> byDomain = new LinkedHashMap<>();
    for (TrimResult r : results) {
      byDomain.computeIfAbsent(r.cell().domain(), d -> new ArrayList<>()).add(r);
      for (TrimResult.Curve c : r.curves()) {
        Point b = c.points().get(c.best());
        bars.add(
            new Bar(
                label(r, c, results) + ", k = " + b.k(),
                PolicyStyle.numbered(bars.size() % MOST_LINES),
                b.mbsu().value(),
                b.mbsu().low(),
                b.mbsu().high(),
                ReportTable.fixed(b.mbsu().value(), 3)));
      }
    }
    BarFigure.of(spec.title(), "best MBSU (modelled)", bars).write(folder, "best");
    if (bars.size() <= MOST_LINES || byDomain.size() == 1) {
      lines(folder, "", spec.title(), results);
    } else {
      for (Map.Entry<String, List<TrimResult>> e : byDomain.entrySet()) {
        lines(folder, "-" + e.getKey(), spec.title() + ": " + e.getKey(), e.getValue());
      }
    }
  }

  private static void lines(Path folder, String suffix, String what, List<TrimResult> results)
      throws IOException {
    List<Line> mbsu = new ArrayList<>();
    List<Line> tau = new ArrayList<>();
    List<Line> marks = new ArrayList<>();
    List<Line> coverage = new ArrayList<>();
    long all = results.stream().mapToLong(r -> r.curves().size()).sum();
    for (TrimResult r : results) {
      for (TrimResult.Curve c : r.curves()) {
        if (mbsu.size() < MOST_LINES) {
          String name = label(r, c, results);
          PolicyStyle style = PolicyStyle.numbered(mbsu.size());
          mbsu.add(line(name, style, c, Point::mbsu));
          tau.add(line(name, style, c, Point::tau));
          if (c.interior() && all <= 3) {
            Point b = c.points().get(c.best());
            marks.add(
                Line.points(
                    "maximum at k = " + b.k(),
                    PolicyStyle.numbered((int) all + marks.size()),
                    new double[] {b.k()},
                    new double[] {b.mbsu().value()}));
          }
        }
      }
      if (coverage.size() < MOST_LINES) {
        coverage.add(
            Line.joined(
                label(r, results),
                PolicyStyle.numbered(coverage.size()),
                r.cell().sizes().stream().mapToDouble(k -> k).toArray(),
                r.coverage().stream().mapToDouble(v -> v).toArray()));
      }
    }
    mbsu.addAll(marks);
    String title =
        all > MOST_LINES ? what + " (the first " + MOST_LINES + " of " + all + ")" : what;
    draw(folder, "mbsu" + suffix, title, "MBSU (modelled)", mbsu);
    draw(folder, "tau" + suffix, title, "block efficiency τ", tau);
    draw(folder, "coverage" + suffix, title, "coverage of the target's text", coverage);
  }

  private static void draw(Path folder, String name, String title, String y, List<Line> lines)
      throws IOException {
    LineFigure.of(new LineFigure.Axes(title, "retained tokens k", y, true), lines, List.of())
        .write(folder, name);
  }

  private static Line line(
      String name, PolicyStyle style, TrimResult.Curve c, Function<Point, Estimate> of) {
    return Line.joined(
        name,
        style,
        c.points().stream().mapToDouble(Point::k).toArray(),
        c.points().stream().mapToDouble(p -> of.apply(p).value()).toArray(),
        c.points().stream().mapToDouble(p -> of.apply(p).low()).toArray(),
        c.points().stream().mapToDouble(p -> of.apply(p).high()).toArray());
  }

  /** Returns the facts in which a curve differs from the others. */
  private static String label(TrimResult r, TrimResult.Curve c, List<TrimResult> all) {
    return label(r, all) + (r.curves().size() > 1 ? " γ " + c.gamma() : "");
  }

  /** Returns the facts in which a result differs from the others. */
  private static String label(TrimResult r, List<TrimResult> all) {
    List<String> parts = new ArrayList<>();
    List<Function<TrimResult, String>> facts =
        List.of(
            o -> o.cell().domain(),
            o -> "T " + o.cell().temperature(),
            o -> o.cell().source(),
            o -> "from " + o.cell().calibrationDomain(),
            o -> o.cell().calibrationTexts() + " texts");
    for (Function<TrimResult, String> fact : facts) {
      if (all.stream().map(fact).distinct().count() > 1) {
        parts.add(fact.apply(r));
      }
    }
    return parts.isEmpty() ? r.cell().domain() : String.join(", ", parts);
  }
}
