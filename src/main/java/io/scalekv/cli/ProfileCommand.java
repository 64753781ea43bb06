package io.scalekv.cli;

import io.scalekv.cache.Budget;
import io.scalekv.cache.BudgetPlan;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.experiment.ProcessMemory;
import io.scalekv.experiment.ProfileCost;
import io.scalekv.experiment.PromptProfiler;
import io.scalekv.model.ImageModel;
import io.scalekv.model.MemoryNeed;
import io.scalekv.model.ModelConfig;
import io.scalekv.model.PromptSet;
import io.scalekv.profile.AttentionMap;
import io.scalekv.profile.AttentionProfile;
import io.scalekv.profile.FeatureTable;
import io.scalekv.profile.LayerMetric;
import io.scalekv.profile.ProfileOptions;
import io.scalekv.profile.TopKeys;
import io.scalekv.report.AttentionAtlas;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Attention statistics of a model as tables and figures. */
@Command(
    name = "profile",
    description = "Measure how the attention of every layer, head and scale is spread: an atlas.")
final class ProfileCommand implements Callable<Integer> {
  /** Where a feature is smallest and largest, for JSON; layers and scales from 0. */
  record Range(
      String feature,
      String unit,
      double least,
      int leastLayer,
      int leastScale,
      double most,
      int mostLayer,
      int mostScale) {}

  /** What the command reports. */
  record Report(
      String model,
      String weights,
      int prompts,
      int layers,
      int scales,
      int heads,
      String querySamples,
      String detailRows,
      List<Range> features,
      List<String> files,
      double wallSeconds,
      Long peakRssMiB) {}

  private static final Budget CACHE = Budget.parse("10%");

  /** Prompts drawn together, and what they may take, where the user names no batch. */
  private static final int MOST_PROMPTS = 8;

  private static final long MOST_BYTES = 1L << 30;

  @Spec private CommandSpec spec;
  @Mixin private ModelOption modelOption;
  @Mixin private PromptOptions promptOptions;
  @Mixin private GenerationOptions generation;
  @Mixin private GlobalOptions global;
  @Mixin private JsonOption json;

  @Option(
      names = "--top-k",
      paramLabel = "K'",
      defaultValue = "5%",
      description =
          "History keys of the selectivity index: a share of the history or a number"
              + " (default: 5%%).")
  private String topK;

  @Option(
      names = "--query-samples",
      paramLabel = "N|all",
      description =
          "Query rows looked at per map, all of them whole (default: 8, of which one is measured"
              + " whole).")
  private String querySamples;

  @Option(
      names = "--batch",
      paramLabel = "N",
      description =
          "Prompts drawn together (default: up to "
              + MOST_PROMPTS
              + ", as many as need less than 1 GiB besides the weights).")
  private Integer batch;

  @Option(
      names = "--measure-cost",
      paramLabel = "REPEATS",
      description =
          "Instead of an atlas: so many generations with and without the profiler in turn, and what"
              + " it adds.")
  private Integer costRepeats;

  @Option(names = "--out", paramLabel = "DIR", description = "Folder for tables and figures.")
  private Path out;

  @Override
  public Integer call() throws IOException {
    long start = System.nanoTime();
    if ((out == null) == (costRepeats == null)) {
      throw new IllegalArgumentException(
          "--out DIR or --measure-cost REPEATS: one of the two expected, got "
              + (out == null ? "neither" : "both"));
    }
    if (costRepeats != null) {
      Check.range("--measure-cost", costRepeats, 1, 10_000);
    }
    if (batch != null) {
      Check.range("--batch", batch, 1, 1024);
    }
    ProfileOptions sampling = sampling();
    ModelConfig config = ModelFactory.config(modelOption);
    PromptSet prompts = promptOptions.read(config);
    ScaleSchedule schedule = config.schedule(generation.size(), generation.aspect());
    if (out != null) {
      OutputFolder.prepare(out);
    }
    try (ImageModel model =
        ModelFactory.open(
            modelOption,
            global,
            generation,
            prompts.prompts(),
            true,
            spec.commandLine().getErr())) {
      PromptProfiler profiler =
          new PromptProfiler(
              model,
              new PromptProfiler.Options(
                  generation.drawing(config, global.seed()),
                  sampling,
                  batch(model, schedule, prompts.prompts().size())));
      if (costRepeats != null) {
        cost(profiler, prompts.prompts());
        return 0;
      }
      AttentionProfile profile = measure(profiler, prompts.prompts());
      List<Path> files = write(model, profiler, profile, prompts.prompts().get(0));
      report(model, profile, files, (System.nanoTime() - start) / 1e9);
    }
    return 0;
  }

  private ProfileOptions sampling() {
    ProfileOptions options =
        ProfileOptions.light().withSeed(global.seed()).withHistoryTopK(TopKeys.parse(topK));
    if (querySamples == null) {
      return options;
    }
    return options
        .withQuerySamples(rows())
        .withDetailRows(ProfileOptions.ALL)
        .withSortedRows(ProfileOptions.defaults().sortedRows());
  }

  private int rows() {
    if (querySamples.equals("all")) {
      return ProfileOptions.ALL;
    }
    try {
      return Integer.parseInt(querySamples);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(
          "--query-samples: a whole number or all expected, got " + querySamples, e);
    }
  }

  private int batch(ImageModel model, ScaleSchedule schedule, int prompts) {
    if (batch != null) {
      return Math.min(batch, prompts);
    }
    MemoryNeed need =
        MemoryNeed.of(
            model.config(),
            schedule,
            model.fullCache(schedule),
            generation.drawing(model.config(), 0).sampling().guided(),
            ModelFactory.options(global, generation, false));
    long image = need.cache() + need.activations();
    return (int) Math.max(1, Math.min(Math.min(MOST_PROMPTS, prompts), MOST_BYTES / image));
  }

  private AttentionProfile measure(PromptProfiler profiler, List<String> prompts) {
    try (Progress progress =
        Progress.of("profile", prompts.size(), global.quiet(), spec.commandLine().getErr())) {
      return profiler.profile(prompts, done -> progress.step(prompts.get(done - 1)));
    }
  }

  private void cost(PromptProfiler profiler, List<String> prompts) {
    ProfileCost cost;
    try (Progress progress =
        Progress.of("pair", costRepeats, global.quiet(), spec.commandLine().getErr())) {
      cost = ProfileCost.measure(profiler, prompts, costRepeats, done -> progress.step(""));
    }
    json.print(
        spec.commandLine().getOut(),
        cost,
        c ->
            String.format(
                Locale.ROOT,
                "a generation of %d: %.4f s, profiled %.4f s (medians of %d), ratio %.3f%n"
                    + "time on the processor: %.4f s, profiled %.4f s, ratio %.3f",
                c.batch(),
                c.plainSeconds(),
                c.profiledSeconds(),
                c.repeats(),
                c.wallRatio(),
                c.plainCpuSeconds(),
                c.profiledCpuSeconds(),
                c.cpuRatio()));
  }

  /**
   * The drafter and the refiner whose attention is drawn have the lowest and the highest index of
   * one scale among those that read a cache cut to {@link #CACHE}.
   */
  private List<Path> write(
      ImageModel model, PromptProfiler profiler, AttentionProfile profile, String prompt)
      throws IOException {
    List<AttentionMap> maps = List.of();
    if (profile.geometry().scales() > 1 && profile.geometry().layers() > 1) {
      ScaleSchedule schedule = profile.geometry().schedule();
      int cut = BudgetPlan.firstCutScale(schedule, CACHE.tokens(schedule));
      PromptProfiler.Extremes pair =
          PromptProfiler.extremes(
              profile.metric(LayerMetric.ASI), Math.min(cut, schedule.scales() - 1));
      maps = profiler.maps(prompt, pair.scale(), List.of(pair.lowest(), pair.highest()));
    }
    return AttentionAtlas.of(model.config().name(), profile)
        .write(maps, List.of("drafter (lowest ASI of the scale)", "refiner (highest)"), out);
  }

  private void report(
      ImageModel model, AttentionProfile profile, List<Path> files, double seconds) {
    FeatureTable table = FeatureTable.of(profile);
    List<Range> ranges = new ArrayList<>();
    for (LayerMetric feature : LayerMetric.values()) {
      Range range = range(feature, table.value(feature));
      if (range != null) {
        ranges.add(range);
      }
    }
    Report report =
        new Report(
            model.config().name(),
            model.weightHash(),
            table.prompts(),
            table.layers(),
            table.scales(),
            profile.geometry().heads(),
            rows(profile.options().querySamples()),
            rows(profile.options().detailRows()),
            ranges,
            files.stream().map(Path::toString).toList(),
            Math.round(seconds * 10) / 10.0,
            ProcessMemory.peakRssMiB());
    json.print(spec.commandLine().getOut(), report, ProfileCommand::text);
  }

  private static String rows(int rows) {
    return rows == ProfileOptions.ALL ? "all" : String.valueOf(rows);
  }

  private static Range range(LayerMetric feature, double[][] values) {
    int[] least = null;
    int[] most = null;
    for (int l = 0; l < values.length; l++) {
      for (int k = 0; k < values[l].length; k++) {
        double v = values[l][k];
        if (Double.isNaN(v)) {
          continue;
        }
        least = least == null || v < values[least[0]][least[1]] ? new int[] {l, k} : least;
        most = most == null || v > values[most[0]][most[1]] ? new int[] {l, k} : most;
      }
    }
    return least == null
        ? null
        : new Range(
            feature.cliName(),
            feature.unit().label(),
            values[least[0]][least[1]],
            least[0],
            least[1],
            values[most[0]][most[1]],
            most[0],
            most[1]);
  }

  private static String text(Report r) {
    String features =
        r.features().stream()
            .map(
                f ->
                    String.format(
                        Locale.ROOT,
                        "%-24s %8.4g (layer %d, scale %d) to %8.4g (layer %d, scale %d) %s",
                        f.feature(),
                        f.least(),
                        f.leastLayer(),
                        f.leastScale(),
                        f.most(),
                        f.mostLayer(),
                        f.mostScale(),
                        f.unit()))
            .collect(Collectors.joining(System.lineSeparator()));
    return String.format(
        Locale.ROOT,
        "%s: %d prompts, %d layers, %d scales, %d heads; %s query rows per map, %s of them whole"
            + " (counted from 0)%n%s%n%s%n%.1f s",
        r.model(),
        r.prompts(),
        r.layers(),
        r.scales(),
        r.heads(),
        r.querySamples(),
        r.detailRows(),
        features,
        String.join(System.lineSeparator(), r.files()),
        r.wallSeconds());
  }
}
