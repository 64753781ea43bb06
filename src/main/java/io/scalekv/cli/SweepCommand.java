package io.scalekv.cli;

import io.scalekv.experiment.Experiment;
import io.scalekv.experiment.Sweep;
import io.scalekv.io.Require;
import io.scalekv.report.SweepSummary;
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

/** Runner of experiments. */
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
    List<SweepSummary> outcomes = sweep.run(sweeps, chosen, output, null);
    output.json(Map.of("experiments", outcomes));
    outcomes.forEach(o -> output.table(o.table()));
    output.next("report", outcomes.size() == 1 ? outcomes.get(0).folder() : sweep.root());
    return outcomes.stream().anyMatch(o -> o.failed() > 0) ? Failure.WHILE_WORKING : 0;
  }
}
