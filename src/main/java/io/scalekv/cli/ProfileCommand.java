package io.scalekv.cli;

import io.scalekv.cache.Budget;
import io.scalekv.cache.BudgetPlan;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.experiment.ProcessMemory;
import io.scalekv.model.Drawing;
import io.scalekv.model.ImageModel;
import io.scalekv.model.ModelConfig;
import io.scalekv.model.PromptSet;
import io.scalekv.profile.AttentionMap;
import io.scalekv.profile.AttentionMapTap;
import io.scalekv.profile.AttentionProfile;
import io.scalekv.profile.AttentionProfiler;
import io.scalekv.profile.AttentionSource;
import io.scalekv.profile.DrawnAttention;
import io.scalekv.profile.LayerStatistic;
import io.scalekv.profile.LayerStatistics;
import io.scalekv.profile.LayerStatistics.Extremes;
import io.scalekv.profile.ProfileOptions;
import io.scalekv.report.AttentionAtlas;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Attention statistics of a model as tables and figures. */
@Command(
    name = "profile",
    description = "Measures all attention statistics of every layer, head and scale: an atlas.",
    footer = {
      "",
      "Examples:",
      "  ./scalekv profile --prompts calibration-prompts/scenes-10.txt --out out/profile",
      "  ./scalekv profile --model pocket-l --prompt 'a red circle' --query-samples all"
    })
final class ProfileCommand implements Callable<Integer> {
  /** Place and value of an extreme; layer from 0, scale from 1. */
  record Extreme(double value, int layer, int scale, String map) {
    private String text() {
      return Output.significant(value) + " (layer " + layer + ", scale " + scale + ")";
    }
  }

  /** Range of a statistic over layers and scales. */
  record Range(String statistic, String unit, Extreme least, Extreme most) {}

  /** JSON document. */
  record Report(
      Object model,
      int images,
      int layers,
      int scales,
      int heads,
      String querySamples,
      List<Range> statistics,
      List<String> files,
      double wallSeconds,
      Long peakRssMiB) {}

  private static final Budget CACHE = Budget.parse("10%");

  @Mixin private ModelOptions modelOptions;
  @Mixin private PromptOptions promptOptions;
  @Mixin private DrawingOptions drawingOptions;
  @Mixin private StatisticOptions.SamplingOptions sampling;
  @Mixin private MachineOptions machine;
  @Mixin private Output output;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      defaultValue = "out/profile",
      description = "Folder for tables and figures (default: ${DEFAULT-VALUE}).")
  private Path out;

  @Override
  public Integer call() throws IOException {
    long start = System.nanoTime();
    ModelConfig config = modelOptions.config();
    PromptSet prompts = promptOptions.read(config);
    Drawing drawing = drawingOptions.drawing(config);
    ProfileOptions options = sampling.options(ProfileOptions.light(), drawing.seed());
    OutputFolder.prepare(out);
    try (ImageModel model = modelOptions.open(machine, prompts.prompts(), false, output)) {
      AttentionSource source = new DrawnAttention(model, drawing, prompts);
      AttentionProfile profile = measure(source, options);
      List<AttentionMap> maps = maps(source, profile);
      List<Path> files =
          AttentionAtlas.of(config.name(), profile)
              .write(maps, List.of("drafter (lowest ASI of the scale)", "refiner (highest)"), out);
      report(model, source, profile, files, (System.nanoTime() - start) / 1e9);
    }
    return 0;
  }

  private AttentionProfile measure(AttentionSource source, ProfileOptions options) {
    int[] images = IntStream.range(0, source.images()).toArray();
    try (Progress progress = output.progress("profile", images.length)) {
      return AttentionProfiler.profile(
              source,
              List.of(options),
              images,
              drawingOptions.batch(),
              done -> progress.step("image " + done))
          .get(0);
    }
  }

  /**
   * Returns the attention maps of a drafter and a refiner: the layers with the lowest and the
   * highest ASI of one scale among those with a cache compressed to {@link #CACHE}.
   */
  private static List<AttentionMap> maps(AttentionSource source, AttentionProfile profile) {
    ScaleSchedule schedule = source.schedule();
    if (schedule.scales() == 1 || source.geometry().layers() == 1) {
      return List.of();
    }
    int first = BudgetPlan.firstCutScale(schedule, CACHE.tokens(schedule));
    Extremes pair =
        LayerStatistics.of(profile)
            .extremes(LayerStatistic.ASI, Math.min(first, schedule.scales() - 1));
    AttentionMapTap tap =
        AttentionMapTap.of(source.shape(), pair.scale(), List.of(pair.lowest(), pair.highest()));
    source.replay(new int[] {0}, 1, some -> List.of(tap), done -> {});
    return tap.maps();
  }

  private void report(
      ImageModel model,
      AttentionSource source,
      AttentionProfile profile,
      List<Path> files,
      double seconds) {
    LayerStatistics table = LayerStatistics.of(profile);
    List<Range> ranges = new ArrayList<>();
    for (LayerStatistic statistic : LayerStatistic.values()) {
      Range range = range(statistic, table.value(statistic), source.schedule());
      if (range != null) {
        ranges.add(range);
      }
    }
    int rows = profile.options().querySamples();
    String samples = rows == ProfileOptions.ALL ? "all" : String.valueOf(rows);
    output.json(
        new Report(
            model.provenance(),
            source.images(),
            table.layers(),
            table.scales(),
            source.geometry().heads(),
            samples,
            ranges,
            files.stream().map(Path::toString).toList(),
            Math.round(seconds * 10) / 10.0,
            ProcessMemory.peakRssMiB()));
    output.line(
        "%s: %d images, %d layers, %d scales, %d heads; %s query rows a map",
        model.config().name(),
        source.images(),
        table.layers(),
        table.scales(),
        source.geometry().heads(),
        samples);
    output.table(
        List.of("statistic", "least", "most", "unit"),
        ranges,
        r -> Output.runs(r.statistic(), r.least().text(), r.most().text(), r.unit()));
    files.forEach(file -> output.line("%s", file));
    output.line("%.1f s", seconds);
  }

  private static Range range(LayerStatistic statistic, double[][] values, ScaleSchedule schedule) {
    Extreme least = null;
    Extreme most = null;
    for (int l = 0; l < values.length; l++) {
      for (int k = 0; k < values[l].length; k++) {
        double v = values[l][k];
        if (!Double.isNaN(v)) {
          Extreme here = new Extreme(v, l, k + 1, schedule.map(k).toString());
          least = least == null || v < least.value() ? here : least;
          most = most == null || v > most.value() ? here : most;
        }
      }
    }
    return least == null
        ? null
        : new Range(statistic.cliName(), statistic.unit().label(), least, most);
  }
}
