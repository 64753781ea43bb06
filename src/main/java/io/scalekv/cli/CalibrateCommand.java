package io.scalekv.cli;

import io.scalekv.cache.Allocation;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.experiment.Calibrator;
import io.scalekv.experiment.Calibrator.PromptSet;
import io.scalekv.experiment.PolicyCalibrator;
import io.scalekv.experiment.ProcessMemory;
import io.scalekv.model.ImageModel;
import io.scalekv.model.ModelConfig;
import io.scalekv.profile.ProfileCsv;
import io.scalekv.report.RoleHeatMap;
import io.scalekv.roles.RoleClassifier;
import io.scalekv.roles.RolesDocument;
import io.scalekv.roles.RolesJson;
import io.scalekv.roles.ScaleKvBudgetFile;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Locale;
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

  @Spec private CommandSpec spec;
  @Mixin private ModelOption modelOption;
  @Mixin private PromptOptions promptOptions;
  @Mixin private GenerationOptions generation;
  @Mixin private GlobalOptions global;
  @Mixin private RoleOptions roleOptions;
  @Mixin private ClassifierOptions classifierOptions;
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
    ModelConfig config = ModelFactory.config(modelOption);
    PromptSet prompts = promptOptions.read(config);
    ScaleSchedule schedule = config.schedule(generation.size(), generation.aspect());
    OutputFolder.prepare(out);
    try (ImageModel model =
        ModelFactory.open(
            modelOption, global, generation, prompts.prompts(), spec.commandLine().getErr())) {
      Calibrator calibrator =
          new Calibrator(
              model,
              new Calibrator.Options(
                  schedule,
                  generation.aspect(),
                  generation.toModel(),
                  generation.negative(),
                  roleOptions.profile(global.seed()),
                  roleOptions.metric(),
                  roleOptions.budget(),
                  sharing,
                  classifier,
                  classifierOptions.bootstrap(),
                  roleOptions.batch(),
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
            List.of(
                out.resolve("roles.json").toString(),
                out.resolve("budgets-scalekv.json").toString(),
                out.resolve("profile.csv").toString(),
                out.resolve("roles.png").toString(),
                out.resolve("roles.svg").toString()),
            Math.round(seconds * 10) / 10.0,
            ProcessMemory.peakRssMiB());
    json.print(spec.commandLine().getOut(), report, CalibrateCommand::text);
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
