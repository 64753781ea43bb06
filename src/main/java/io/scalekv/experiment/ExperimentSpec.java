package io.scalekv.experiment;

import io.scalekv.cache.Budget;
import io.scalekv.cache.policy.Policies;
import io.scalekv.cache.policy.PolicySpec;
import io.scalekv.io.Json;
import io.scalekv.io.JsonSchema;
import io.scalekv.model.ModelChoice;
import io.scalekv.profile.LayerStatistic;
import io.scalekv.profile.TopKeys;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * An experiment as it is written in YAML; see {@value #SCHEMA} for the meaning of every key. What
 * was left out has its default here.
 *
 * @param name folder of the results
 * @param title for reports; the name where there is none
 * @param kind {@code fidelity}, {@code memory}, {@code latency} or {@code attention}
 * @param model the model
 * @param dtype {@code fp32} or {@code bf16}
 * @param prompts which prompts; null for memory
 * @param seed of the first image of each prompt
 * @param seeds images per prompt
 * @param batch images drawn together
 * @param generation how images are drawn
 * @param features {@code vae} or {@code random}
 * @param metrics what is measured where a row does not say
 * @param rows groups of cells
 * @param baselines any of {@code repeat}, {@code other-seed}, {@code ladder}
 * @param repeats timed generations
 * @param quick what the small version changes
 */
public record ExperimentSpec(
    String name,
    String title,
    String kind,
    ModelChoice model,
    String dtype,
    Prompts prompts,
    Long seed,
    Integer seeds,
    Integer batch,
    Generation generation,
    String features,
    List<String> metrics,
    List<Row> rows,
    List<String> baselines,
    Integer repeats,
    Quick quick) {
  /** The schema, a resource beside this class. */
  public static final String SCHEMA = "experiment-1.schema.json";

  /** Images against those of the full cache. */
  public static final String FIDELITY = "fidelity";

  /** Bytes by formula. */
  public static final String MEMORY = "memory";

  /** Times. */
  public static final String LATENCY = "latency";

  /** Where the full cache's attention goes. */
  public static final String ATTENTION = "attention";

  private static final Set<String> ROW_LISTS =
      Set.of(
          "policy",
          "budget",
          "cfgBudgetSplit",
          "keyType",
          "valueType",
          "calibration",
          "metrics",
          "size",
          "batch");
  private static final Set<String> CALIBRATION_LISTS =
      Set.of("metric", "inverted", "topK", "drafters", "seed", "querySamples");

  /** Prompts of a file, all or the first so many after those that are left out. */
  public record Prompts(String file, Integer limit, Integer skip) {}

  /** How images are drawn; null for the default. */
  public record Generation(
      Double cfg, Double tau, Double topP, String size, Double aspect, String negative) {
    private static final Generation NONE = new Generation(null, null, null, null, null, null);

    /** Fills in the defaults of the command line. */
    public Generation {
      cfg = cfg == null ? 3 : cfg;
      tau = tau == null ? 1 : tau;
      topP = topP == null ? 0.97 : topP;
      aspect = aspect == null ? 1 : aspect;
      negative = negative == null ? "" : negative;
    }
  }

  /** A group of cells: the cross product of its lists, in the order of the components. */
  public record Row(
      String name,
      List<String> policy,
      List<String> budget,
      List<String> cfgBudgetSplit,
      List<String> keyType,
      List<String> valueType,
      List<Calibration> calibration,
      List<String> metrics,
      List<String> size,
      List<Integer> batch) {
    /**
     * Fills in the defaults; metrics, size and batch stay null where not given, and so does
     * valueType until the experiment's dtype is known.
     */
    public Row {
      budget = budget == null ? List.of("10%") : budget;
      cfgBudgetSplit = cfgBudgetSplit == null ? List.of("none") : cfgBudgetSplit;
      keyType = keyType == null ? List.of("fp32") : keyType;
      calibration = calibration == null ? List.of(Calibration.SHIPPED) : calibration;
    }

    /** The same with values stored as they are computed where no format is given. */
    private Row withValueType(String dtype) {
      return valueType != null
          ? this
          : new Row(
              name,
              policy,
              budget,
              cfgBudgetSplit,
              keyType,
              List.of(dtype),
              calibration,
              metrics,
              size,
              batch);
    }
  }

  /** Where roles come from: the cross product of its lists. */
  public record Calibration(
      String roles,
      List<String> metric,
      List<Boolean> inverted,
      List<String> topK,
      List<Integer> drafters,
      CalibrationPrompts prompts,
      List<Long> seed,
      List<String> querySamples) {
    private static final Calibration SHIPPED =
        new Calibration(Cell.Calibration.SHIPPED, null, null, null, null, null, null, null);

    /** Fills in the defaults; drafters stay null where not given. */
    public Calibration {
      metric = metric == null ? List.of(LayerStatistic.ASI.cliName()) : metric;
      inverted = inverted == null ? List.of(false) : inverted;
      topK = topK == null ? List.of("5%") : topK;
      seed = seed == null ? List.of(0L) : seed;
      querySamples = querySamples == null ? List.of("64") : querySamples;
    }
  }

  /** Calibration prompts of a file; null for all of them. */
  public record CalibrationPrompts(String file, List<Integer> limit) {}

  /** What the small version changes; null for nothing. */
  public record Quick(
      Integer limit,
      Integer seeds,
      Integer batch,
      Integer calibrationLimit,
      Integer repeats,
      List<String> size) {
    private static final Quick NOTHING = new Quick(null, null, null, null, null, null);
  }

  /** Fills in the defaults. */
  public ExperimentSpec {
    title = title == null ? name : title;
    kind = kind == null ? FIDELITY : kind;
    dtype = dtype == null ? "fp32" : dtype;
    seed = seed == null ? 0L : seed;
    seeds = seeds == null ? 1 : seeds;
    batch = batch == null ? 8 : batch;
    generation = generation == null ? Generation.NONE : generation;
    features = features == null ? "vae" : features;
    metrics = metrics == null ? Metrics.DEFAULTS : List.copyOf(metrics);
    String computed = dtype;
    rows = rows.stream().map(r -> r.withValueType(computed)).toList();
    baselines = baselines == null ? List.of() : List.copyOf(baselines);
    repeats = repeats == null ? 5 : repeats;
    quick = quick == null ? Quick.NOTHING : quick;
  }

  /** Built on first use. */
  private static final class Loaded {
    static final JsonSchema SCHEMA = JsonSchema.of(ExperimentSpec.class, ExperimentSpec.SCHEMA);
  }

  /**
   * Reads a file.
   *
   * @throws IllegalArgumentException with one line that names the place and what was expected
   */
  public static ExperimentSpec read(Path file) throws IOException {
    return parse(Json.text(file), file.toString());
  }

  /** Reads an experiment from text; {@code name} stands for the file in messages. */
  public static ExperimentSpec parse(String text, String name) {
    JsonNode tree = Json.parseYaml(text, name);
    listsOfOne((ObjectNode) tree);
    Loaded.SCHEMA.check(tree, name);
    ExperimentSpec spec = Json.bindOptional(tree, ExperimentSpec.class, name);
    spec.check(name);
    return spec;
  }

  /** Turns single values into lists of one, numbers among texts into texts. */
  private static void listsOfOne(ObjectNode tree) {
    if (tree.path("model").isString()) {
      String model = tree.get("model").stringValue();
      tree.putObject("model").put("name", model);
    }
    wrap(tree, "metrics");
    wrap(tree, "baselines");
    wrap(tree, "rows");
    if (tree.get("quick") instanceof ObjectNode quick) {
      wrap(quick, "size");
    }
    each(
        tree.get("rows"),
        row -> {
          ROW_LISTS.forEach(key -> wrap(row, key));
          ArrayNode recipes = row.get("calibration") instanceof ArrayNode a ? a : null;
          for (int i = 0; recipes != null && i < recipes.size(); i++) {
            if (recipes.get(i).isString()) {
              recipes.set(i, JsonNodeFactory.instance.objectNode().set("roles", recipes.get(i)));
            }
          }
          each(
              recipes,
              recipe -> {
                if (!recipe.has("roles")) {
                  recipe.put("roles", Cell.Calibration.MEASURED);
                }
                CALIBRATION_LISTS.forEach(key -> wrap(recipe, key));
                texts(recipe, "topK");
                texts(recipe, "querySamples");
                if (recipe.get("prompts") instanceof ObjectNode prompts) {
                  wrap(prompts, "limit");
                }
              });
        });
  }

  private static void each(JsonNode array, Consumer<ObjectNode> action) {
    if (array != null && array.isArray()) {
      for (JsonNode element : array) {
        if (element instanceof ObjectNode object) {
          action.accept(object);
        }
      }
    }
  }

  private static void wrap(ObjectNode node, String key) {
    JsonNode value = node.get(key);
    if (value != null && !value.isArray()) {
      node.set(key, JsonNodeFactory.instance.arrayNode().add(value));
    }
  }

  private static void texts(ObjectNode node, String key) {
    if (node.get(key) instanceof ArrayNode values) {
      for (int i = 0; i < values.size(); i++) {
        if (values.get(i).isIntegralNumber()) {
          values.set(i, values.get(i).asString());
        }
      }
    }
  }

  /** What the schema cannot say. */
  private void check(String file) {
    boolean images = kind.equals(FIDELITY);
    each(file, "/metrics", metrics, Metrics::check);
    if (kind.equals(MEMORY) != (prompts == null)) {
      String got = prompts == null ? "nothing" : "some";
      throw Json.error(file, "/prompts", prompts == null ? "a value" : "none for memory", got);
    }
    if (!images && !baselines.isEmpty()) {
      throw Json.error(file, "/baselines", "none for " + kind, "some");
    }
    if (model.weights() != null && model.randomWeights() != null) {
      throw Json.error(file, "/model", "weights or randomWeights", "both");
    }
    for (int r = 0; r < rows.size(); r++) {
      String place = "/rows/" + r;
      Row row = rows.get(r);
      each(file, place + "/policy", row.policy(), PolicySpec::parse);
      if (row.metrics() != null) {
        each(file, place + "/metrics", row.metrics(), Metrics::check);
      }
      each(file, place + "/budget", row.budget(), Budget::parse);
      each(
          file,
          place + "/cfgBudgetSplit",
          row.cfgBudgetSplit(),
          b -> {
            if (!b.equals("none")) {
              Budget.parse(b);
            }
          });
      boolean attention = kind.equals(ATTENTION);
      if ((images || attention) && (row.size() != null || row.batch() != null)) {
        String key = row.size() != null ? "/size" : "/batch";
        throw Json.error(file, place + key, "none for " + kind, "one");
      }
      if (attention && !row.policy().equals(List.of("full"))) {
        throw Json.error(
            file, place + "/policy", "full for attention", String.join(", ", row.policy()));
      }
      if (attention && row.metrics() != null) {
        throw Json.error(file, place + "/metrics", "none for attention", "some");
      }
      for (int c = 0; c < row.calibration().size(); c++) {
        check(file, place + "/calibration/" + c, row.calibration().get(c));
      }
    }
  }

  private static void check(String file, String place, Calibration recipe) {
    each(file, place + "/metric", recipe.metric(), LayerStatistic::ofCliName);
    each(file, place + "/topK", recipe.topK(), TopKeys::parse);
    boolean measured = recipe.roles().equals(Cell.Calibration.MEASURED);
    if (measured != (recipe.prompts() != null)) {
      throw Json.error(
          file,
          place + "/prompts",
          measured ? "a value" : "none where roles are " + recipe.roles(),
          measured ? "nothing" : "one");
    }
    for (int i = 0; i < recipe.querySamples().size(); i++) {
      String rows = recipe.querySamples().get(i);
      if (!rows.matches("all|[1-9][0-9]{0,8}")) {
        throw Json.error(file, place + "/querySamples/" + i, "a whole number or all", rows);
      }
    }
  }

  private static void each(String file, String place, List<String> values, Consumer<String> read) {
    for (int i = 0; i < values.size(); i++) {
      try {
        read.accept(values.get(i));
      } catch (IllegalArgumentException e) {
        throw new IllegalArgumentException(
            file + ": " + place + "/" + i + ": " + e.getMessage(), e);
      }
    }
  }

  /** Checks that every policy exists. */
  public void checkPolicies(String file) {
    for (int r = 0; r < rows.size(); r++) {
      each(
          file,
          "/rows/" + r + "/policy",
          rows.get(r).policy(),
          p -> Policies.kind(PolicySpec.parse(p).name()));
    }
  }

  /** The small version. */
  public ExperimentSpec small() {
    Prompts few =
        prompts == null || quick.limit() == null
            ? prompts
            : new Prompts(
                prompts.file(),
                prompts.limit() == null
                    ? quick.limit()
                    : Integer.valueOf(Math.min(prompts.limit(), quick.limit())),
                prompts.skip());
    return new ExperimentSpec(
        name,
        title,
        kind,
        model,
        dtype,
        few,
        seed,
        quick.seeds() == null ? seeds : quick.seeds(),
        quick.batch() == null ? batch : quick.batch(),
        generation,
        features,
        metrics,
        rows.stream().map(this::small).toList(),
        baselines,
        quick.repeats() == null ? repeats : quick.repeats(),
        quick);
  }

  private Row small(Row r) {
    return new Row(
        r.name(),
        r.policy(),
        r.budget(),
        r.cfgBudgetSplit(),
        r.keyType(),
        r.valueType(),
        r.calibration().stream().map(c -> small(c, quick.calibrationLimit())).toList(),
        r.metrics(),
        quick.size() == null || r.size() == null
            ? r.size()
            : r.size().stream().filter(quick.size()::contains).toList(),
        r.batch());
  }

  private static Calibration small(Calibration c, Integer limit) {
    if (c.prompts() == null || limit == null) {
      return c;
    }
    List<Integer> limits =
        c.prompts().limit() == null
            ? List.of(limit)
            : c.prompts().limit().stream().map(n -> Math.min(n, limit)).distinct().toList();
    return new Calibration(
        c.roles(),
        c.metric(),
        c.inverted(),
        c.topK(),
        c.drafters(),
        new CalibrationPrompts(c.prompts().file(), limits),
        c.seed(),
        c.querySamples());
  }

  /** The same on another model. */
  public ExperimentSpec on(ModelChoice other) {
    return new ExperimentSpec(
        name,
        title,
        kind,
        other,
        dtype,
        prompts,
        seed,
        seeds,
        batch,
        generation,
        features,
        metrics,
        rows,
        baselines,
        repeats,
        quick);
  }

  /**
   * Where a file that an experiment names is: in the folder of the experiment's file or the nearest
   * folder above it, or below the working directory.
   */
  public static Path resolve(String name, Path specFile) {
    Path direct = Path.of(name);
    if (direct.isAbsolute()) {
      return direct;
    }
    for (Path folder = specFile.toAbsolutePath().normalize().getParent();
        folder != null;
        folder = folder.getParent()) {
      Path candidate = folder.resolve(name);
      if (Files.exists(candidate)) {
        return candidate;
      }
    }
    return direct;
  }

  static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
