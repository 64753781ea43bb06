package io.scalekv.cli;

import io.scalekv.experiment.CellResult;
import io.scalekv.experiment.ExperimentSpec;
import io.scalekv.experiment.MetricValue;
import io.scalekv.experiment.Metrics;
import io.scalekv.experiment.Runner;
import io.scalekv.experiment.Runner.Status;
import io.scalekv.metrics.Frechet;
import io.scalekv.metrics.Metric;
import io.scalekv.model.ModelChoice;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Runs an experiment. */
@Command(
    name = "sweep",
    description =
        "Run the cells of an experiment. Can be stopped at any moment; the same command goes on"
            + " where it was.")
final class SweepCommand implements Callable<Integer> {
  /** One cell. Means are null where not measured. */
  record Cell(
      String id,
      String group,
      String label,
      String status,
      String error,
      Map<String, MetricValue> metrics,
      Double kvCacheMiB) {}

  /** What the command reports. */
  record Report(
      String experiment,
      String folder,
      int done,
      int kept,
      int failed,
      int left,
      List<Cell> cells,
      double wallSeconds) {}

  @Spec private CommandSpec spec;
  @Mixin private ModelOption modelOption = ModelOption.shapeOnly();
  @Mixin private NetOptions netOptions;
  @Mixin private EngineOptions engine;
  @Mixin private RunnerOptions runner;
  @Mixin private JsonOption json;

  @Parameters(paramLabel = "SPEC", description = "The experiment, a YAML file.")
  private Path file;

  @Option(names = "--quick", description = "Run the small version that the experiment names.")
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

  @Option(names = "--images", description = "Keep the images of every cell.")
  private boolean images;

  @Option(names = "--fail-fast", description = "Stop at the first cell that fails.")
  private boolean failFast;

  @Override
  public Integer call() throws IOException {
    long start = System.nanoTime();
    if (runner.spark()) {
      RunnerOptions.checkSpark();
    }
    ExperimentSetup setup =
        ExperimentSetup.of(
            file, quick, otherModel(spec, modelOption, file), netOptions.nets(), out);
    Path folder = OutputFolder.prepare(setup.folder());
    setup.file().write(folder);
    Runner.Summary summary =
        setup.run(
            setup.experiment().distinct(),
            netOptions.nets(),
            new Runner.Options(
                folder,
                reference == null ? folder.resolve("reference") : reference,
                images,
                failFast,
                true),
            engine,
            runner,
            new RunProgress(engine.quiet(), spec.commandLine().getErr()));
    Report report = report(setup.file().name(), folder, summary, (System.nanoTime() - start) / 1e9);
    json.print(spec.commandLine().getOut(), report, SweepCommand::text);
    if (report.failed() == 0) {
      return 0;
    }
    String line = "%d of %d cells failed; their errors are in %s";
    spec.commandLine()
        .getErr()
        .println(
            spec.qualifiedName()
                + ": "
                + line.formatted(report.failed(), summary.cells().size(), folder.resolve("runs")));
    return Failure.WHILE_WORKING;
  }

  /** The model that was typed in place of the experiment's, or null. */
  static ModelChoice otherModel(CommandSpec spec, ModelOption option, Path file)
      throws IOException {
    boolean typed =
        List.of("--model", "--weights", "--random-weights").stream()
            .anyMatch(spec.commandLine().getParseResult()::hasMatchedOption);
    if (!typed) {
      return null;
    }
    boolean named = spec.commandLine().getParseResult().hasMatchedOption("--model");
    String name = named ? option.model() : ExperimentSpec.read(file).model().name();
    ModelChoice choice = option.choice();
    return new ModelChoice(name, choice.weights(), choice.randomWeights());
  }

  static Report report(String name, Path folder, Runner.Summary summary, double seconds) {
    return new Report(
        name,
        folder.toString(),
        summary.count(Status.DONE),
        summary.count(Status.KEPT),
        summary.count(Status.FAILED),
        summary.count(Status.LEFT),
        summary.cells().stream().map(SweepCommand::cell).toList(),
        Math.round(seconds * 10) / 10.0);
  }

  private static Cell cell(Runner.Ended c) {
    CellResult r = c.result();
    Long bytes = r == null || r.memory() == null ? null : r.memory().kvCacheBytes();
    return new Cell(
        c.id(),
        c.group(),
        c.label(),
        c.status().name().toLowerCase(Locale.ROOT),
        c.error(),
        r == null ? Map.of() : r.metrics(),
        bytes == null ? null : Double.valueOf(Math.round(1000.0 * bytes / (1 << 20)) / 1000.0));
  }

  private static String mean(Cell c, Metric m) {
    MetricValue v = c.metrics().get(m.key());
    return v == null || Double.isNaN(v.mean())
        ? "-"
        : String.format(Locale.ROOT, "%." + m.digits() + "f", v.mean());
  }

  static String text(Report r) {
    int width = r.cells().stream().mapToInt(c -> c.label().length()).max().orElse(4);
    List<Metric> shown =
        Metrics.all().stream()
            .filter(m -> Metrics.isCompared(m) || m == Frechet.METRIC)
            .filter(m -> r.cells().stream().anyMatch(c -> c.metrics().containsKey(m.key())))
            .toList();
    StringBuilder t = new StringBuilder();
    t.append(String.format(Locale.ROOT, "%-" + width + "s %-6s", r.experiment(), ""));
    shown.forEach(m -> t.append(String.format(Locale.ROOT, " %11s", m.label())));
    t.append(String.format(Locale.ROOT, " %9s", "KV MiB"));
    for (Cell c : r.cells()) {
      t.append(String.format(Locale.ROOT, "%n%-" + width + "s %-6s", c.label(), c.status()));
      shown.forEach(m -> t.append(String.format(Locale.ROOT, " %11s", mean(c, m))));
      t.append(String.format(Locale.ROOT, " %9s", number("%.2f", c.kvCacheMiB())));
      if (c.error() != null) {
        t.append(String.format("%n  %s", c.error()));
      }
    }
    t.append(
        String.format(
            Locale.ROOT,
            "%n%d cells done, %d kept, %d failed, %d left: %s (%.1f s)",
            r.done(),
            r.kept(),
            r.failed(),
            r.left(),
            r.folder(),
            r.wallSeconds()));
    return t.toString();
  }

  private static String number(String format, Double value) {
    return value == null ? "-" : String.format(Locale.ROOT, format, value);
  }
}
