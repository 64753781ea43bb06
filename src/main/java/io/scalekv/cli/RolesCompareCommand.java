package io.scalekv.cli;

import io.scalekv.cache.ScaleSchedule;
import io.scalekv.experiment.ProfileRun;
import io.scalekv.experiment.StatisticsStore;
import io.scalekv.model.ImageModel;
import io.scalekv.model.ModelConfig;
import io.scalekv.model.PromptSet;
import io.scalekv.profile.AttentionProfile;
import io.scalekv.profile.FeatureTable;
import io.scalekv.profile.LayerMetric;
import io.scalekv.profile.ProfileOptions;
import io.scalekv.roles.ClassifiedRoles;
import io.scalekv.roles.LayerScale;
import io.scalekv.roles.RoleBootstrap;
import io.scalekv.roles.RoleClassifier;
import io.scalekv.roles.RoleStatistics;
import io.scalekv.study.RoleComparison;
import io.scalekv.study.RoleComparisonReport;
import io.scalekv.study.RoleRule;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.SortedMap;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** All classifiers on one set of prompts. */
@Command(
    name = "compare",
    description = {
      "Tell roles by every classifier and compare them: number of drafters, adjusted Rand index,"
          + " Jaccard overlap, each one's rules in words, and a heat map of the probability that"
          + " a layer is a drafter.",
      "The statistics of the prompts are kept; what is there is not drawn again."
    })
final class RolesCompareCommand implements Callable<Integer> {
  /** One classifier. */
  record Row(String classifier, List<LayerScale> drafters, List<String> rules) {}

  /** Two classifiers; adjustedRand is null for fewer than two pairs. */
  record Agreement(String a, String b, Double adjustedRand, double jaccard) {}

  /** What the command reports. */
  record Report(
      String model,
      int prompts,
      String metric,
      int firstCutScale,
      int pairs,
      List<Row> classifiers,
      List<Agreement> agreements,
      List<String> files) {}

  @Spec private CommandSpec spec;
  @Mixin private ModelOption modelOption;
  @Mixin private PromptOptions promptOptions;
  @Mixin private GenerationOptions generation;
  @Mixin private RoleOptions roleOptions;
  @Mixin private GlobalOptions global;
  @Mixin private JsonOption json;

  @Option(
      names = "--bootstrap",
      paramLabel = "N",
      defaultValue = "200",
      description =
          "Draws of prompts behind each probability; 0 for none (default: ${DEFAULT-VALUE}).")
  private int draws;

  @Option(
      names = "--statistics",
      paramLabel = "DIR",
      description = "Folder of kept statistics (default: statistics in the output folder).")
  private Path statistics;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      required = true,
      description = "Folder for tables, rules and figures.")
  private Path out;

  @Override
  public Integer call() throws IOException {
    Check.range("--bootstrap", draws, 0, 1_000_000);
    ModelConfig config = ModelFactory.config(modelOption);
    PromptSet prompts = promptOptions.read(config);
    ScaleSchedule schedule = config.schedule(generation.size(), generation.aspect());
    int first = roleOptions.firstRankedScale(config, schedule);
    OutputFolder.prepare(out);
    Path kept = statistics == null ? out.resolve("statistics") : statistics;
    try (ImageModel model =
        ModelFactory.open(
            modelOption,
            global,
            generation,
            prompts.prompts(),
            true,
            spec.commandLine().getErr())) {
      StatisticsStore store = new StatisticsStore(kept, model);
      ProfileRun run = new ProfileRun(generation.drawing(config, global.seed()));
      FeatureTable table = FeatureTable.of(profile(store, run, prompts));
      List<LayerMetric> features = RoleStatistics.featuresOf(table, first);
      List<RoleClassifier> classifiers = new ArrayList<>();
      for (String name : RoleClassifier.NAMES) {
        OptionalInt given = name.equals("rank") ? roleOptions.drafters() : OptionalInt.empty();
        classifiers.add(RoleClassifier.of(name, given, global.seed()));
      }
      RoleComparison comparison =
          RoleComparison.of(
              RoleStatistics.ofAll(table, roleOptions.metric(), first, features), classifiers);
      List<RoleBootstrap> bootstraps = bootstraps(table, first, features, classifiers);
      SortedMap<String, String> source = store.source(run, prompts);
      List<Path> files = RoleComparisonReport.write(comparison, bootstraps, schedule, source, out);
      json.print(
          spec.commandLine().getOut(),
          report(config, prompts, comparison, files),
          r -> text(r, comparison));
    }
    return 0;
  }

  private AttentionProfile profile(StatisticsStore store, ProfileRun run, PromptSet prompts)
      throws IOException {
    List<ProfileOptions> options = List.of(roleOptions.profile(global.seed()));
    List<String> texts = prompts.prompts();
    try (Progress progress =
        Progress.of(
            "draw",
            store.missing(run, options, prompts),
            global.quiet(),
            spec.commandLine().getErr())) {
      return store
          .profiles(run, options, prompts, done -> progress.step(texts.get(done - 1)))
          .get(0);
    }
  }

  private List<RoleBootstrap> bootstraps(
      FeatureTable table, int first, List<LayerMetric> features, List<RoleClassifier> classifiers) {
    List<RoleBootstrap> bootstraps = new ArrayList<>();
    if (draws == 0 || table.prompts() < 2) {
      return bootstraps;
    }
    try (Progress progress =
        Progress.of("bootstrap", classifiers.size(), global.quiet(), spec.commandLine().getErr())) {
      for (RoleClassifier classifier : classifiers) {
        bootstraps.add(
            RoleBootstrap.of(
                table, roleOptions.metric(), first, features, classifier, draws, global.seed()));
        progress.step(classifier.name());
      }
    }
    return bootstraps;
  }

  private static Report report(
      ModelConfig config, PromptSet prompts, RoleComparison c, List<Path> files) {
    List<Row> rows = new ArrayList<>();
    List<Agreement> agreements = new ArrayList<>();
    for (int a = 0; a < c.classified().size(); a++) {
      ClassifiedRoles roles = c.classified().get(a);
      rows.add(
          new Row(
              roles.classifier(),
              List.copyOf(roles.assignment().drafters()),
              c.rules().get(a).rules().stream().map(RoleRule::toString).toList()));
      for (int b = a + 1; b < c.classified().size(); b++) {
        double rand = c.adjustedRand(a, b);
        agreements.add(
            new Agreement(
                roles.classifier(),
                c.classified().get(b).classifier(),
                Double.isNaN(rand) ? null : rand,
                c.jaccard(a, b)));
      }
    }
    return new Report(
        config.name(),
        prompts.prompts().size(),
        c.statistics().metricName(),
        c.statistics().firstCutScale(),
        c.statistics().pairs().size(),
        rows,
        agreements,
        files.stream().map(Path::toString).toList());
  }

  private static String text(Report r, RoleComparison comparison) {
    StringBuilder t = new StringBuilder();
    t.append(
        "%s: %d prompts, %d layer-scale pairs that read a cut cache, told by %s%n"
            .formatted(r.model(), r.prompts(), r.pairs(), r.metric()));
    for (int c = 0; c < r.classifiers().size(); c++) {
      t.append(RoleComparisonReport.words(comparison, c)).append(System.lineSeparator());
    }
    return t.append(r.files().stream().collect(Collectors.joining(System.lineSeparator())))
        .toString();
  }
}
