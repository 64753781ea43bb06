package io.scalekv.cli;

import io.scalekv.Lab;
import io.scalekv.experiment.ExperimentSpec;
import io.scalekv.experiment.Sweep;
import io.scalekv.model.LoadOptions;
import io.scalekv.model.ModelChoice;
import io.scalekv.report.CalibrationFolder;
import io.scalekv.report.PaperComparison;
import io.scalekv.report.Report;
import io.scalekv.report.SweepSummary;
import io.scalekv.roles.Calibration;
import io.scalekv.roles.CalibrationFile;
import io.scalekv.scene.PromptFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Every table and figure of the paper on one model. */
@Command(
    name = "reproduce",
    description =
        "Runs every experiment of the ScaleKV paper on a model, table 1 first, then writes the"
            + " report with the paper's numbers beside the measured ones. Can be interrupted; run"
            + " the same command again to resume.",
    footer = {"  ./scalekv reproduce --quick", "  ./scalekv reproduce --model pocket-l"})
final class ReproduceCommand implements Callable<Integer> {
  /** JSON document. */
  record Outcome(
      String model,
      String folder,
      String page,
      List<SweepSummary> experiments,
      List<PaperComparison.Row> comparison) {}

  private static final int MOST_PROMPTS = 8;
  private static final int CLASSES = 10;

  @Mixin private SweepOptions sweep;
  @Mixin private Output output;

  @Option(
      names = "--experiments",
      paramLabel = "DIR",
      defaultValue = "experiments",
      description = "Folder of the experiments (default: ${DEFAULT-VALUE}).")
  private Path experiments = Path.of("experiments");

  @Override
  public Integer call() throws IOException {
    output.resumable();
    ModelChoice model = sweep.model.choice();
    model.check();
    List<Sweep> sweeps = sweep.read(experiments, this::model);
    Path root = sweep.out;
    if (root == null) {
      String name = model.config().name() + (sweep.quick ? "-quick" : "");
      root = Path.of("out", "paper", name);
    }
    List<SweepSummary> outcomes = sweep.run(sweeps, Set.of(), output, root);
    if (!sweep.images) {
      for (SweepSummary o : outcomes) {
        removeOtherImages(Path.of(o.folder(), "images"));
      }
    }
    calibrate(model, root.resolve("calibration").resolve(CalibrationFolder.ROLES));
    output.log("report");
    Report.Written written = Report.write(root);
    PaperComparison.table(written.comparison()).write(root);
    output.json(
        new Outcome(
            model.config().name(),
            root.toString(),
            written.page().toString(),
            outcomes,
            written.comparison()));
    output.table(PaperComparison.table(written.comparison()));
    outcomes.forEach(o -> output.line("%s", o.line()));
    output.line("%s", written.page());
    output.next("report", root);
    return outcomes.stream().anyMatch(o -> o.failed() > 0) ? Failure.WHILE_WORKING : 0;
  }

  /** Experiments on a model of their own keep it: bytes by formula, times of a geometry. */
  private ModelChoice model(Path file) {
    ExperimentSpec spec = ExperimentSpec.read(file);
    boolean published = sweep.model.config().published();
    boolean own = !spec.model().name().equals(ModelChoice.DEFAULT);
    boolean timed = spec.kind() == ExperimentSpec.Kind.LATENCY && published;
    return own && !timed ? null : sweep.model.choice();
  }

  /** Writes the calibration whose roles the report shows: the shipped one, else one of prompts. */
  private void calibrate(ModelChoice model, Path file) throws IOException {
    if (Files.isRegularFile(file)) {
      return;
    }
    Optional<Calibration> shipped = Sweep.shipped(model);
    if (shipped.isPresent()) {
      CalibrationFile.write(shipped.get(), file);
      return;
    }
    output.log("calibration");
    String name = model.config().drawsScenes() ? "scenes-10.txt" : "general-10.txt";
    Path table = experiments.resolve("table1.yaml");
    List<String> prompts =
        model.config().classes() > 0
            ? model.config().someClasses(CLASSES, 0.5)
            : PromptFile.read(ExperimentSpec.resolve("calibration-prompts/" + name, table));
    try (Lab lab = Lab.open(model, LoadOptions.of(false))) {
      CalibrationFile.write(lab.calibrate(prompts, "10%"), file);
    }
  }

  /** Keeps the images of the first prompts only. */
  private static void removeOtherImages(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      return;
    }
    List<Path> others;
    try (Stream<Path> all = Files.walk(folder, 2)) {
      others = all.filter(ReproduceCommand::isOther).toList();
    }
    for (Path image : others) {
      Files.delete(image);
    }
  }

  private static boolean isOther(Path file) {
    String name = file.getFileName().toString();
    return name.matches("p[0-9]+-s-?[0-9]+\\.png")
        && Integer.parseInt(name.substring(1, name.indexOf('-'))) >= MOST_PROMPTS;
  }
}
