package io.scalekv.cli;

import io.scalekv.cache.Allocation;
import io.scalekv.cache.Budget;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.experiment.Calibrator;
import io.scalekv.experiment.Calibrator.PromptSet;
import io.scalekv.experiment.PolicyCalibrator;
import io.scalekv.experiment.ProcessMemory;
import io.scalekv.model.ImageModel;
import io.scalekv.model.ModelConfig;
import io.scalekv.profile.LayerMetric;
import io.scalekv.profile.ProfileCsv;
import io.scalekv.profile.ProfileOptions;
import io.scalekv.profile.TopKeys;
import io.scalekv.report.RoleHeatMap;
import io.scalekv.roles.LayerScale;
import io.scalekv.roles.RolesDocument;
import io.scalekv.roles.RolesJson;
import io.scalekv.roles.ScaleKvBudgetFile;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Profile, roles and budgets of a model from a few prompts. */
@Command(
    name = "calibrate",
    description =
        "Find drafters and refiners and their cache budgets from a few prompts"
            + " (ScaleKV, arXiv 2505.19602).")
final class CalibrateCommand implements Callable<Integer> {
  /** One drafter, for JSON. */
  record Drafter(int layer, int scale) {}

  /** What the command reports. */
  record Report(
      String model,
      String weights,
      int prompts,
      String metric,
      String budget,
      int budgetTokens,
      String allocation,
      List<Drafter> drafters,
      List<String> files,
      double wallSeconds,
      Long peakRssMiB) {}

  @Spec private CommandSpec spec;
  @Mixin private ModelOption modelOption;
  @Mixin private PromptOptions promptOptions;
  @Mixin private GenerationOptions generation;
  @Mixin private GlobalOptions global;
  @Mixin private JsonOption json;

  @Option(
      names = "--budget",
      paramLabel = "B",
      defaultValue = "10%",
      description =
          "Mean cache of a layer and head: 10%%, 650t (tokens), paper-20, paper-10, paper-4 or"
              + " 3900MiB (default: 10%%).")
  private String budget;

  @Option(
      names = "--batch",
      paramLabel = "N",
      defaultValue = "1",
      description = "Images a generation, for budgets in MiB (default: ${DEFAULT-VALUE}).")
  private int batch;

  @Option(
      names = "--metric",
      paramLabel = "NAME",
      defaultValue = "asi",
      description =
          "What roles are told by: asi, current-ratio, history-topk, entropy, effective-keys, …"
              + " (default: ${DEFAULT-VALUE}).")
  private String metric;

  @Option(
      names = "--top-k",
      paramLabel = "K'",
      defaultValue = "5%",
      description =
          "History keys of the selectivity index: a share of the history or a number"
              + " (default: 5%%).")
  private String topK;

  @Option(
      names = "--drafters",
      paramLabel = "N",
      description =
          "Number of drafter pairs N_d (default: 6.5%% of the pairs that read a cut cache).")
  private Integer drafters;

  @Option(
      names = "--allocation",
      paramLabel = "paper|released",
      defaultValue = "released",
      description =
          "How drafters and refiners share the budget: eq. 4 of the paper, or the rule behind the"
              + " released budget files (default: ${DEFAULT-VALUE}).")
  private String allocation;

  @Option(
      names = "--query-samples",
      paramLabel = "N|all",
      defaultValue = "64",
      description = "Query rows looked at per map (default: ${DEFAULT-VALUE}).")
  private String querySamples;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      required = true,
      description = "Folder for roles.json, budgets, profile and heat map.")
  private Path out;

  @Override
  public Integer call() throws IOException {
    long start = System.nanoTime();
    Budget asked = Budget.parse(budget);
    LayerMetric by = LayerMetric.ofCliName(metric);
    Allocation sharing = Allocation.parse(allocation);
    ProfileOptions profileOptions =
        ProfileOptions.defaults()
            .withSeed(global.seed())
            .withQuerySamples(rows())
            .withHistoryTopK(TopKeys.parse(topK));
    Check.range("--batch", batch, 1, 1_000_000);
    ModelConfig config = ModelFactory.config(modelOption);
    PromptSet prompts = promptOptions.read(config);
    ScaleSchedule schedule = config.schedule(generation.size(), generation.aspect());
    OutputFolder.prepare(out);
    try (ImageModel model =
        ModelFactory.open(
            modelOption,
            global,
            generation,
            prompts.prompts(),
            true,
            spec.commandLine().getErr())) {
      Calibrator calibrator =
          new Calibrator(
              model,
              new Calibrator.Options(
                  schedule,
                  generation.aspect(),
                  generation.toModel(),
                  generation.negative(),
                  profileOptions,
                  by,
                  asked,
                  sharing,
                  drafters == null ? OptionalInt.empty() : OptionalInt.of(drafters),
                  batch,
                  global.seed()));
      Calibrator.Result result =
          calibrator.classify(
              measure(calibrator, prompts.prompts()),
              prompts,
              software(),
              Clock.systemUTC().instant());
      write(result);
      report(result, prompts, (System.nanoTime() - start) / 1e9);
    }
    return 0;
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

  private PolicyCalibrator.Result measure(Calibrator calibrator, List<String> prompts) {
    try (Progress progress =
        Progress.of("calibrate", prompts.size(), global.quiet(), spec.commandLine().getErr())) {
      return calibrator.measure(prompts, done -> progress.step(prompts.get(done - 1)));
    }
  }

  private static RolesDocument.Software software() {
    SoftwareVersions v = SoftwareVersions.current();
    return new RolesDocument.Software(v.java(), v.scalekv(), v.djl(), v.libtorch());
  }

  private void write(Calibrator.Result result) throws IOException {
    RolesDocument document = result.document();
    RoleHeatMap map = RoleHeatMap.of(document);
    ProfileCsv.write(result.profile(), out.resolve("profile.csv"));
    map.writePng(out.resolve("roles.png"));
    map.writeSvg(out.resolve("roles.svg"));
    ScaleKvBudgetFile.of(document.assignment(), result.plan())
        .write(out.resolve("budgets-scalekv.json"));
    RolesJson.write(document, out.resolve("roles.json"));
  }

  private void report(Calibrator.Result result, PromptSet prompts, double seconds) {
    RolesDocument d = result.document();
    List<Drafter> pairs =
        d.assignment().drafters().stream().map(p -> new Drafter(p.layer(), p.scale())).toList();
    Report report =
        new Report(
            d.model().name(),
            d.model().weights(),
            prompts.prompts().size(),
            d.metric().name(),
            d.budget().request(),
            d.budget().tokens(),
            d.budget().allocation(),
            pairs,
            List.of(
                out.resolve("roles.json").toString(),
                out.resolve("budgets-scalekv.json").toString(),
                out.resolve("profile.csv").toString(),
                out.resolve("roles.png").toString(),
                out.resolve("roles.svg").toString()),
            Math.round(seconds * 10) / 10.0,
            ProcessMemory.peakRssMiB());
    json.print(spec.commandLine().getOut(), report, r -> text(r, d));
  }

  private static String text(Report r, RolesDocument d) {
    String list =
        d.assignment().drafters().stream()
            .map(CalibrateCommand::pair)
            .collect(Collectors.joining(", "));
    return String.format(
        Locale.ROOT,
        "%s: %d prompts, budget %s = %d tokens a layer and head (%s allocation)%n"
            + "drafters by %s: %s; all other pairs are refiners (counted from 0)%n"
            + "%s%n%.1f s",
        r.model(),
        r.prompts(),
        r.budget(),
        r.budgetTokens(),
        r.allocation(),
        r.metric(),
        list.isEmpty() ? "none" : list,
        String.join(System.lineSeparator(), r.files()),
        r.wallSeconds());
  }

  private static String pair(LayerScale p) {
    return "layer " + p.layer() + " at scale " + p.scale();
  }
}
