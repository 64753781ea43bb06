package io.scalekv.cli;

import io.scalekv.experiment.ProcessMemory;
import io.scalekv.io.Require;
import io.scalekv.io.Software;
import io.scalekv.model.Drawing;
import io.scalekv.model.ImageModel;
import io.scalekv.model.ModelConfig;
import io.scalekv.model.PromptSet;
import io.scalekv.profile.AttentionSource;
import io.scalekv.profile.DrawnAttention;
import io.scalekv.profile.HeadStatisticsCsv;
import io.scalekv.profile.Measurements;
import io.scalekv.profile.StatisticsFile;
import io.scalekv.report.RoleHeatMap;
import io.scalekv.roles.Calibration;
import io.scalekv.roles.CalibrationFile;
import io.scalekv.roles.CalibrationRun;
import io.scalekv.roles.CalibrationShard;
import io.scalekv.roles.ScaleKvBudgetFile;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Statistics, roles and budgets of a model from a few prompts. */
@Command(
    name = "calibrate",
    description =
        "Assigns drafters and refiners and their cache budgets from a few prompts (ScaleKV, arXiv"
            + " 2505.19602), and measures the parts that other policies need.",
    footer = {
      "",
      "Examples:",
      "  ./scalekv calibrate --prompts calibration-prompts/scenes-10.txt --out out/calibration",
      "  ./scalekv calibrate --prompts prompts.txt --shard 1/4 --out shards"
    })
final class CalibrateCommand implements Callable<Integer> {
  /** JSON document of a calibration. */
  record Report(
      Object model,
      int prompts,
      int images,
      String statistic,
      String classifier,
      String budget,
      int budgetTokens,
      String allocation,
      List<RoleTexts.Drafter> drafters,
      List<String> parts,
      List<String> files,
      double wallSeconds,
      Long peakRssMiB) {}

  /** JSON document of a shard. */
  record ShardReport(int images, List<String> files) {}

  @Mixin private ModelOptions modelOptions;
  @Mixin private PromptOptions promptOptions;
  @Mixin private DrawingOptions drawingOptions;
  @Mixin private StatisticOptions statistics;
  @Mixin private MachineOptions machine;
  @Mixin private Output output;

  @Option(
      names = "--shard",
      paramLabel = "I/N",
      description = "Measure only every N-th image from the I-th on, for --merge.")
  private CalibrationShard shard;

  @Option(
      names = "--merge",
      paramLabel = "DIR",
      description = "Combine all shards in this folder instead of measuring.")
  private Path merge;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      defaultValue = "out/calibration",
      description =
          "Folder for roles.json, budgets, statistics and heat map (default: ${DEFAULT-VALUE}).")
  private Path out;

  @Override
  public Integer call() throws IOException {
    long start = System.nanoTime();
    Require.that(shard == null || merge == null, "give either --shard or --merge");
    ModelConfig config = modelOptions.config();
    PromptSet prompts = promptOptions.read(config);
    Drawing drawing = drawingOptions.drawing(config);
    OutputFolder.prepare(out);
    int all = drawing.images(prompts.prompts()).size();
    int[] images = shard == null ? IntStream.range(0, all).toArray() : shard.images(all);
    List<String> texts =
        IntStream.of(merge == null ? images : new int[0])
            .map(i -> i / drawing.seeds())
            .distinct()
            .mapToObj(prompts.prompts()::get)
            .toList();
    try (ImageModel model = modelOptions.open(machine, texts, false, output)) {
      AttentionSource source = new DrawnAttention(model, drawing, prompts);
      CalibrationRun run =
          new CalibrationRun(
              source, statistics.options(modelOptions, drawing, drawingOptions.batch()));
      Measurements measured =
          merge == null ? measure(run, images) : CalibrationShard.readAll(merge, run, all);
      if (shard != null) {
        List<Path> files = shard.write(out, measured, run.provenance());
        output.json(new ShardReport(images.length, texts(files)));
        output.line("%d images measured", images.length);
        files.forEach(file -> output.line("%s", file));
        return 0;
      }
      Calibration calibration = calibration(run, measured);
      List<Path> files = write(calibration, measured, run);
      report(calibration, model, all, files, (System.nanoTime() - start) / 1e9);
    }
    return 0;
  }

  private Measurements measure(CalibrationRun run, int[] images) {
    try (Progress progress = output.progress("calibrate", images.length)) {
      return run.measure(done -> progress.step("image " + done), images);
    }
  }

  private Calibration calibration(CalibrationRun run, Measurements measured) {
    try (Progress progress = output.progress("error curves", run.steps())) {
      return run.calibration(
          measured,
          Software.current().byName(),
          Clock.systemUTC().instant(),
          done -> progress.step("image " + done));
    }
  }

  private List<Path> write(Calibration calibration, Measurements measured, CalibrationRun run)
      throws IOException {
    List<Path> files = new ArrayList<>();
    for (String name :
        List.of("roles.json", "budgets-scalekv.json", "profile.csv", "statistics.safetensors")) {
      files.add(out.resolve(name));
    }
    StatisticsFile.write(measured.profile(), run.provenance(), files.get(3));
    HeadStatisticsCsv.write(measured.profile(), files.get(2));
    ScaleKvBudgetFile.of(calibration.roles().assignment(), calibration.roles().plan())
        .write(files.get(1));
    files.addAll(RoleHeatMap.of(calibration).write(out, "roles"));
    CalibrationFile.write(calibration, files.get(0));
    return files;
  }

  private void report(
      Calibration c, ImageModel model, int images, List<Path> files, double seconds) {
    List<RoleTexts.Drafter> drafters = RoleTexts.drafters(c);
    output.json(
        new Report(
            model.provenance(),
            Integer.parseInt(c.source().get("prompts")),
            images,
            c.roles().statistics().name(),
            c.roles().classified().classifier(),
            c.roles().request(),
            c.roles().budgetTokens(),
            c.roles().allocation(),
            drafters,
            c.names(),
            texts(files),
            Math.round(seconds * 10) / 10.0,
            ProcessMemory.peakRssMiB()));
    output.line(
        "%s: %d images, budget %s = %d tokens per layer and head (%s allocation)",
        c.model().name(),
        images,
        c.roles().request(),
        c.roles().budgetTokens(),
        c.roles().allocation());
    output.line(
        "drafters by %s and %s: %s",
        c.roles().statistics().name(),
        c.roles().classified().classifier(),
        RoleTexts.line(drafters));
    files.forEach(file -> output.line("%s", file));
    output.line("%.1f s", seconds);
    output.next("roles", "show", files.get(0));
  }

  private static List<String> texts(List<Path> files) {
    return files.stream().map(Path::toString).toList();
  }
}
