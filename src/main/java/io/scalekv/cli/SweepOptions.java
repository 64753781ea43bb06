package io.scalekv.cli;

import io.scalekv.experiment.Campaign;
import io.scalekv.experiment.Runner;
import io.scalekv.experiment.Sweep;
import io.scalekv.experiment.UserNets;
import io.scalekv.io.Require;
import io.scalekv.model.ModelChoice;
import io.scalekv.report.SweepSummary;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Options of the commands that run experiments. */
final class SweepOptions {
  @Spec(Spec.Target.MIXEE)
  private CommandSpec command;

  @Mixin ModelOptions model;
  @Mixin private NetOptions nets;
  @Mixin private MachineOptions machine;
  @Mixin private RunnerOptions runner;

  @Option(names = "--quick", description = "Run the small version that the experiment names.")
  boolean quick;

  @HelpGroup(HelpGroup.Heading.OUTPUT)
  @Option(
      names = "--out",
      paramLabel = "DIR",
      description = "Folder of the results (default: below out/).")
  Path out;

  @HelpGroup(HelpGroup.Heading.OUTPUT)
  @Option(
      names = "--reference",
      paramLabel = "DIR",
      description = "Folder of the full cache's images, to share them between experiments.")
  private Path reference;

  @HelpGroup(HelpGroup.Heading.OUTPUT)
  @Option(names = "--images", description = "Keep the images of every run.")
  boolean images;

  @Option(names = "--fail-fast", description = "Stop at the first run that fails.")
  private boolean failFast;

  private boolean folder;

  /** Returns the folder that holds the folders of several experiments. */
  Path root() {
    return out == null ? Path.of("out") : out;
  }

  /** Returns the model in place of the experiments' own, or null where none is given. */
  private ModelChoice typed() {
    boolean typed =
        Stream.of("--model", "--weights", "--random-weights")
            .anyMatch(command.commandLine().getParseResult()::hasMatchedOption);
    return typed ? model.choice() : null;
  }

  /** Reads the experiments of a file or folder, on the given model if there is one. */
  List<Sweep> read(Path spec) throws IOException {
    return read(spec, s -> typed());
  }

  /**
   * Reads the experiments of a file or folder.
   *
   * @param other the model in place of a file's own, or null
   */
  List<Sweep> read(Path spec, Function<Path, ModelChoice> other) throws IOException {
    runner.check();
    UserNets user = nets.nets();
    folder = Files.isDirectory(spec);
    List<Path> files = List.of(spec);
    if (folder) {
      try (Stream<Path> all = Files.list(spec)) {
        files = all.filter(f -> f.toString().endsWith(".yaml")).sorted().toList();
      }
      Require.that(!files.isEmpty(), "missing experiments: no YAML file in %s", spec);
    }
    List<Sweep> sweeps = new ArrayList<>();
    for (Path file : files) {
      sweeps.add(Sweep.of(file, quick, other.apply(file), user));
    }
    return sweeps;
  }

  /**
   * Runs experiments.
   *
   * @param chosen ids of runs; empty for all
   * @param root folder of the folders of results; null for that of the options
   */
  List<SweepSummary> run(List<Sweep> sweeps, Set<String> chosen, Output output, Path root)
      throws IOException {
    Path base = root == null ? root() : root;
    boolean several = folder || root != null;
    Function<Sweep, Path> placed =
        s -> several ? base.resolve(s.file().name()) : out == null ? base.resolve(s.name()) : out;
    Path own = several ? base : placed.apply(sweeps.get(0));
    Path references = reference == null ? own.resolve("reference") : reference;
    for (Sweep s : sweeps) {
      model.check(s.model(), s.experiment().spec().dtype());
      OutputFolder.prepare(placed.apply(s));
    }
    boolean alone = chosen.isEmpty();
    return Campaign.of(sweeps, placed, references)
        .run(
            chosen,
            (sweep, results) ->
                runner.of(
                    sweep,
                    sweep.context(machine.threads.count(), references),
                    new Runner.Options(
                        results, references, images || root != null, failFast, alone),
                    machine,
                    model.loading(machine, true)),
            new RunProgress("runs", output))
        .stream()
        .map(SweepSummary::of)
        .toList();
  }
}
