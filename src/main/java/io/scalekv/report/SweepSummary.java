package io.scalekv.report;

import io.scalekv.experiment.Campaign;
import io.scalekv.experiment.MetricValue;
import io.scalekv.experiment.Metrics;
import io.scalekv.experiment.RunResult;
import io.scalekv.experiment.Runner;
import io.scalekv.experiment.Runner.Status;
import io.scalekv.metrics.Frechet;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Summary of an experiment that was run: its runs by how they ended, with their means.
 *
 * @param folder of its results
 * @param done runs made now
 * @param found runs that were there
 * @param notApplicable runs whose policy cannot hold the budget
 * @param left runs that were not made, after a failure
 */
public record SweepSummary(
    String name,
    String folder,
    int done,
    int found,
    int failed,
    int notApplicable,
    int left,
    List<RunSummary> runs,
    double wallSeconds) {
  /** Summary of one run; {@code error} is null where it has a result. */
  public record RunSummary(
      String id,
      String group,
      String label,
      Status status,
      String error,
      Map<String, MetricValue> metrics,
      Long peakKvBytes) {
    private static RunSummary of(Runner.Ended e) {
      RunResult r = e.result();
      return new RunSummary(
          e.id(),
          e.group(),
          e.label(),
          e.status(),
          e.error(),
          r == null ? Map.of() : r.metrics(),
          r == null || r.memory() == null ? null : bytes(r.memory()));
    }
  }

  /** Returns the measured peak, or the nominal bytes where nothing was measured. */
  private static Long bytes(RunResult.Memory m) {
    return m.peakKvBytes() == null ? Long.valueOf(m.nominalKvBytes()) : m.peakKvBytes();
  }

  /** Returns the summary of an outcome. */
  public static SweepSummary of(Campaign.Outcome o) {
    Runner.Summary s = o.summary();
    return new SweepSummary(
        o.name(),
        o.folder().toString(),
        s.count(Status.DONE),
        s.count(Status.FOUND),
        s.count(Status.FAILED),
        s.count(Status.NOT_APPLICABLE),
        s.count(Status.LEFT),
        s.runs().stream().map(RunSummary::of).toList(),
        o.wallSeconds());
  }

  /** Returns the means of every run, with errors and counts below. */
  public ReportTable table() {
    ReportTable.Builder<RunSummary> table =
        ReportTable.of(name, name, runs)
            .text("run", RunSummary::label)
            .text("status", RunSummary::status);
    Metrics.all().stream()
        .filter(m -> Metrics.isCompared(m) || m == Frechet.METRIC)
        .filter(m -> runs.stream().anyMatch(r -> r.metrics().containsKey(m.key())))
        .forEach(m -> table.text(m.label(), r -> mean(r.metrics().get(m.key()), m.digits())));
    table.text(
        "peak KV (MiB)",
        r -> r.peakKvBytes() == null ? null : ReportTable.fixed(r.peakKvBytes() / 1048576.0, 2));
    runs.stream()
        .filter(r -> r.error() != null)
        .forEach(r -> table.note(r.label() + ": " + r.error()));
    return table.note(line()).build();
  }

  /** Returns the counts for people. */
  public String line() {
    return String.format(
        Locale.ROOT,
        "%s: %d runs done, %d found, %d failed, %d n/a, %d left, in %s (%.1f s)",
        name,
        done,
        found,
        failed,
        notApplicable,
        left,
        folder,
        wallSeconds);
  }

  private static String mean(MetricValue v, int digits) {
    if (v == null) {
      return null;
    }
    String identical = v.infinite() == 0 ? "" : "∞ (" + v.infinite() + " identical)";
    String mean = Double.isInfinite(v.ranked()) ? null : ReportTable.fixed(v.ranked(), digits);
    return mean == null && !identical.isEmpty()
        ? identical
        : identical.isEmpty() ? mean : mean + " and " + identical;
  }
}
