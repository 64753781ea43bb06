package io.scalekv.cli;

import io.scalekv.experiment.Campaign;
import io.scalekv.experiment.Experiment;
import io.scalekv.experiment.MetricValue;
import io.scalekv.experiment.Metrics;
import io.scalekv.experiment.RunResult;
import io.scalekv.experiment.Runner;
import io.scalekv.experiment.Runner.Status;
import io.scalekv.experiment.Sweep;
import io.scalekv.io.Require;
import io.scalekv.metrics.Frechet;
import io.scalekv.metrics.Metric;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Runs experiments. */
@Command(
    name = "sweep",
    description =
        "Runs the experiment of a YAML file, or those of a folder, on disk run by run. Can be"
            + " interrupted; run the same command again to resume.",
    footer = {
      "  ./scalekv sweep experiments/table1.yaml --quick",
      "  ./scalekv sweep experiments/fig7a.yaml --model pocket-l --list"
    })
final class SweepCommand implements Callable<Integer> {
  /** One run of the list. */
  record Listed(String experiment, String id, String group, String label) {}

  /** One run. */
  record Run(
      String id,
      String group,
      String label,
      Status status,
      String error,
      Map<String, MetricValue> metrics,
      Long peakKvBytes) {
    static Run of(Runner.Ended e) {
      RunResult r = e.result();
      return new Run(
          e.id(),
          e.group(),
          e.label(),
          e.status(),
          e.error(),
          r == null ? Map.of() : r.metrics(),
          r == null || r.memory() == null ? null : r.memory().peakKvBytes());
    }
  }

  /** One experiment. */
  record Outcome(
      String name,
      String folder,
      int done,
      int found,
      int failed,
      int notApplicable,
      int left,
      List<Run> runs,
      double wallSeconds) {
    static Outcome of(Campaign.Outcome o) {
      Runner.Summary s = o.summary();
      return new Outcome(
          o.name(),
          o.folder().toString(),
          s.count(Status.DONE),
          s.count(Status.FOUND),
          s.count(Status.FAILED),
          s.count(Status.NOT_APPLICABLE),
          s.count(Status.LEFT),
          s.runs().stream().map(Run::of).toList(),
          o.wallSeconds());
    }
  }

  /** JSON document. */
  record Report(List<Outcome> experiments) {}

  @Mixin private SweepOptions sweep;
  @Mixin private Output output;

  @Parameters(paramLabel = "SPEC", description = "YAML file of an experiment, or a folder of them.")
  private Path spec;

  @Option(names = "--list", description = "List the runs and do nothing else.")
  private boolean list;

  @Option(names = "--run", paramLabel = "ID", description = "Make only this run; repeatable.")
  private Set<String> chosen = new LinkedHashSet<>();

  @Override
  public Integer call() throws IOException {
    output.resumable();
    List<Sweep> sweeps = sweep.read(spec);
    List<Listed> runs = new ArrayList<>();
    for (Sweep s : sweeps) {
      for (Experiment.Planned r : s.experiment().distinct()) {
        runs.add(new Listed(s.file().name(), r.id(), r.group(), r.label()));
      }
    }
    if (list) {
      output.json(Map.of("runs", runs));
      output.table(
          List.of("experiment", "run", "group", "label"),
          runs,
          r -> Output.row(r.experiment(), r.id(), r.group(), r.label()));
      output.next("sweep", spec, "--run", runs.get(0).id());
      return 0;
    }
    Set<String> known = runs.stream().map(Listed::id).collect(Collectors.toSet());
    chosen.forEach(
        id -> Require.that(known.contains(id), "--run must be a run of --list, got %s", id));
    List<Outcome> outcomes =
        sweep.run(sweeps, chosen, output, null).stream().map(Outcome::of).toList();
    output.json(new Report(outcomes));
    outcomes.forEach(this::print);
    output.next("report", outcomes.size() == 1 ? outcomes.get(0).folder() : sweep.root());
    return outcomes.stream().anyMatch(o -> o.failed() > 0) ? Failure.WHILE_WORKING : 0;
  }

  private void print(Outcome o) {
    List<Metric> shown =
        Metrics.all().stream()
            .filter(m -> Metrics.isCompared(m) || m == Frechet.METRIC)
            .filter(m -> o.runs().stream().anyMatch(r -> r.metrics().containsKey(m.key())))
            .toList();
    List<String> columns = new ArrayList<>(List.of("run", "status"));
    shown.forEach(m -> columns.add(m.label()));
    columns.add("peak KV (MiB)");
    output.table(
        columns,
        o.runs(),
        r -> {
          List<Object> runs = new ArrayList<>(List.of(r.label(), r.status()));
          for (Metric m : shown) {
            MetricValue v = r.metrics().get(m.key());
            runs.add(
                v == null || Double.isNaN(v.ranked())
                    ? null
                    : Output.fixed(v.ranked(), m.digits()));
          }
          runs.add(r.peakKvBytes() == null ? null : Output.mib(r.peakKvBytes()));
          return runs;
        });
    o.runs().stream()
        .filter(r -> r.error() != null)
        .forEach(r -> output.line("%s: %s", r.label(), r.error()));
    output.line(
        "%s: %d runs done, %d found, %d failed, %d n/a, %d left, in %s (%.1f s)",
        o.name(),
        o.done(),
        o.found(),
        o.failed(),
        o.notApplicable(),
        o.left(),
        o.folder(),
        o.wallSeconds());
  }
}
