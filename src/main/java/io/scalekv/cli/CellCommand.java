package io.scalekv.cli;

import io.scalekv.experiment.Experiment;
import io.scalekv.experiment.Runner;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Runs one cell of an experiment. */
@Command(
    name = "cell",
    description = "Run one cell of an experiment, for job arrays; without --id, list the cells.")
final class CellCommand implements Callable<Integer> {
  /** A cell of the list. */
  record Listed(String id, String group, String label) {}

  @Spec private CommandSpec spec;
  @Mixin private ModelOption modelOption = ModelOption.shapeOnly();
  @Mixin private NetOptions netOptions;
  @Mixin private EngineOptions engine;
  @Mixin private JsonOption json;

  @Parameters(paramLabel = "SPEC", description = "The experiment, a YAML file.")
  private Path file;

  @Option(names = "--id", paramLabel = "ID", description = "The cell.")
  private String id;

  @Option(names = "--quick", description = "The small version that the experiment names.")
  private boolean quick;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description = "Folder of the results (default: results/NAME).")
  private Path out;

  @Option(
      names = "--reference",
      paramLabel = "DIR",
      description = "Folder of the full cache's images, to share them between experiments.")
  private Path reference;

  @Option(names = "--images", description = "Keep the images of the cell.")
  private boolean images;

  @Override
  public Integer call() throws IOException {
    long start = System.nanoTime();
    ExperimentSetup setup =
        ExperimentSetup.of(
            file, quick, SweepCommand.otherModel(spec, modelOption, file), netOptions.nets(), out);
    List<Experiment.Planned> cells = setup.experiment().distinct();
    if (id == null) {
      json.print(
          spec.commandLine().getOut(),
          cells.stream().map(c -> new Listed(c.id(), c.group(), c.label())).toList(),
          CellCommand::text);
      return 0;
    }
    List<Experiment.Planned> one = cells.stream().filter(c -> c.id().equals(id)).toList();
    if (one.isEmpty()) {
      throw new IllegalArgumentException(
          "--id: one of the %d cells of %s expected, got %s".formatted(cells.size(), file, id));
    }
    Path folder = OutputFolder.prepare(setup.folder());
    setup.file().write(folder);
    Runner.Summary summary =
        setup.run(
            one,
            netOptions.nets(),
            new Runner.Options(
                folder,
                reference == null ? folder.resolve("reference") : reference,
                images,
                false,
                false),
            engine,
            new RunProgress(engine.quiet(), spec.commandLine().getErr()));
    json.print(
        spec.commandLine().getOut(),
        SweepCommand.report(
            setup.file().name(), folder, summary, (System.nanoTime() - start) / 1e9),
        SweepCommand::text);
    return summary.count(Runner.Status.FAILED) == 0 ? 0 : Failure.WHILE_WORKING;
  }

  private static String text(List<Listed> cells) {
    StringBuilder t = new StringBuilder();
    for (Listed c : cells) {
      t.append(t.isEmpty() ? "" : System.lineSeparator());
      t.append(c.id()).append("  ").append(c.group()).append(": ").append(c.label());
    }
    return t.toString();
  }
}
