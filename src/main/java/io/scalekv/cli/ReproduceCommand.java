package io.scalekv.cli;

import io.scalekv.experiment.ExperimentSpec;
import io.scalekv.experiment.ResultFolder;
import io.scalekv.experiment.Runner;
import io.scalekv.experiment.Runner.Status;
import io.scalekv.experiment.SharedResults;
import io.scalekv.model.ModelChoice;
import io.scalekv.model.ModelConfig;
import io.scalekv.report.PaperComparison;
import io.scalekv.report.Report;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Every table and figure of the paper on one model. */
@Command(
    name = "reproduce",
    description =
        "Run every experiment of the ScaleKV paper on a model, then report, with the paper's"
            + " numbers beside ours. Can be stopped at any moment; the same command goes on where"
            + " it was.")
final class ReproduceCommand implements Callable<Integer> {
  /** One experiment. */
  record Ran(String name, String folder, int done, int kept, int failed, double wallSeconds) {}

  /** What the command reports. */
  record Said(
      String model,
      String folder,
      String page,
      List<Ran> experiments,
      List<PaperComparison.Row> comparison,
      double wallSeconds) {}

  private static final int MOST_PROMPTS = 8;
  private static final Pattern IMAGE = Pattern.compile("p([0-9]+)-s-?[0-9]+\\.png");

  @Spec private CommandSpec spec;
  @Mixin private ModelOption modelOption;
  @Mixin private NetOptions netOptions;
  @Mixin private EngineOptions engine;
  @Mixin private JsonOption json;

  @Option(names = "--quick", description = "The small versions: minutes instead of hours.")
  private boolean quick;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description = "Folder of the results (default: results/paper/MODEL).")
  private Path out;

  @Option(
      names = "--experiments",
      paramLabel = "DIR",
      defaultValue = "experiments",
      description = "Folder of the experiments (default: ${DEFAULT-VALUE}).")
  private Path experiments = Path.of("experiments");

  @Option(
      names = "--images",
      description = "Keep all images, not only those of the first " + MOST_PROMPTS + " prompts.")
  private boolean images;

  @Override
  public Integer call() throws IOException {
    long start = System.nanoTime();
    ModelConfig config = ModelFactory.config(modelOption);
    ModelFactory.source(modelOption);
    List<Path> files = files();
    Path root = out;
    if (root == null) {
      root = Path.of("results", "paper", config.name() + (quick ? "-quick" : ""));
    }
    OutputFolder.prepare(root);
    RunProgress progress = new RunProgress(engine.quiet(), spec.commandLine().getErr());
    List<Ran> ran = new ArrayList<>();
    for (Path file : files) {
      ran.add(run(file, root, progress));
    }
    progress.say("calibration and kept tokens");
    new ReproduceOverlays(modelOption, experiments, quick).write(root, progress);
    progress.say("report");
    Report.Written written = Report.write(root);
    PaperComparison.write(written.comparison(), root);
    Said said =
        new Said(
            config.name(),
            root.toString(),
            written.page().toString(),
            ran,
            written.comparison(),
            Math.round((System.nanoTime() - start) / 1e8) / 10.0);
    json.print(spec.commandLine().getOut(), said, ReproduceCommand::text);
    int failed = ran.stream().mapToInt(Ran::failed).sum();
    if (failed > 0) {
      spec.commandLine()
          .getErr()
          .printf("%s: %d cells failed; the report names them%n", spec.qualifiedName(), failed);
      return Failure.WHILE_WORKING;
    }
    return 0;
  }

  private List<Path> files() throws IOException {
    if (!Files.isDirectory(experiments)) {
      throw new IllegalArgumentException(
          "--experiments: a folder of YAML files expected, got " + experiments);
    }
    try (Stream<Path> all = Files.list(experiments)) {
      List<Path> files = all.filter(f -> f.toString().endsWith(".yaml")).sorted().toList();
      if (files.isEmpty()) {
        throw new IllegalArgumentException(
            "--experiments: YAML files expected, got none in " + experiments);
      }
      return files;
    }
  }

  private Ran run(Path file, Path root, RunProgress progress) throws IOException {
    long start = System.nanoTime();
    ExperimentSpec read = ExperimentSpec.read(file);
    Path folder = root.resolve(read.name());
    progress.say(read.name() + ": " + read.title());
    ExperimentSetup setup = ExperimentSetup.of(file, quick, model(read), netOptions.nets(), folder);
    setup.file().write(OutputFolder.prepare(folder));
    int taken = SharedResults.take(new ResultFolder(folder), setup.experiment().distinct());
    if (taken > 0) {
      progress.say("%d cells from other experiments".formatted(taken));
    }
    Runner.Summary summary =
        setup.run(
            setup.experiment().distinct(),
            netOptions.nets(),
            new Runner.Options(folder, root.resolve("reference"), true, false, true),
            engine,
            progress);
    if (!images) {
      removeOtherImages(folder.resolve("images"));
    }
    return new Ran(
        read.name(),
        folder.toString(),
        summary.count(Status.DONE),
        summary.count(Status.KEPT),
        summary.count(Status.FAILED),
        Math.round((System.nanoTime() - start) / 1e8) / 10.0);
  }

  /** Bytes by formula, and times of a geometry of their own, are not about the chosen model. */
  private ModelChoice model(ExperimentSpec read) {
    boolean own = !read.model().name().equals(ModelChoice.DEFAULT);
    boolean published = modelOption.choice().config().published();
    boolean latency = read.kind().equals(ExperimentSpec.LATENCY);
    if (own && !(latency && published)) {
      return null;
    }
    return modelOption.choice();
  }

  private static void removeOtherImages(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      return;
    }
    List<Path> others;
    try (Stream<Path> all = Files.walk(folder, 2)) {
      others = all.filter(ReproduceCommand::other).sorted(Comparator.naturalOrder()).toList();
    }
    for (Path image : others) {
      Files.delete(image);
    }
  }

  private static boolean other(Path file) {
    Matcher name = IMAGE.matcher(file.getFileName().toString());
    return name.matches() && Integer.parseInt(name.group(1)) >= MOST_PROMPTS;
  }

  private static String text(Said s) {
    StringBuilder t = new StringBuilder();
    t.append(
        String.format(
            Locale.ROOT,
            "%-9s %-11s %-40s %-26s %9s %9s  %s",
            "paper",
            "model",
            "row",
            "quantity",
            "paper",
            "ours",
            "comparable?"));
    for (PaperComparison.Row r : s.comparison()) {
      t.append(
          String.format(
              Locale.ROOT,
              "%n%-9s %-11s %-40s %-26s %9s %9s  %s%s",
              r.place(),
              r.model(),
              r.what(),
              r.quantity(),
              r.paper().isEmpty() ? "-" : r.paper(),
              Double.isNaN(r.ours())
                  ? "-"
                  : String.format(Locale.ROOT, r.ours() >= 1000 ? "%.0f" : "%.3f", r.ours()),
              r.verdict().word(),
              r.note().isEmpty() ? "" : ": " + r.note()));
    }
    for (Ran r : s.experiments()) {
      t.append(
          String.format(
              Locale.ROOT,
              "%n%s: %d cells done, %d kept, %d failed (%.1f s)",
              r.name(),
              r.done(),
              r.kept(),
              r.failed(),
              r.wallSeconds()));
    }
    t.append(String.format(Locale.ROOT, "%n%s (%.1f s)", s.page(), s.wallSeconds()));
    return t.toString();
  }
}
