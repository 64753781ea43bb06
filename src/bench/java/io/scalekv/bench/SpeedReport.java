package io.scalekv.bench;

import io.scalekv.experiment.Machine;
import io.scalekv.io.Software;
import io.scalekv.metrics.Interval;
import io.scalekv.report.LineFigure;
import io.scalekv.report.PolicyStyle;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/** Tables and figures of measured generations: speed, soak. */
public final class SpeedReport {
  private static final double MIB = 1 << 20;

  /** Operations below this share of the time are not listed. */
  private static final double LEAST_SHARE = 0.002;

  /** The products of linear layers; nothing else of the models uses these operations. */
  private static final List<String> LINEAR_OPS =
      List.of("mkldnn::_linear_pointwise", "aten::addmm", "aten::mm", "aten::mkldnn_linear");

  private static final List<String> SPEED =
      List.of(
          "run",
          "model",
          "pixels",
          "dtype",
          "batch",
          "policy",
          "budget",
          "seconds",
          "least",
          "most",
          "maps s",
          "tokenizer s",
          "cpu s",
          "linear GFLOP",
          "attention GFLOP",
          "tokenizer GFLOP",
          "GFLOP/s",
          "sgemm GFLOP/s",
          "bf16 gemm GFLOP/s",
          "of limit %",
          "KV MiB",
          "peak RSS MiB");

  private SpeedReport() {}

  /** Writes {@code speed.csv} and {@code speed.md}: a line a run, medians over its generations. */
  public static void speed(Path folder, List<SpeedRun> runs) throws IOException {
    List<List<Object>> rows = new ArrayList<>();
    for (SpeedRun r : runs) {
      SpeedRun.Setup s = r.setup();
      double[] range = r.range();
      rows.add(
          List.of(
              r.name(),
              s.model(),
              s.pixelHeight() + "x" + s.pixelWidth(),
              s.dtype(),
              s.batch(),
              s.policy(),
              s.budget() == null ? "n/a" : s.budget(),
              r.median(SpeedRun.Generation::seconds),
              range[0],
              range[1],
              r.median(SpeedRun.Generation::mapSeconds),
              r.median(SpeedRun.Generation::tokenizerSeconds),
              r.median(SpeedRun.Generation::cpuSeconds),
              r.linearGflop(),
              r.gflop().attention(),
              r.gflop().tokenizer(),
              r.gflopPerSecond(),
              r.rates().medianFp32(),
              r.rates().medianBf16(),
              100 * r.ofLimit(),
              r.memory().kvBytes() / MIB,
              r.memory().peakRssMiB() == null ? Double.NaN : r.memory().peakRssMiB()));
    }
    List<String> notes = new ArrayList<>(provenance(runs));
    notes.add(
        "Medians over the generations of a run, one batch each; of limit: the time that the counted"
            + " operations take at the rates of matrix products measured in turn with them, over"
            + " the time they took.");
    PlainTable.of("speed", "Whole generations", SPEED, rows, 3, notes).write(folder);
  }

  /**
   * Writes {@code ops-RUN.csv} and {@code .md}: native operations of one generation, longest first.
   */
  public static void ops(Path folder, SpeedRun run, List<SpeedRun.NativeOp> ops)
      throws IOException {
    double all = ops.stream().mapToDouble(SpeedRun.NativeOp::seconds).sum();
    List<List<Object>> rows = new ArrayList<>();
    for (SpeedRun.NativeOp o : ops) {
      if (o.seconds() >= LEAST_SHARE * all) {
        rows.add(List.of(o.name(), o.calls(), 1000 * o.seconds(), 100 * o.seconds() / all));
      }
    }
    double linear =
        ops.stream()
            .filter(o -> LINEAR_OPS.contains(o.name()))
            .mapToDouble(SpeedRun.NativeOp::seconds)
            .sum();
    List<String> notes = new ArrayList<>(provenance(List.of(run)));
    notes.add(
        String.format(
            Locale.ROOT,
            "One batch after the others of the run %s, under libtorch's profiler: %.3f s in native"
                + " operations, without it %.3f s from text to end. An operation without those"
                + " that it calls; shorter ones than %.1f %% are left out.",
            run.name(),
            all,
            run.median(SpeedRun.Generation::seconds),
            100 * LEAST_SHARE));
    notes.add(
        String.format(
            Locale.ROOT,
            "Linear layers: %.2f GFLOP in %.3f s (%s) are %.1f GFLOP/s, %.0f %% of the rate of"
                + " square products of the same run.",
            run.linearGflop(),
            linear,
            String.join(", ", LINEAR_OPS),
            run.linearGflop() / linear,
            100 * run.linearFloorSeconds() / linear));
    PlainTable.of(
            "ops-" + run.name(),
            "Native operations of one batch: " + run.name(),
            List.of("operation", "calls", "ms", "%"),
            rows,
            1,
            notes)
        .write(folder);
  }

  private static List<String> provenance(List<SpeedRun> runs) {
    return runs.stream()
        .map(r -> machine(r.machine()) + "; " + versions(r.software()) + "; commit " + r.commit())
        .distinct()
        .toList();
  }

  private static String versions(Software s) {
    return String.format(
        "scalekv %s, DJL %s, libtorch %s, Java %s", s.scalekv(), s.djl(), s.libtorch(), s.java());
  }

  private static String machine(Machine m) {
    return String.format(
        Locale.ROOT,
        "%s, %d cores, %d threads of an operation, %s %s",
        m.cpu(),
        m.cores(),
        m.threads(),
        m.os(),
        m.arch());
  }

  /**
   * Writes {@code soak.png} and {@code soak.svg}: what the process holds against images drawn.
   *
   * @param samples at least two
   * @param title with the slope
   */
  public static void soak(Path folder, List<Soak.Sample> samples, String title) throws IOException {
    double[] x = samples.stream().mapToDouble(Soak.Sample::images).toArray();
    LineFigure.of(
            new LineFigure.Axes(title, "images", "MiB", false),
            List.of(
                line("resident", 0, x, samples, s -> orNaN(s.rssMiB())),
                line("C heap in use", 1, x, samples, s -> orNaN(s.nativeMiB())),
                line("Java heap, garbage included", 2, x, samples, Soak.Sample::javaMiB)),
            List.of())
        .write(folder, "soak");
  }

  private static LineFigure.Line line(
      String name,
      int style,
      double[] x,
      List<Soak.Sample> samples,
      ToDoubleFunction<Soak.Sample> value) {
    return LineFigure.Line.joined(
        name,
        PolicyStyle.numbered(style),
        x,
        samples.stream().map(s -> Interval.alone(value.applyAsDouble(s))).toList());
  }

  private static double orNaN(Double value) {
    return value == null ? Double.NaN : value;
  }
}
