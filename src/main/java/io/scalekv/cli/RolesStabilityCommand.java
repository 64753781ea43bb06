package io.scalekv.cli;

import io.scalekv.cache.ScaleSchedule;
import io.scalekv.experiment.ProfileRun;
import io.scalekv.experiment.StatisticsStore;
import io.scalekv.model.Drawing;
import io.scalekv.model.ImageModel;
import io.scalekv.model.ModelConfig;
import io.scalekv.model.PromptSet;
import io.scalekv.profile.AttentionProfile;
import io.scalekv.profile.FeatureTable;
import io.scalekv.profile.ProfileOptions;
import io.scalekv.roles.ClassifiedRoles;
import io.scalekv.roles.LayerScale;
import io.scalekv.study.RoleStability;
import io.scalekv.study.RoleStabilityReport;
import io.scalekv.study.RoleStabilityReport.Stability;
import io.scalekv.study.RoleStabilityReport.Variation;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** How roles depend on what they are measured on. */
@Command(
    name = "stability",
    description = {
      "See how stable roles are: the probability that a layer is a drafter (bootstrap over"
          + " prompts), and the agreement of roles from fewer prompts, other prompts, other"
          + " seeds, other guidance and other query samples.",
      "The statistics of the prompts are kept while they are drawn: the same command goes on"
          + " where it was stopped."
    })
final class RolesStabilityCommand implements Callable<Integer> {
  private static final String PROMPTS = "prompts";
  private static final String SEED = "seed";
  private static final String CFG = "cfg";
  private static final String QUERY_SAMPLES = "query-samples";

  /**
   * A pair of the base that is a drafter in at least one of twenty draws; without draws, its
   * drafters.
   */
  record Pair(int layer, int scale, String role, Double drafterProbability) {}

  /** Roles under one other condition; what is undefined is null. */
  record Change(
      String factor,
      String base,
      String value,
      int drafters,
      double jaccard,
      Double adjustedRand,
      Double zSpearman) {}

  /** Roles from so many prompts: means over draws, null where there were none. */
  record Point(
      int prompts, double jaccard, Double zSpearman, Double otherJaccard, Double otherZSpearman) {}

  /** What the command reports. */
  record Report(
      String model,
      int prompts,
      String metric,
      String classifier,
      List<Pair> pairs,
      List<Point> convergence,
      List<Change> variations,
      List<String> files) {}

  @Spec private CommandSpec spec;
  @Mixin private ModelOption modelOption;
  @Mixin private PromptSetsOption promptSets;
  @Mixin private GenerationOptions generation;
  @Mixin private RoleOptions roleOptions;
  @Mixin private ClassifierOptions classifierOptions;
  @Mixin private GlobalOptions global;
  @Mixin private JsonOption json;

  @Option(
      names = "--vary",
      paramLabel = "WHAT",
      split = ",",
      defaultValue = PROMPTS,
      description =
          "What to change, one at a time: prompts (1, 2, 4 … of them, and the other files), seed,"
              + " cfg, query-samples (default: ${DEFAULT-VALUE}).")
  private List<String> vary;

  @Option(
      names = "--seeds",
      paramLabel = "N",
      split = ",",
      description = "Other seeds for --vary seed (default: the two after --seed).")
  private List<Integer> seeds;

  @Option(
      names = "--cfgs",
      paramLabel = "X",
      split = ",",
      defaultValue = "1,2,5",
      description = "Guidance strengths for --vary cfg (default: ${DEFAULT-VALUE}).")
  private List<Double> cfgs;

  @Option(
      names = "--rows",
      paramLabel = "N|all",
      split = ",",
      defaultValue = "4,16,all",
      description = "Query rows for --vary query-samples (default: ${DEFAULT-VALUE}).")
  private List<String> rows;

  @Option(
      names = "--draws",
      paramLabel = "N",
      defaultValue = "200",
      description = "Draws per number of prompts (default: ${DEFAULT-VALUE}).")
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
      description = "Folder for tables and figures.")
  private Path out;

  /** One condition to draw and one or more ways to sample it. */
  private record Condition(
      String factor,
      String base,
      List<String> values,
      ProfileRun run,
      PromptSet prompts,
      List<ProfileOptions> options) {}

  @Override
  public Integer call() throws IOException {
    check();
    RoleStabilityInput input = input();
    OutputFolder.prepare(out);
    List<String> texts =
        input.conditions().stream().flatMap(c -> c.prompts().prompts().stream()).toList();
    List<FeatureTable> tables = new ArrayList<>();
    StatisticsStore store;
    try (ImageModel model =
        ModelFactory.open(
            modelOption, global, generation, texts, true, spec.commandLine().getErr())) {
      store =
          new StatisticsStore(statistics == null ? out.resolve("statistics") : statistics, model);
      for (AttentionProfile profile : profiles(store, input.conditions())) {
        tables.add(FeatureTable.of(profile));
      }
      Stability found = stability(store, input, tables);
      List<Path> files = RoleStabilityReport.write(found, input.schedule(), out);
      json.print(spec.commandLine().getOut(), report(found, files), RolesStabilityCommand::text);
    }
    return 0;
  }

  /** What there is to do; the first condition is the base. */
  private record RoleStabilityInput(
      ScaleSchedule schedule, RoleStability rule, List<Condition> conditions) {}

  private void check() {
    for (String what : vary) {
      Check.oneOf("--vary", what, PROMPTS, SEED, CFG, QUERY_SAMPLES);
    }
    for (double cfg : cfgs) {
      Check.range("--cfgs", cfg, 0, 100);
    }
    for (int seed : seeds()) {
      Check.range("--seeds", seed, 0, Integer.MAX_VALUE);
    }
    Check.range("--draws", draws, 1, 1_000_000);
    rows.forEach(RoleOptions::rows);
  }

  private List<Integer> seeds() {
    return seeds == null ? List.of(global.seed() + 1, global.seed() + 2) : seeds;
  }

  private RoleStabilityInput input() {
    ModelConfig config = ModelFactory.config(modelOption);
    List<PromptSet> sets = promptSets.read(config);
    ScaleSchedule schedule = config.schedule(generation.size(), generation.aspect());
    RoleStability rule =
        new RoleStability(
            roleOptions.metric(),
            roleOptions.firstRankedScale(config, schedule),
            classifierOptions.classifier(roleOptions.drafters(), global.seed()));
    ProfileOptions sampled = roleOptions.profile(global.seed());
    ProfileRun run = run(config, generation.cfg(), global.seed());
    List<Condition> all = new ArrayList<>();
    PromptSet base = sets.get(0);
    all.add(base(run, base, sampled));
    if (vary.contains(PROMPTS)) {
      for (PromptSet other : sets.subList(1, sets.size())) {
        all.add(one(PROMPTS, base.name(), other.name(), run, other, sampled));
      }
    } else if (sets.size() > 1) {
      throw new IllegalArgumentException(
          "--prompts: --vary prompts or one file expected, got " + sets.size() + " files");
    }
    if (vary.contains(SEED)) {
      for (int seed : seeds()) {
        all.add(
            one(
                SEED,
                "" + global.seed(),
                "" + seed,
                run(config, generation.cfg(), seed),
                base,
                roleOptions.profile(seed)));
      }
    }
    if (vary.contains(CFG)) {
      for (double cfg : cfgs) {
        all.add(
            one(
                CFG,
                number(generation.cfg()),
                number(cfg),
                run(config, cfg, global.seed()),
                base,
                sampled));
      }
    }
    return new RoleStabilityInput(schedule, rule, all);
  }

  /** The base, and all ways to sample its images: they are drawn once. */
  private Condition base(ProfileRun run, PromptSet prompts, ProfileOptions sampled) {
    List<String> values = new ArrayList<>();
    List<ProfileOptions> options = new ArrayList<>();
    values.add("");
    options.add(sampled);
    if (vary.contains(QUERY_SAMPLES)) {
      for (String text : rows) {
        values.add(text);
        options.add(sampled.withQuerySamples(RoleOptions.rows(text)));
      }
    }
    int asked = sampled.querySamples();
    String base = asked == ProfileOptions.ALL ? "all" : "" + asked;
    return new Condition(QUERY_SAMPLES, base, values, run, prompts, options);
  }

  private static Condition one(
      String factor,
      String base,
      String value,
      ProfileRun run,
      PromptSet prompts,
      ProfileOptions options) {
    return new Condition(factor, base, List.of(value), run, prompts, List.of(options));
  }

  private ProfileRun run(ModelConfig config, double cfg, long seed) {
    Drawing asked = generation.drawing(config, seed);
    return new ProfileRun(asked.with(asked.sampling().withCfg(cfg)));
  }

  /** One profile per value of every condition, in their order. */
  private List<AttentionProfile> profiles(StatisticsStore store, List<Condition> conditions)
      throws IOException {
    long steps =
        conditions.stream().mapToLong(c -> store.missing(c.run(), c.options(), c.prompts())).sum();
    List<AttentionProfile> profiles = new ArrayList<>();
    try (Progress progress =
        Progress.of("draw", steps, global.quiet(), spec.commandLine().getErr())) {
      for (Condition c : conditions) {
        String note = c.values().get(0).isEmpty() ? "base" : c.factor() + " " + c.values().get(0);
        profiles.addAll(
            store.profiles(
                c.run(),
                c.options(),
                c.prompts(),
                done -> progress.step(note + ", prompt " + done)));
      }
    }
    return profiles;
  }

  private Stability stability(
      StatisticsStore store, RoleStabilityInput input, List<FeatureTable> tables) {
    RoleStability rule = input.rule();
    FeatureTable base = tables.get(0);
    ClassifiedRoles roles = rule.roles(base);
    List<Variation> variations = new ArrayList<>();
    int table = 0;
    for (Condition c : input.conditions()) {
      for (String value : c.values()) {
        if (!value.isEmpty()) {
          variations.add(
              new Variation(
                  c.factor(),
                  c.base(),
                  value,
                  rule.agreement(roles, rule.roles(tables.get(table)))));
        }
        table++;
      }
    }
    boolean several = base.prompts() > 1;
    int bootstrap = classifierOptions.bootstrap();
    return new Stability(
        rule,
        store.source(input.conditions().get(0).run(), input.conditions().get(0).prompts()),
        roles,
        several && bootstrap > 0 ? rule.bootstrap(base, bootstrap, global.seed()) : null,
        several && vary.contains(PROMPTS)
            ? rule.convergence(base, draws, global.seed())
            : List.of(),
        draws,
        variations);
  }

  private static Report report(Stability found, List<Path> files) {
    List<Pair> pairs = new ArrayList<>();
    if (found.bootstrap() != null) {
      for (int k = 0; k < found.roles().assignment().scales(); k++) {
        for (int l = 0; l < found.roles().assignment().layers(); l++) {
          double p = found.bootstrap().drafterProbability(l, k);
          if (p >= 0.05) {
            pairs.add(new Pair(l, k, found.roles().assignment().role(l, k).word(), p));
          }
        }
      }
    } else {
      for (LayerScale p : found.roles().assignment().drafters()) {
        pairs.add(new Pair(p.layer(), p.scale(), "drafter", null));
      }
    }
    return new Report(
        found.source().get("model"),
        Integer.parseInt(found.source().get("prompts")),
        found.rule().metric().cliName(),
        found.roles().classifier(),
        pairs,
        found.convergence().stream()
            .map(
                c ->
                    new Point(
                        c.prompts(),
                        c.jaccard().mean(),
                        orNull(c.zSpearman().mean()),
                        orNull(c.otherJaccard().mean()),
                        orNull(c.otherZSpearman().mean())))
            .toList(),
        found.variations().stream()
            .map(
                v ->
                    new Change(
                        v.factor(),
                        v.base(),
                        v.value(),
                        v.agreement().drafters(),
                        v.agreement().jaccard(),
                        orNull(v.agreement().adjustedRand()),
                        orNull(v.agreement().zSpearman())))
            .toList(),
        files.stream().map(Path::toString).toList());
  }

  private static Double orNull(double value) {
    return Double.isNaN(value) ? null : value;
  }

  private static String text(Report r) {
    StringBuilder t = new StringBuilder();
    t.append(
        "%s: %d prompts, roles by %s and %s%n"
            .formatted(r.model(), r.prompts(), r.metric(), r.classifier()));
    for (Pair p : r.pairs()) {
      t.append(
          String.format(
              Locale.ROOT,
              "layer %d scale %d: %s, drafter with probability %s%n",
              p.layer(),
              p.scale(),
              p.role(),
              shown(p.drafterProbability())));
    }
    for (Point p : r.convergence()) {
      t.append(
          String.format(
              Locale.ROOT,
              "%d prompts: Jaccard %.3f with all, %s with as many others; z %s and %s%n",
              p.prompts(),
              p.jaccard(),
              shown(p.otherJaccard()),
              shown(p.zSpearman()),
              shown(p.otherZSpearman())));
    }
    for (Change c : r.variations()) {
      t.append(
          String.format(
              Locale.ROOT,
              "%s %s instead of %s: %d drafters, Jaccard %.3f, adjusted Rand %s, z %s%n",
              c.factor(),
              c.value(),
              c.base(),
              c.drafters(),
              c.jaccard(),
              shown(c.adjustedRand()),
              shown(c.zSpearman())));
    }
    return t.append(String.join(System.lineSeparator(), r.files())).toString();
  }

  private static String number(double value) {
    return BigDecimal.valueOf(value).stripTrailingZeros().toPlainString();
  }

  private static String shown(Double value) {
    return value == null ? "n/a" : String.format(Locale.ROOT, "%.3f", value);
  }
}
