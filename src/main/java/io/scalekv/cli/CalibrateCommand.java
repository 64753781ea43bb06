package io.scalekv.cli;

import io.scalekv.cache.policy.PolicyCalibration;
import io.scalekv.io.Require;
import io.scalekv.io.Software;
import io.scalekv.profile.Measurements;
import io.scalekv.report.CalibrationFolder;
import io.scalekv.report.CalibrationSummary;
import io.scalekv.roles.Calibration;
import io.scalekv.roles.CalibrationRun;
import io.scalekv.roles.CalibrationShard;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Map;
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
      "  ./scalekv calibrate --prompts calibration-prompts/scenes-10.txt --out out/calibration",
      "  ./scalekv calibrate --prompts prompts.txt --shard 1/4 --out shards",
      "  ./scalekv calibrate --traces traces --budget 10%% --out out/calibration"
    })
final class CalibrateCommand implements Callable<Integer> {
  @Mixin private SourceOptions sources;
  @Mixin private StatisticOptions statistics;
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
    Require.that(shard == null || merge == null, "give either --shard or --merge");
    SourceOptions.Attention attention = sources.read();
    CalibrationRun.Options options = statistics.options(attention, sources.seed());
    OutputFolder.prepare(out);
    int all = attention.images();
    int[] images = shard == null ? IntStream.range(0, all).toArray() : shard.images(all);
    try (SourceOptions.Opened opened =
        attention.opener().apply(merge == null ? images : new int[0], output)) {
      CalibrationRun run = new CalibrationRun(opened.source(), options);
      Measurements measured =
          merge == null ? measure(run, images) : CalibrationShard.readAll(merge, run, all);
      if (shard != null) {
        List<Path> files = shard.write(out, measured, run.provenance());
        output.json(Map.of("images", images.length), output.work(files));
        output.line("%d images measured", images.length);
        output.files(files);
        return 0;
      }
      Calibration calibration = calibration(run, measured);
      List<Path> files =
          CalibrationFolder.write(calibration, measured.profile(), run.provenance(), out);
      CalibrationSummary summary = CalibrationSummary.of(calibration);
      Map<String, Object> drawn = Map.of("model", opened.model(), "images", all);
      output.json(summary, drawn, output.work(files));
      summary.lines().forEach(line -> output.line("%s", line));
      CalibrationRun.lackedParts(opened.source())
          .forEach((part, line) -> output.line("not measured: %s", line));
      if (!opened.source().draws() && summary.parts().contains(PolicyCalibration.ERROR_CURVES)) {
        output.line(
            "error-curves: every layer has image sensitivity 1, as a recording cannot draw");
      }
      output.files(files);
      output.next("roles", "show", files.get(0));
    }
    return 0;
  }

  private Measurements measure(CalibrationRun run, int[] images) {
    try (Progress progress = output.progress("calibrate", images.length)) {
      return run.measure(sources.batch(), done -> progress.step("image " + done), images);
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
}
