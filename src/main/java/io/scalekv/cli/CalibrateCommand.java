package io.scalekv.cli;

import io.scalekv.cache.Allocation;
import io.scalekv.cache.policy.ErrorCurve;
import io.scalekv.cache.policy.ErrorCurves;
import io.scalekv.experiment.CalibrationShards;
import io.scalekv.experiment.Calibrator;
import io.scalekv.experiment.ErrorCurveCalibrator;
import io.scalekv.experiment.PolicyCalibrator;
import io.scalekv.experiment.ProcessMemory;
import io.scalekv.experiment.ProfileRun;
import io.scalekv.experiment.StatisticsStore;
import io.scalekv.io.AtomicFile;
import io.scalekv.model.ImageModel;
import io.scalekv.model.ModelConfig;
import io.scalekv.model.PromptSet;
import io.scalekv.profile.ProfileCsv;
import io.scalekv.report.RoleHeatMap;
import io.scalekv.roles.Calibrations;
import io.scalekv.roles.RoleClassifier;
import io.scalekv.roles.RolesDocument;
import io.scalekv.roles.RolesJson;
import io.scalekv.roles.ScaleKvBudgetFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.Stream;
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
  /** One drafter, for JSON; the confidence is null for a single prompt. */
  record Drafter(int layer, int scale, Double confidence) {}

  /** What the command reports. */
  record Report(
      String model,
      String weights,
      int prompts,
      String metric,
      String classifier,
      String budget,
      int budgetTokens,
      String allocation,
      List<Drafter> drafters,
      List<String> files,
      double wallSeconds,
      Long peakRssMiB) {}

  /** What is reported of a shard. */
  record Kept(int prompts, List<String> files) {}

  private static final String ERROR_CURVES = "error-curves.json";

  @Spec private CommandSpec spec;
  @Mixin private ModelOption modelOption;
  @Mixin private PromptOptions promptOptions;
  @Mixin private GenerationOptions generation;
  @Mixin private GlobalOptions global;
  @Mixin private RoleOptions roleOptions;
  @Mixin private ClassifierOptions classifierOptions;
  @Mixin private ShardOptions shards;
  @Mixin private JsonOption json;

  @Option(
      names = "--allocation",
      paramLabel = "paper|released",
      defaultValue = "released",
      description =
          "How drafters and refiners share the budget: eq. 4 of the paper, or the rule behind the"
              + " released budget files (default: ${DEFAULT-VALUE}).")
  private String allocation;

  @Option(
      names = "--statistics",
      paramLabel = "DIR",
      description =
          "Keep the statistics of every prompt in this folder, for roles compare and roles"
              + " stability.")
  private Path statistics;

  @Option(
      names = "--policies",
      paramLabel = "error-curve",
      description =
          "Measure what this policy needs, too: three more rounds over the prompts (default: what"
              + " all other policies need).")
  private String policies;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      required = true,
      description = "Folder for roles.json, budgets, profile and heat map.")
  private Path out;

  @Override
  public Integer call() throws IOException {
    long start = System.nanoTime();
    Allocation sharing = Allocation.parse(allocation);
    RoleClassifier classifier = classifierOptions.classifier(roleOptions.drafters(), global.seed());
    if (policies != null) {
      Check.oneOf("--policies", policies, ErrorCurve.NAME);
    }
    ModelConfig config = ModelFactory.config(modelOption);
    PromptSet prompts = promptOptions.read(config);
    OutputFolder.prepare(out);
    if (statistics != null) {
      OutputFolder.prepare(statistics);
    }
    try (ImageModel model =
        ModelFactory.open(
            modelOption,
            global,
            generation,
            shards.of(prompts.prompts()),
            true,
            spec.commandLine().getErr())) {
      Calibrator calibrator =
          new Calibrator(
              model,
              new Calibrator.Options(
                  generation.drawing(config, global.seed()),
                  roleOptions.profile(global.seed()),
                  roleOptions.metric(),
                  roleOptions.budget(),
                  sharing,
                  classifier,
                  classifierOptions.bootstrap(),
                  roleOptions.batch()));
      Map<String, String> source = source(model, prompts);
      if (shards.shard().isPresent()) {
        keep(calibrator, shards.shard().get(), prompts, source);
        return 0;
      }
      Calibrator.Result result =
          calibrator.classify(
              shards.merge().isPresent()
                  ? CalibrationShards.read(shards.merge().get(), source, prompts.prompts().size())
                      .result()
                  : measure(calibrator, prompts.prompts()),
              prompts,
              SoftwareVersions.current().forRoles(),
              Clock.systemUTC().instant());
      if (policies != null) {
        result = result.with(errorCurves(model, prompts.prompts()));
      }
      write(result);
      if (statistics != null) {
        keep(model, prompts, result);
      }
      report(result, prompts, (System.nanoTime() - start) / 1e9);
    }
    return 0;
  }

  private void keep(ImageModel model, PromptSet prompts, Calibrator.Result result)
      throws IOException {
    ProfileRun run = new ProfileRun(generation.drawing(model.config(), global.seed()));
    new StatisticsStore(statistics, model).keep(run, prompts, result.profile());
  }

  private PolicyCalibrator.Result measure(Calibrator calibrator, List<String> prompts) {
    try (Progress progress =
        Progress.of("calibrate", prompts.size(), global.quiet(), spec.commandLine().getErr())) {
      return calibrator.measure(prompts, done -> progress.step(prompts.get(done - 1)));
    }
  }

  /** Measures one shard and keeps it. */
  private void keep(
      Calibrator calibrator,
      CalibrationShards.Shard shard,
      PromptSet prompts,
      Map<String, String> source)
      throws IOException {
    List<String> texts = prompts.prompts();
    int[] indices = shard.prompts(texts.size());
    if (indices.length == 0) {
      throw new IllegalArgumentException(
          "--shard: at most %d shards of %d prompts expected, got %d"
              .formatted(texts.size(), texts.size(), shard.count()));
    }
    try (Progress progress =
        Progress.of("calibrate", indices.length, global.quiet(), spec.commandLine().getErr())) {
      List<Path> files =
          CalibrationShards.write(
              out,
              shard,
              calibrator.measure(
                  texts, done -> progress.step(texts.get(indices[done - 1])), indices),
              source);
      json.print(
          spec.commandLine().getOut(),
          new Kept(indices.length, files.stream().map(Path::toString).toList()),
          k -> k.prompts() + " prompts: " + String.join(System.lineSeparator(), k.files()));
    }
  }

  /** What must be the same for all shards of a calibration. */
  private Map<String, String> source(ImageModel model, PromptSet prompts) {
    Map<String, String> source = new LinkedHashMap<>();
    source.putAll(model.provenance());
    source.putAll(prompts.provenance());
    source.putAll(generation.drawing(model.config(), global.seed()).provenance());
    source.put("prompts", Integer.toString(prompts.prompts().size()));
    source.put("sampling", roleOptions.profile(global.seed()).toString());
    source.put("cut", roleOptions.metric().needsCut() ? roleOptions.budget().toString() : "none");
    return source;
  }

  private ErrorCurves errorCurves(ImageModel model, List<String> prompts) {
    ErrorCurveCalibrator calibrator =
        new ErrorCurveCalibrator(model, generation.drawing(model.config(), global.seed()));
    int steps = calibrator.steps(prompts.size());
    try (Progress progress =
        Progress.of("error curves", steps, global.quiet(), spec.commandLine().getErr())) {
      return calibrator.measure(prompts, done -> progress.step("batch " + done));
    }
  }

  private void write(Calibrator.Result result) throws IOException {
    RolesDocument document = result.document();
    ProfileCsv.write(result.profile(), out.resolve("profile.csv"));
    RoleHeatMap.of(document).write(out, "roles");
    ScaleKvBudgetFile.of(document.assignment(), result.plan())
        .write(out.resolve("budgets-scalekv.json"));
    RolesJson.write(document, out.resolve("roles.json"));
    if (policies != null) {
      String text = Calibrations.of(document).errorCurvesText().orElseThrow();
      AtomicFile.write(out.resolve(ERROR_CURVES), text.getBytes(StandardCharsets.UTF_8));
    }
  }

  private void report(Calibrator.Result result, PromptSet prompts, double seconds) {
    RolesDocument d = result.document();
    List<Drafter> pairs =
        d.assignment().drafters().stream()
            .map(p -> new Drafter(p.layer(), p.scale(), d.pair(p.layer(), p.scale()).confidence()))
            .toList();
    Report report =
        new Report(
            d.model().name(),
            d.model().weights(),
            prompts.prompts().size(),
            d.metric().name(),
            d.classification().classifier(),
            d.budget().request(),
            d.budget().tokens(),
            d.budget().allocation(),
            pairs,
            files().map(name -> out.resolve(name).toString()).toList(),
            Math.round(seconds * 10) / 10.0,
            ProcessMemory.peakRssMiB());
    json.print(spec.commandLine().getOut(), report, CalibrateCommand::text);
  }

  private Stream<String> files() {
    Stream<String> always =
        Stream.of("roles.json", "budgets-scalekv.json", "profile.csv", "roles.png", "roles.svg");
    return policies == null ? always : Stream.concat(always, Stream.of(ERROR_CURVES));
  }

  private static String text(Report r) {
    String list =
        r.drafters().stream().map(CalibrateCommand::pair).collect(Collectors.joining(", "));
    return String.format(
        Locale.ROOT,
        "%s: %d prompts, budget %s = %d tokens a layer and head (%s allocation)%n"
            + "drafters by %s%s: %s; all other pairs are refiners (counted from 0)%n"
            + "%s%n%.1f s",
        r.model(),
        r.prompts(),
        r.budget(),
        r.budgetTokens(),
        r.allocation(),
        r.metric(),
        r.classifier().equals("rank") ? "" : " and " + r.classifier(),
        list.isEmpty() ? "none" : list,
        String.join(System.lineSeparator(), r.files()),
        r.wallSeconds());
  }

  private static String pair(Drafter p) {
    return "layer "
        + p.layer()
        + " at scale "
        + p.scale()
        + (p.confidence() == null
            ? ""
            : String.format(Locale.ROOT, " (confidence %.2f)", p.confidence()));
  }
}
