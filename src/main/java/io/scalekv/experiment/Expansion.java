package io.scalekv.experiment;

import io.scalekv.cache.Budget;
import io.scalekv.cache.BudgetTooSmallException;
import io.scalekv.cache.CacheType;
import io.scalekv.cache.Geometry;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.policy.Policies;
import io.scalekv.cache.policy.PolicyFactory;
import io.scalekv.cache.policy.PolicySpec;
import io.scalekv.io.Require;
import io.scalekv.io.Sha256;
import io.scalekv.metrics.InceptionFeatures;
import io.scalekv.metrics.Ladder;
import io.scalekv.metrics.Lpips;
import io.scalekv.metrics.Metric;
import io.scalekv.model.Drawing;
import io.scalekv.model.DrawingOption;
import io.scalekv.model.ModelConfig;
import io.scalekv.model.PerScale;
import io.scalekv.roles.Calibration;
import io.scalekv.roles.CalibrationFile;
import io.scalekv.scene.PromptFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.IntSupplier;

/** Expansion of an experiment into runs. */
final class Expansion {
  private static final PolicySpec FULL = PolicySpec.parse("full");

  private final ExperimentSpec spec;
  private final Path specFile;
  private final Experiment.ModelFacts model;
  private final Run.Nets nets;
  private final PromptTexts texts = new PromptTexts();
  private final List<Experiment.Planned> runs = new ArrayList<>();
  private final boolean memory;

  Expansion(ExperimentSpec spec, Path specFile, Experiment.ModelFacts model, Run.Nets nets) {
    this.spec = spec;
    this.specFile = specFile;
    this.model = model;
    this.nets = nets;
    this.memory = spec.kind() == ExperimentSpec.Kind.MEMORY;
  }

  Experiment expand() {
    Run.Prompts prompts = null;
    List<String> lines = memory ? List.of() : drawn();
    if (!memory) {
      prompts = new Run.Prompts(texts.add(lines), lines.size(), spec.seeds(), spec.seed());
    }
    for (int r = 0; r < spec.rows().size(); r++) {
      ExperimentSpec.Row row = spec.rows().get(r);
      add(row.name() == null ? "rows " + (r + 1) : row.name(), row.settings(), prompts);
    }
    for (ExperimentSpec.Baseline baseline : spec.baselines()) {
      add(baseline, prompts);
    }
    boolean texted = spec.prompts() != null && model.config().classes() == 0;
    return new Experiment(
        spec,
        runs,
        texts,
        texted ? Path.of(spec.prompts().file()).getFileName().toString() : null,
        prompts == null ? null : prompts.sha256());
  }

  /** Returns the prompts or classes of the images. */
  private List<String> drawn() {
    ModelConfig config = model.config();
    boolean named = spec.classes() != null && (config.classes() > 0 || spec.prompts() == null);
    if (named) {
      config.family().check(List.of(DrawingOption.CLASS));
    }
    List<String> lines =
        named
            ? spec.classes().stream().map(Object::toString).toList()
            : lines(spec.prompts(), "/prompts", 0);
    lines.forEach(config::checkPrompt);
    return lines;
  }

  /**
   * Returns prompts of a file; for a class-conditional model as many classes.
   *
   * @param place of the prompts in the experiment's file, for errors
   * @param phase see {@link ModelConfig#someClasses}
   */
  private List<String> lines(ExperimentSpec.Prompts p, String place, double phase) {
    List<String> lines = lines(p, place);
    return model.config().classes() == 0 ? lines : model.config().someClasses(lines.size(), phase);
  }

  private List<String> lines(ExperimentSpec.Prompts p, String place) {
    List<String> all = PromptFile.read(ExperimentSpec.resolve(p.file(), specFile));
    int skip = p.skip() == null ? 0 : p.skip();
    Require.that(
        skip < all.size(),
        "%s: %s/skip must be below the %d prompts of %s, got %d",
        specFile,
        place,
        all.size(),
        p.file(),
        skip);
    long most = p.limit() == null ? all.size() : (long) skip + p.limit();
    return all.subList(skip, (int) Math.min(all.size(), most));
  }

  private void add(String group, List<ExperimentSpec.Setting> settings, Run.Prompts prompts) {
    Map<ExperimentSpec.Recipe, Run.Calibration> calibrations = new LinkedHashMap<>();
    settings.forEach(s -> calibrations.computeIfAbsent(s.calibration(), this::calibration));
    Map<Run.Calibration, List<String>> words = new LinkedHashMap<>();
    calibrations.forEach((recipe, made) -> words.putIfAbsent(made, words(made, recipe.prompts())));
    Map<Run.Calibration, String> notes = toldApart(words);
    boolean sizes = settings.stream().map(ExperimentSpec.Setting::size).distinct().count() > 1;
    boolean batches = settings.stream().map(ExperimentSpec.Setting::batch).distinct().count() > 1;
    boolean types =
        !memory
            || settings.stream().map(s -> s.keyType() + " " + s.valueType()).distinct().count() > 1;
    for (ExperimentSpec.Setting s : settings) {
      Run.Generation generation = generation(s.size(), s.batch());
      boolean calibrated = !memory && !Policies.needs(s.policy()).isEmpty();
      Run.Calibration calibration = calibrated ? calibrations.get(s.calibration()) : null;
      Run.Policy policy = policy(generation, s, calibration);
      List<String> metrics =
          spec.kind() == ExperimentSpec.Kind.FIDELITY
              ? metrics(s.metrics() == null ? spec.metrics() : s.metrics())
              : List.of();
      Run run =
          new Run(
              kind(),
              modelOf(),
              generation,
              prompts,
              policy,
              hashed(s.policy(), calibration),
              null,
              metrics,
              nets(metrics),
              spec.kind() == ExperimentSpec.Kind.LATENCY ? spec.repeats() : null);
      String rest =
          (policy.unconditionalBudget() == null ? "" : " and " + policy.unconditionalBudget())
              + (types ? types(policy) : "")
              + until(generation.maps(), policy)
              + (calibrated ? notes.get(calibration) : "")
              + (sizes ? ", " + s.size() : "")
              + (batches ? ", batch " + s.batch() : "");
      String named = Policies.label(s.policy());
      String budget = policy.budget() == null ? "" : " at " + policy.budget();
      // policies that ignore a list give the same run again
      if (runs.stream().noneMatch(r -> r.group().equals(group) && r.run().equals(run))) {
        runs.add(new Experiment.Planned(group, named + budget + rest, named + rest, run));
      }
    }
  }

  private static String until(ScaleSchedule schedule, Run.Policy p) {
    return p.cfgUntil() == null
        ? ""
        : ", cfg until scale " + p.cfgUntil() + " (" + schedule.map(p.cfgUntil() - 1) + ")";
  }

  private static String types(Run.Policy p) {
    return p.keyType() == CacheType.FP32 && p.valueType() == CacheType.FP32
        ? ""
        : ", keys " + p.keyType() + ", values " + p.valueType();
  }

  private Run.Kind kind() {
    return switch (spec.kind()) {
      case FIDELITY -> Run.Kind.POLICY;
      case MEMORY -> Run.Kind.MEMORY;
      case LATENCY -> Run.Kind.LATENCY;
      case ATTENTION -> Run.Kind.ATTENTION;
    };
  }

  private void add(ExperimentSpec.Baseline baseline, Run.Prompts prompts) {
    switch (baseline) {
      case REPEAT -> add("same seed again", Run.Kind.POLICY, prompts, null);
      case OTHER_SEED -> add("other seed", Run.Kind.OTHER_SEED, prompts, null);
      case LADDER -> {
        for (Ladder rung : Ladder.values()) {
          add(rung.label(), Run.Kind.DISTORTION, prompts, rung.label());
        }
      }
    }
  }

  private void add(String label, Run.Kind kind, Run.Prompts prompts, String distortion) {
    Run.Generation generation = generation(null, null);
    List<String> metrics = metrics(spec.metrics());
    Run run =
        new Run(
            kind,
            modelOf(),
            generation,
            prompts,
            full(generation.maps(), CacheType.FP32, CacheType.FP32, null),
            null,
            distortion,
            metrics,
            nets(metrics),
            null);
    runs.add(new Experiment.Planned("baselines", label, label, run));
  }

  private Run.Model modelOf() {
    return new Run.Model(model.config().name(), memory ? null : model.weights(), spec.dtype());
  }

  private Run.Generation generation(String size, Integer batch) {
    ExperimentSpec.Generation g = spec.generation();
    String chosen = size == null ? g.size() : size;
    ModelConfig config = model.config();
    config.family().check(g.given());
    Run.Generation generation =
        Run.Generation.of(
            config
                .sampling()
                .with(numbers(g.cfg()), numbers(g.tau()), g.topK(), g.topP(), g.moreSmooth()),
            g.negative() == null ? "" : g.negative(),
            config.schedule(Optional.ofNullable(chosen), g.aspect()),
            g.aspect(),
            batch == null ? spec.batch() : batch);
    try {
      generation.drawing(0);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(specFile + ": /generation: " + e.getMessage(), e);
    }
    return generation;
  }

  private static PerScale numbers(List<Double> values) {
    return values == null ? null : new PerScale(values);
  }

  private static Run.Policy full(
      ScaleSchedule schedule, CacheType keys, CacheType values, Integer cfgUntil) {
    return new Run.Policy(
        FULL.toString(), null, schedule.historyTokens(), null, null, keys, values, cfgUntil);
  }

  /** Returns the scales with guidance that a setting asks for; null where they are all. */
  private Integer cfgUntil(ScaleSchedule schedule, ExperimentSpec.Setting s) {
    if (s.cfgUntil() == null) {
      return null;
    }
    model.config().family().check(List.of(DrawingOption.CFG_UNTIL));
    Require.between(specFile + ": cfgUntil", s.cfgUntil(), 1, schedule.scales());
    return s.cfgUntil() == schedule.scales() ? null : s.cfgUntil();
  }

  private Run.Policy policy(
      Run.Generation generation, ExperimentSpec.Setting s, Run.Calibration calibration) {
    ScaleSchedule schedule = generation.maps();
    Integer cfgUntil = cfgUntil(schedule, s);
    if (s.policy().equals(FULL)) {
      return full(schedule, s.keyType(), s.valueType(), cfgUntil);
    }
    Geometry geometry = model.config().geometry();
    Drawing whole = generation.drawing(0);
    Drawing drawing = cfgUntil == null ? whole : whole.guidedUntil(cfgUntil);
    PolicyFactory policies =
        new PolicyFactory(
            schedule,
            drawing.memory(geometry, s.keyType(), s.valueType(), generation.batch()),
            b -> RunCalibrations.known(calibration, model.shipped(), geometry, schedule, b),
            0);
    Budget split = generation.branches() == 1 ? null : s.split();
    Integer fewer =
        split == null ? null : fitting(() -> policies.ofOneBranch().tokens(s.policy(), split));
    boolean bytes = s.budget().inBytes(schedule, policies.memory()) instanceof Budget.Bytes;
    Require.that(
        !bytes || !(calibration instanceof Run.Calibration.Measured),
        "%s: budget of %s must be in tokens or percent where roles are measured, because the peak"
            + " is known only with them, got %s",
        specFile,
        s.policy(),
        s.budget());
    int tokens =
        fewer == null || !bytes
            ? fitting(() -> policies.tokens(s.policy(), s.budget()))
            : fitting(
                () -> policies.tokens(s.policy(), s.budget(), policies.create(s.policy(), fewer)));
    return new Run.Policy(
        s.policy().toString(),
        s.budget().toString(),
        tokens,
        split == null ? null : split.toString(),
        fewer,
        s.keyType(),
        s.valueType(),
        cfgUntil);
  }

  /** Returns the tokens; one where none are enough, for a run that will say so. */
  private static int fitting(IntSupplier tokens) {
    try {
      return tokens.getAsInt();
    } catch (BudgetTooSmallException e) {
      return 1;
    }
  }

  /** The metrics in their order, and those of the user's nets. */
  private List<String> metrics(List<String> asked) {
    Set<String> all = new LinkedHashSet<>(asked);
    if (nets.lpipsHash() != null) {
      all.add(Lpips.METRIC.key());
    }
    if (nets.inceptionHash() != null) {
      all.add(InceptionFeatures.FID.key());
    }
    return Metrics.sorted(all);
  }

  private Run.Nets nets(List<String> metrics) {
    boolean features =
        Metrics.named(metrics).stream().anyMatch(m -> m.net() == Metric.Net.FEATURES);
    if (!features && nets.lpipsHash() == null && nets.inceptionHash() == null) {
      return null;
    }
    if (!features) {
      return nets;
    }
    return spec.features() == ExperimentSpec.Features.VAE
        ? nets.withFeatures(EncoderFeatureNet.NAME, model.tokenizer())
        : nets.withFeatures(FeatureNets.RANDOM_NAME, FeatureNets.RANDOM_HASH);
  }

  private Run.Calibration calibration(ExperimentSpec.Recipe r) {
    return switch (r.roles()) {
      case SHIPPED -> new Run.Calibration.Shipped(null);
      case RANDOM -> new Run.Calibration.Random(r.drafters(), r.seed());
      case MEASURED -> {
        List<String> lines = lines(r.prompts(), "calibration/prompts", 0.5);
        yield new Run.Calibration.Measured(
            r.statistic(),
            r.inverted(),
            r.topK(),
            r.drafters(),
            texts.add(lines),
            lines.size(),
            r.seed(),
            r.querySamples());
      }
    };
  }

  /** A shipped calibration with the hash of the parts that the policy needs. */
  private Run.Calibration hashed(PolicySpec policy, Run.Calibration calibration) {
    if (!(calibration instanceof Run.Calibration.Shipped)) {
      return calibration;
    }
    Set<String> needs = Policies.needs(policy);
    return new Run.Calibration.Shipped(model.shipped().map(d -> hash(d.only(needs))).orElse(null));
  }

  private static String hash(Calibration shipped) {
    String text = CalibrationFile.text(shipped.at(Instant.EPOCH));
    return Sha256.of(text.getBytes(StandardCharsets.UTF_8));
  }

  /** For each calibration those of its words that differ from those of others of its kind. */
  private static Map<Run.Calibration, String> toldApart(Map<Run.Calibration, List<String>> all) {
    Map<Run.Calibration, String> notes = new LinkedHashMap<>();
    all.forEach(
        (one, words) -> {
          List<String> telling = new ArrayList<>();
          for (int w = 0; w < words.size(); w++) {
            int place = w;
            boolean differs =
                all.keySet().stream()
                    .filter(other -> place == 0 || other.getClass() == one.getClass())
                    .anyMatch(other -> !all.get(other).get(place).equals(words.get(place)));
            if (differs && !words.get(place).isEmpty()) {
              telling.add(words.get(place));
            }
          }
          notes.put(one, telling.isEmpty() ? "" : " (" + String.join(", ", telling) + ")");
        });
    return notes;
  }

  /** Words for a calibration; those of one kind have the same places. */
  private static List<String> words(Run.Calibration calibration, ExperimentSpec.Prompts prompts) {
    if (calibration instanceof Run.Calibration.Measured m) {
      return List.of(
          m.statistic(),
          m.inverted() ? "inverted" : "",
          "K' " + m.topK(),
          m.drafters() == null ? "" : counted(m.drafters(), "drafter"),
          counted(m.prompts(), "prompt"),
          "from prompt " + (prompts.skip() == null ? 1 : prompts.skip() + 1),
          "seed " + m.seed(),
          m.querySamples() + " rows");
    }
    if (calibration instanceof Run.Calibration.Random r) {
      String drafters = r.drafters() == null ? "" : counted(r.drafters(), "drafter");
      return List.of("random roles", drafters, "seed " + r.seed());
    }
    return List.of("shipped roles");
  }

  private static String counted(int n, String noun) {
    return n + " " + noun + (n == 1 ? "" : "s");
  }
}
