package io.scalekv.report;

import io.scalekv.experiment.Campaign;
import io.scalekv.experiment.Metrics;
import io.scalekv.experiment.Runner.Ended;
import io.scalekv.experiment.Runner.Status;
import io.scalekv.metrics.Frechet;
import io.scalekv.metrics.Psnr;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * Summary of an experiment that was run: its runs by how they ended, with their means.
 *
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
    List<Ended> runs,
    double wallSeconds) {
  private static final Map<Status, String> STATUS =
      Map.of(
          Status.DONE, "done",
          Status.FOUND, "found",
          Status.FAILED, "failed",
          Status.NOT_APPLICABLE, "n/a",
          Status.LEFT, "left");

  /** Returns the summary of an outcome. */
  public static SweepSummary of(Campaign.Outcome o) {
    return new SweepSummary(
        o.name(),
        o.folder().toString(),
        count(o, Status.DONE),
        count(o, Status.FOUND),
        count(o, Status.FAILED),
        count(o, Status.NOT_APPLICABLE),
        count(o, Status.LEFT),
        o.runs(),
        o.wallSeconds());
  }

  private static int count(Campaign.Outcome o, Status status) {
    return (int) o.runs().stream().filter(r -> r.status() == status).count();
  }

  /** Returns the means of every run with their 95 % intervals, with errors and counts below. */
  public ReportTable table() {
    ReportTable.Builder<Ended> table =
        ReportTable.of(name, name, runs)
            .text("run", Ended::label)
            .text("status", r -> STATUS.get(r.status()));
    Metrics.all().stream()
        .filter(m -> Metrics.isCompared(m) || m == Frechet.METRIC)
        .filter(m -> runs.stream().anyMatch(r -> r.metrics().containsKey(m.key())))
        .map(m -> MetricColumn.of(m, null))
        .forEach(
            c ->
                table.text(
                    c.head(),
                    r ->
                        Optional.ofNullable(r.metrics().get(c.metric().key()))
                            .map(c::show)
                            .orElse(null)));
    if (runs.stream()
        .anyMatch(r -> r.metrics().values().stream().anyMatch(v -> v.infinite() > 0))) {
      MetricColumn all = MetricColumn.of(Psnr.OF_MEAN_MSE, null);
      table.text(
          all.head(),
          r -> r.result() == null ? null : all.value(r.result()).map(all::show).orElse(null));
    }
    table.text("peak KV (MiB)", r -> ReportTable.inMib(r.peakKvBytes()));
    runs.stream()
        .filter(r -> r.error() != null)
        .forEach(r -> table.note(r.label() + ": " + r.error()));
    runs.stream()
        .filter(r -> r.result() != null)
        .flatMap(r -> r.result().notes().stream())
        .distinct()
        .forEach(table::note);
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
}
