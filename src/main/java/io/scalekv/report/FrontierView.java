package io.scalekv.report;

import io.scalekv.experiment.Frontier;
import io.scalekv.experiment.Results;
import io.scalekv.experiment.Run;
import io.scalekv.metrics.Psnr;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Table and figure of fidelity against measured bytes, for experiments whose runs differ in the
 * number formats of the cache, where budgets alone do not determine bytes.
 */
record FrontierView(Results results, List<Frontier.Point> settings, Frontier frontier) {
  private static final double KIB = 1024;
  private static final MetricColumn RANKED = MetricColumn.of(Psnr.OF_MEAN_MSE, null);

  /**
   * Returns the view of an experiment; empty where all runs with measured bytes have one format.
   */
  static Optional<FrontierView> of(Results results) {
    List<Frontier.Point> settings = Frontier.settings(results);
    return formats(settings.stream().map(Frontier.Point::policy)) > 1
        ? Optional.of(new FrontierView(results, settings, Frontier.of(results)))
        : Optional.empty();
  }

  /** Returns the number of different formats of keys and values. */
  static long formats(Stream<Run.Policy> policies) {
    return policies.map(p -> p.keyType() + " " + p.valueType()).distinct().count();
  }

  /** The number of a point on the frontier, from 1; 0 for others. */
  private int number(Frontier.Point p) {
    return frontier.best().indexOf(p) + 1;
  }

  /** Returns every setting by bytes. */
  ReportTable table() {
    ReportTable.Builder<Frontier.Point> t =
        ReportTable.of(
                results.file().name() + "-frontier",
                results.file().heading() + ": every setting by bytes",
                settings)
            .data("frontier", p -> number(p) == 0 ? null : number(p))
            .text("#", p -> number(p) == 0 ? "–" : number(p))
            .text("setting", p -> bold(p, p.label()))
            .data("policy", p -> p.policy().name())
            .data("budget", p -> p.policy().budget())
            .data("unconditionalBudget", p -> p.policy().unconditionalBudget())
            .data("keyType", p -> p.policy().keyType().toString())
            .data("valueType", p -> p.policy().valueType().toString())
            .data("bytesPerImage", Frontier.Point::bytes)
            .text("KiB per image", p -> kib(p.bytes()))
            .data("allocatedPerImage", Frontier.Point::allocatedBytes)
            .text("allocated", p -> kib(p.allocatedBytes()))
            .data("id", Frontier.Point::run);
    RANKED.addTo(t, RANKED.metric().column(), Frontier.Point::psnrOfMeanMse);
    t.text(RANKED.head(), p -> RANKED.show(p.psnrOfMeanMse()));
    for (MetricColumn c : MetricColumn.of(results)) {
      if (!c.caption() && !c.ofSets() && !c.equals(RANKED)) {
        c.addTo(t, c.metric().column(), p -> c.value(results.runs().get(p.run())).orElse(null));
        t.text(c.head(), p -> c.value(results.runs().get(p.run())).map(c::show).orElse(null));
      }
    }
    return t.note(
            "Bytes are the most that the tokens of one image held after any scale, both guidance"
                + " branches and the scales of int8 numbers included; allocated: the most that was"
                + " taken from the system for them. 1 KiB = 1024 bytes.")
        .note(
            "Bold and numbered: the frontier; no other setting has a higher PSNR of the mean MSE at"
                + " the same bytes or fewer. Neighbours may lie within each other's interval.")
        .note(
            "Means over "
                + frontier.prompts().images()
                + " images with 95 % bootstrap intervals over prompts.")
        .build();
  }

  private String bold(Frontier.Point p, String text) {
    return number(p) == 0 ? text : "**" + text + "**";
  }

  private static String kib(long bytes) {
    return String.format(Locale.ROOT, "%.1f", bytes / KIB);
  }

  /**
   * Returns the PSNR of the mean MSE against bytes, equal steps being doublings, with the frontier
   * numbered as in the table.
   */
  NamedFigure figure() {
    Map<String, List<Frontier.Point>> series = new LinkedHashMap<>();
    for (Frontier.Point p : settings) {
      series.computeIfAbsent(series(p.policy()), s -> new ArrayList<>()).add(p);
    }
    List<LineFigure.Line> lines = new ArrayList<>();
    List<Frontier.Point> finite =
        frontier.best().stream().filter(p -> Double.isFinite(p.psnrDb())).toList();
    double[] x = finite.stream().mapToDouble(p -> p.bytes() / KIB).toArray();
    double[] y = finite.stream().mapToDouble(Frontier.Point::psnrDb).toArray();
    lines.add(LineFigure.Line.smooth("frontier", PolicyStyle.of("full"), x, y));
    series.forEach((name, points) -> lines.add(line(name, points)));
    List<LineFigure.Label> labels = new ArrayList<>();
    for (Frontier.Point p : finite) {
      labels.add(new LineFigure.Label(String.valueOf(number(p)), p.bytes() / KIB, p.psnrDb()));
    }
    return new NamedFigure(
        results.file().name() + "-frontier",
        results.file().heading() + ": PSNR of the mean MSE against bytes of the cache",
        LineFigure.of(
            new LineFigure.Axes(
                results.file().heading(),
                "KV cache of an image, measured (KiB)",
                "PSNR of the mean MSE (dB)",
                true),
            lines,
            otherSeed(),
            labels));
  }

  /** The ruler of another seed; full caches are settings of the frontier themselves. */
  private List<LineFigure.Level> otherSeed() {
    return ExperimentFigures.rulers(
        RANKED,
        ResultRow.of(results).stream().filter(r -> r.run().kind() == Run.Kind.OTHER_SEED).toList());
  }

  private LineFigure.Line line(String name, List<Frontier.Point> points) {
    return LineFigure.Line.joined(
        name,
        PolicyStyle.of(points.get(0).policy().name()),
        points.stream().mapToDouble(p -> p.bytes() / KIB).toArray(),
        points.stream().map(Frontier.Point::psnrOfMeanMse).toList());
  }

  /** Name of a line: settings of one policy, format and kind of budget split. */
  private static String series(Run.Policy p) {
    String types = p.keyType() + (p.keyType() == p.valueType() ? "" : "/" + p.valueType());
    return p.name()
        + ", "
        + types
        + (p.unconditionalBudget() == null ? "" : ", split")
        + (p.cfgUntil() == null ? "" : ", cfg until " + p.cfgUntil());
  }
}
