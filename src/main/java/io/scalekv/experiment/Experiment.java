package io.scalekv.experiment;

import io.scalekv.cache.Budget;
import io.scalekv.cache.CacheType;
import io.scalekv.cache.Geometry;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.policy.Policies;
import io.scalekv.cache.policy.PolicyCalibration;
import io.scalekv.cache.policy.PolicyFactory;
import io.scalekv.cache.policy.PolicySpec;
import io.scalekv.io.Sha256;
import io.scalekv.metrics.InceptionFeatures;
import io.scalekv.metrics.Ladder;
import io.scalekv.metrics.Lpips;
import io.scalekv.metrics.Metric;
import io.scalekv.model.ModelConfig;
import io.scalekv.roles.Calibration;
import io.scalekv.roles.CalibrationFile;
import io.scalekv.scene.PromptFile;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * An experiment expanded into cells.
 *
 * @param spec what was asked, the small version already applied
 * @param quick whether it is the small version
 * @param cells in the order of the file; the same cell may stand in several places
 * @param prompts texts by hash
 * @param promptSha256 hash of the prompts that images are drawn from; null for memory
 */
public record Experiment(
    ExperimentSpec spec,
    boolean quick,
    List<Planned> cells,
    PromptTexts prompts,
    String promptSha256) {
  /** A cell in its place. */
  public record Planned(String group, String label, Cell cell) {
    /** The cell's id. */
    public String id() {
      return cell.id();
    }
  }

  /**
   * What is known of the model before it is loaded.
   *
   * @param config its configuration
   * @param weights hash of its weights; null for memory
   * @param tokenizer hash of its tokenizer's weights; null likewise
   * @param shipped the calibration that comes with it
   */
  public record ModelFacts(
      ModelConfig config, String weights, String tokenizer, Optional<Calibration> shipped) {}

  /** Copies the list. */
  public Experiment {
    cells = List.copyOf(cells);
  }

  /**
   * Expands an experiment.
   *
   * @param specFile where it was read from; files it names are found from there
   * @param quick whether to take the small version
   * @param model what is known of the model
   * @param nets hashes of the user's nets; their metrics are measured in every cell
   */
  public static Experiment expand(
      ExperimentSpec spec, Path specFile, boolean quick, ModelFacts model, UserNets.Facts nets) {
    return new Expansion(quick ? spec.small() : spec, specFile, quick, model, nets).expand();
  }

  /** Each different cell once, in the order of the file. */
  public List<Planned> distinct() {
    Map<String, Planned> byId = new LinkedHashMap<>();
    cells.forEach(c -> byId.putIfAbsent(c.id(), c));
    return List.copyOf(byId.values());
  }

  /** The file that a folder of results begins with. */
  public ExperimentFile file(String specText, String promptFile) {
    Optional<String> reference =
        cells.stream()
            .map(Planned::cell)
            .filter(CellRunner::isCompared)
            .findFirst()
            .map(c -> ReferenceKey.of(c).id());
    return new ExperimentFile(
        ExperimentFile.SCHEMA_VERSION,
        spec.name(),
        spec.title(),
        spec.kind(),
        spec.model(),
        quick,
        specText,
        Sha256.of(ExperimentSpec.utf8(specText)),
        promptFile,
        promptSha256,
        reference.orElse(null),
        cells.stream().map(c -> new ExperimentFile.Row(c.group(), c.label(), c.id())).toList(),
        prompts.all());
  }

  /** The work of expanding. */
  private static final class Expansion {
    private final ExperimentSpec spec;
    private final Path specFile;
    private final boolean quick;
    private final ModelFacts model;
    private final UserNets.Facts nets;
    private final PromptTexts texts = new PromptTexts();
    private final List<Planned> cells = new ArrayList<>();

    Expansion(
        ExperimentSpec spec, Path specFile, boolean quick, ModelFacts model, UserNets.Facts nets) {
      this.spec = spec;
      this.specFile = specFile;
      this.quick = quick;
      this.model = model;
      this.nets = nets;
    }

    Experiment expand() {
      String sha256 = null;
      Cell.Prompts prompts = null;
      if (!spec.kind().equals(ExperimentSpec.MEMORY)) {
        List<String> lines = lines(spec.prompts());
        sha256 = texts.add(lines);
        prompts = new Cell.Prompts(sha256, lines.size(), spec.seeds(), spec.seed());
      }
      for (int r = 0; r < spec.rows().size(); r++) {
        ExperimentSpec.Row row = spec.rows().get(r);
        add(row.name() == null ? "rows " + (r + 1) : row.name(), row, prompts);
      }
      for (String baseline : spec.baselines()) {
        baseline(baseline, prompts);
      }
      return new Experiment(spec, quick, cells, texts, sha256);
    }

    private List<String> lines(ExperimentSpec.Prompts p) {
      int skip = p.skip() == null ? 0 : p.skip();
      Integer last =
          p.limit() == null ? null : Integer.valueOf(Math.addExact(skip, p.limit().intValue()));
      List<String> all = lines(p.file(), last);
      if (skip >= all.size()) {
        throw new IllegalArgumentException(
            String.format(
                "%s: /prompts/skip: fewer than the %d prompts of %s expected, got %d",
                specFile, all.size(), p.file(), skip));
      }
      return all.subList(skip, all.size());
    }

    private List<String> lines(String file, Integer limit) {
      List<String> all = PromptFile.read(ExperimentSpec.resolve(file, specFile));
      return limit == null || limit >= all.size() ? all : all.subList(0, limit);
    }

    private void add(String group, ExperimentSpec.Row row, Cell.Prompts prompts) {
      List<Recipe> recipes = recipes(row);
      List<String> sizes = new ArrayList<>();
      if (row.size() == null) {
        sizes.add(spec.generation().size());
      } else {
        sizes.addAll(row.size());
      }
      List<Integer> batches = row.batch() == null ? List.of(spec.batch()) : row.batch();
      for (String size : sizes) {
        for (int batch : batches) {
          Cell.Generation generation = generation(size, batch);
          String suffix =
              (sizes.size() > 1 ? ", " + size : "")
                  + (batches.size() > 1 ? ", batch " + batch : "");
          for (String policy : row.policy()) {
            for (String budget : row.budget()) {
              for (String split : row.cfgBudgetSplit()) {
                for (String keys : row.keyType()) {
                  for (String values : row.valueType()) {
                    Cell.Policy p = policy(generation, policy, budget, split, keys, values);
                    for (Recipe recipe : recipes) {
                      add(group, row, generation, prompts, p, recipe, suffix);
                    }
                  }
                }
              }
            }
          }
        }
      }
    }

    private void add(
        String group,
        ExperimentSpec.Row row,
        Cell.Generation generation,
        Cell.Prompts prompts,
        Cell.Policy policy,
        Recipe recipe,
        String suffix) {
      boolean memory = spec.kind().equals(ExperimentSpec.MEMORY);
      boolean latency = spec.kind().equals(ExperimentSpec.LATENCY);
      boolean fidelity = spec.kind().equals(ExperimentSpec.FIDELITY);
      boolean calibrated = !memory && !Policies.needs(PolicySpec.parse(policy.name())).isEmpty();
      List<String> metrics =
          fidelity ? metrics(row.metrics() == null ? spec.metrics() : row.metrics()) : List.of();
      Cell cell =
          new Cell(
              kind(),
              modelOf(memory),
              generation,
              prompts,
              policy,
              calibrated ? forPolicy(policy, recipe.calibration()) : null,
              null,
              metrics,
              nets(metrics),
              latency ? spec.repeats() : null);
      boolean types = !memory || row.keyType().size() + row.valueType().size() > 2;
      String label = label(policy, types) + (calibrated ? recipe.label() : "") + suffix;
      Planned planned = new Planned(group, label, cell);
      // policies that ignore an axis give the same cell again
      if (cells.stream().noneMatch(c -> c.group().equals(group) && c.cell().equals(cell))) {
        cells.add(planned);
      }
    }

    private Cell.Kind kind() {
      return switch (spec.kind()) {
        case ExperimentSpec.MEMORY -> Cell.Kind.MEMORY;
        case ExperimentSpec.LATENCY -> Cell.Kind.LATENCY;
        case ExperimentSpec.ATTENTION -> Cell.Kind.ATTENTION;
        default -> Cell.Kind.POLICY;
      };
    }

    private void baseline(String name, Cell.Prompts prompts) {
      Cell.Generation generation = generation(spec.generation().size(), spec.batch());
      Cell.Policy full = policy(generation, "full", "100%", "none", "fp32", "fp32");
      switch (name) {
        case "repeat" ->
            baseline("same seed again", Cell.Kind.POLICY, generation, prompts, full, null);
        case "other-seed" ->
            baseline("other seed", Cell.Kind.OTHER_SEED, generation, prompts, full, null);
        default -> {
          for (Ladder rung : Ladder.values()) {
            baseline(rung.label(), Cell.Kind.DISTORTION, generation, prompts, full, rung.label());
          }
        }
      }
    }

    private void baseline(
        String label,
        Cell.Kind kind,
        Cell.Generation generation,
        Cell.Prompts prompts,
        Cell.Policy full,
        String distortion) {
      List<String> metrics = metrics(spec.metrics());
      Cell cell =
          new Cell(
              kind,
              modelOf(false),
              generation,
              prompts,
              full,
              null,
              distortion,
              metrics,
              nets(metrics),
              null);
      cells.add(new Planned("baselines", label, cell));
    }

    private Cell.Model modelOf(boolean memory) {
      return new Cell.Model(model.config().name(), memory ? null : model.weights(), spec.dtype());
    }

    private Cell.Generation generation(String size, int batch) {
      ExperimentSpec.Generation g = spec.generation();
      ScaleSchedule schedule = model.config().schedule(Optional.ofNullable(size), g.aspect());
      return new Cell.Generation(
          g.cfg(),
          g.tau(),
          g.topP(),
          g.negative(),
          schedule.maps().stream().map(Object::toString).toList(),
          g.aspect(),
          batch);
    }

    private Cell.Policy policy(
        Cell.Generation generation,
        String policy,
        String budget,
        String split,
        String keys,
        String values) {
      ScaleSchedule schedule = generation.maps();
      String name = PolicySpec.parse(policy).toString();
      if (name.equals("full")) {
        return new Cell.Policy(name, null, schedule.historyTokens(), null, null, keys, values);
      }
      PolicyFactory policies =
          new PolicyFactory(
              schedule,
              model
                  .config()
                  .geometry()
                  .memory(
                      CacheType.parse(keys),
                      CacheType.parse(values),
                      generation.branches(),
                      generation.batch()),
              b -> shipped(schedule, b),
              0);
      PolicySpec parsed = PolicySpec.parse(policy);
      Budget asked = Budget.parse(budget);
      if (split.equals("none") || generation.branches() == 1) {
        int tokens = policies.tokens(parsed, asked);
        return new Cell.Policy(name, budget, tokens, null, null, keys, values);
      }
      int fewer = policies.ofOneBranch().tokens(parsed, Budget.parse(split));
      int tokens =
          asked instanceof Budget.Bytes
              ? policies.tokens(parsed, asked, policies.create(parsed, fewer))
              : asked.tokens(schedule);
      return new Cell.Policy(name, budget, tokens, split, fewer, keys, values);
    }

    /** Calibration of the model, which decides on the tokens of a budget in bytes. */
    private PolicyCalibration shipped(ScaleSchedule schedule, int budget) {
      Geometry g = model.config().geometry();
      return model
          .shipped()
          .map(d -> d.forPolicies(schedule, g.layers(), g.heads(), budget))
          .orElse(PolicyCalibration.NONE);
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

    private Cell.Nets nets(List<String> metrics) {
      boolean features =
          Metrics.named(metrics).stream().anyMatch(m -> m.net() == Metric.Net.FEATURES);
      if (!features && nets.lpipsHash() == null && nets.inceptionHash() == null) {
        return null;
      }
      boolean vae = spec.features().equals("vae");
      return new Cell.Nets(
          features ? (vae ? EncoderFeatureNet.NAME : FeatureNets.RANDOM_NAME) : null,
          features ? (vae ? model.tokenizer() : FeatureNets.RANDOM_HASH) : null,
          nets.lpips(),
          nets.lpipsHash(),
          nets.lpipsRange(),
          nets.inceptionHash());
    }

    /** A calibration and what tells it from the others of its group. */
    private record Recipe(Cell.Calibration calibration, String label) {}

    private List<Recipe> recipes(ExperimentSpec.Row row) {
      List<Cell.Calibration> all = new ArrayList<>();
      row.calibration().forEach(c -> all.addAll(calibrations(c)));
      List<List<String>> words = all.stream().map(Expansion::words).toList();
      List<Recipe> recipes = new ArrayList<>();
      for (int i = 0; i < all.size(); i++) {
        List<String> telling = new ArrayList<>();
        for (int w = 0; w < words.get(i).size(); w++) {
          if (tells(all, words, i, w)) {
            telling.add(words.get(i).get(w));
          }
        }
        String label = telling.isEmpty() ? "" : " (" + String.join(", ", telling) + ")";
        recipes.add(new Recipe(all.get(i), label));
      }
      return recipes;
    }

    /** Whether a word differs from that of another calibration of the same source. */
    private static boolean tells(
        List<Cell.Calibration> all, List<List<String>> words, int i, int w) {
      String word = words.get(i).get(w);
      for (int j = 0; j < all.size(); j++) {
        boolean comparable = w == 0 || all.get(j).source().equals(all.get(i).source());
        if (comparable && !word.isEmpty() && !words.get(j).get(w).equals(word)) {
          return true;
        }
      }
      return false;
    }

    private List<Cell.Calibration> calibrations(ExperimentSpec.Calibration c) {
      List<Cell.Calibration> all = new ArrayList<>();
      List<Integer> drafters = new ArrayList<>();
      if (c.drafters() == null) {
        drafters.add(null);
      } else {
        drafters.addAll(c.drafters());
      }
      if (c.roles().equals(Cell.Calibration.SHIPPED)) {
        all.add(
            new Cell.Calibration(c.roles(), null, null, false, null, null, null, null, null, null));
        return all;
      }
      if (c.roles().equals(Cell.Calibration.RANDOM)) {
        for (Integer n : drafters) {
          for (long seed : c.seed()) {
            all.add(
                new Cell.Calibration(
                    c.roles(), null, null, false, null, n, null, null, seed, null));
          }
        }
        return all;
      }
      List<Integer> limits = new ArrayList<>();
      if (c.prompts().limit() == null) {
        limits.add(null);
      } else {
        limits.addAll(c.prompts().limit());
      }
      for (Integer limit : limits) {
        List<String> lines = lines(c.prompts().file(), limit);
        String sha256 = texts.add(lines);
        for (String metric : c.metric()) {
          for (boolean inverted : c.inverted()) {
            for (String topK : c.topK()) {
              for (Integer n : drafters) {
                for (long seed : c.seed()) {
                  for (String rows : c.querySamples()) {
                    all.add(
                        new Cell.Calibration(
                            c.roles(),
                            null,
                            metric,
                            inverted,
                            topK,
                            n,
                            sha256,
                            lines.size(),
                            seed,
                            rows));
                  }
                }
              }
            }
          }
        }
      }
      return all;
    }

    /** Returns a calibration with the hash of the shipped parts that the policy needs. */
    private Cell.Calibration forPolicy(Cell.Policy policy, Cell.Calibration c) {
      if (!c.source().equals(Cell.Calibration.SHIPPED)) {
        return c;
      }
      Set<String> needs = Policies.needs(PolicySpec.parse(policy.name()));
      String hash = model.shipped().map(d -> hash(d.only(needs))).orElse(null);
      return new Cell.Calibration(
          c.source(), hash, null, false, null, null, null, null, null, null);
    }

    private static String hash(Calibration shipped) {
      return Sha256.of(ExperimentSpec.utf8(CalibrationFile.text(shipped.at(Instant.EPOCH))));
    }

    /** What can tell one calibration from another; always the same parts in the same order. */
    private static List<String> words(Cell.Calibration c) {
      return List.of(
          c.metric() == null ? c.source() + " roles" : c.metric(),
          c.inverted() ? "inverted" : "",
          c.topK() == null ? "" : "K' " + c.topK(),
          c.drafters() == null ? "" : c.drafters() + (c.drafters() == 1 ? " drafter" : " drafters"),
          c.prompts() == null ? "" : c.prompts() + (c.prompts() == 1 ? " prompt" : " prompts"),
          c.seed() == null ? "" : "seed " + c.seed(),
          c.querySamples() == null ? "" : c.querySamples() + " rows");
    }

    private static String label(Cell.Policy p, boolean types) {
      StringBuilder label = new StringBuilder(Policies.label(PolicySpec.parse(p.name())));
      if (p.budget() != null) {
        label.append(" at ").append(p.budget());
      }
      if (p.unconditionalBudget() != null) {
        label.append(" and ").append(p.unconditionalBudget());
      }
      if (types && !(p.keyType().equals("fp32") && p.valueType().equals("fp32"))) {
        label.append(", keys ").append(p.keyType()).append(", values ").append(p.valueType());
      }
      return label.toString();
    }
  }
}
