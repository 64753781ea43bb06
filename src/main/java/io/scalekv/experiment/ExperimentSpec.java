package io.scalekv.experiment;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.scalekv.cache.Budget;
import io.scalekv.cache.CacheType;
import io.scalekv.cache.policy.Policies;
import io.scalekv.cache.policy.PolicySpec;
import io.scalekv.io.FileKind;
import io.scalekv.io.Json;
import io.scalekv.io.JsonSchema;
import io.scalekv.io.Require;
import io.scalekv.model.DrawingOption;
import io.scalekv.model.ModelChoice;
import io.scalekv.profile.LayerStatistic;
import io.scalekv.profile.TopKeys;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import tools.jackson.databind.EnumNamingStrategies.KebabCaseStrategy;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.annotation.EnumNaming;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * Specification of an experiment, written in YAML; {@value #SCHEMA} documents every key and its
 * default. The small version and another model are applied to the tree before it is bound, and
 * every row is multiplied out.
 *
 * @param name folder of the results
 * @param title for reports; the name where there is none
 * @param kind what is measured
 * @param quick whether it is the small version
 * @param model the model
 * @param dtype {@code fp32} or {@code bf16}
 * @param prompts which prompts; null for memory, and where classes are drawn
 * @param classes which classes; null for prompts
 * @param seed of the first image of each prompt
 * @param seeds images per prompt
 * @param batch images drawn together
 * @param generation sampling and size
 * @param features net behind feature distances
 * @param metrics names of metrics where a row has none
 * @param rows groups of runs
 * @param baselines floor and rulers
 * @param repeats timed generations
 */
public record ExperimentSpec(
    String name,
    String title,
    Kind kind,
    boolean quick,
    ModelChoice model,
    String dtype,
    Prompts prompts,
    List<Integer> classes,
    long seed,
    int seeds,
    int batch,
    Generation generation,
    Features features,
    List<String> metrics,
    List<Row> rows,
    List<Baseline> baselines,
    int repeats) {
  /** The schema, a resource beside this class. */
  public static final String SCHEMA = "experiment-1.schema.json";

  private static final String NONE = "none";

  /** What an experiment measures. */
  @EnumNaming(KebabCaseStrategy.class)
  public enum Kind {
    /** Images against those of the full cache. */
    FIDELITY,
    /** Bytes by formula. */
    MEMORY,
    /** Times. */
    LATENCY,
    /** Shares of the full cache's attention. */
    ATTENTION
  }

  /** Net behind feature distances. */
  @EnumNaming(KebabCaseStrategy.class)
  public enum Features {
    /** The encoder of the model's own tokenizer. */
    VAE,
    /** Three random nets. */
    RANDOM
  }

  /** Rows that show the size of known differences. */
  @EnumNaming(KebabCaseStrategy.class)
  public enum Baseline {
    /** The same seed again: no difference. */
    REPEAT,
    /** Another seed of the same caption. */
    OTHER_SEED,
    /** Known distortions. */
    LADDER
  }

  /** Prompts of a file: those after {@code skip}, at most {@code limit}; null for all. */
  public record Prompts(String file, Integer limit, Integer skip) {}

  /**
   * Sampling and size; null for the model's own.
   *
   * @param cfg guidance, one number or one a scale
   * @param tau temperature, one number or one a scale
   */
  public record Generation(
      List<Double> cfg,
      List<Double> tau,
      Integer topK,
      Double topP,
      Boolean moreSmooth,
      String size,
      double aspect,
      String negative) {
    /** Returns the given options that not every family has. */
    List<DrawingOption> given() {
      Map<DrawingOption, Object> all = new LinkedHashMap<>();
      all.put(DrawingOption.TAU, tau);
      all.put(DrawingOption.TOP_K, topK);
      all.put(DrawingOption.MORE_SMOOTH, moreSmooth);
      all.put(DrawingOption.SIZE, size);
      all.put(DrawingOption.NEGATIVE, negative);
      return all.keySet().stream().filter(option -> all.get(option) != null).toList();
    }
  }

  /**
   * A group of runs.
   *
   * @param name null for a numbered group
   * @param settings the cross product of its lists
   */
  public record Row(String name, List<Setting> settings) {}

  /**
   * One setting of a row; null parts are those of the experiment.
   *
   * @param split budget of the unconditional branch, or null for the same
   * @param cfgUntil number of scales with guidance; null for all
   */
  public record Setting(
      PolicySpec policy,
      Budget budget,
      @JsonProperty("cfgBudgetSplit") Budget split,
      CacheType keyType,
      CacheType valueType,
      Integer cfgUntil,
      Recipe calibration,
      List<String> metrics,
      String size,
      Integer batch) {}

  /** Source of roles. */
  @EnumNaming(KebabCaseStrategy.class)
  public enum Source {
    /** Shipped with the model. */
    SHIPPED,
    /** Measured for the run. */
    MEASURED,
    /** Drawn at random. */
    RANDOM
  }

  /** How roles come about; drafters null for the default number. */
  public record Recipe(
      Source roles,
      String statistic,
      boolean inverted,
      String topK,
      Integer drafters,
      Prompts prompts,
      long seed,
      String querySamples) {}

  private static final JsonSchema RULES = JsonSchema.of(ExperimentSpec.class, SCHEMA);

  private static final List<String> ROW_ORDER =
      List.of(
          "name",
          "metrics",
          "size",
          "batch",
          "policy",
          "budget",
          "cfgBudgetSplit",
          "keyType",
          "valueType",
          "cfgUntil",
          "calibration");
  private static final List<String> RECIPE_ORDER =
      List.of(
          "roles", "prompts", "statistic", "inverted", "topK", "drafters", "seed", "querySamples");

  /**
   * Reads a file.
   *
   * @param quick whether to take the small version
   * @param other model in place of the experiment's, or null
   * @throws IllegalArgumentException with one line that names place and value
   */
  public static ExperimentSpec read(Path file, boolean quick, ModelChoice other) {
    return parse(Json.text(file), file.toString(), quick, other);
  }

  /** Reads a file without applying its small version. */
  public static ExperimentSpec read(Path file) {
    return read(file, false, null);
  }

  /** Reads an experiment from text; {@code name} stands for the file in messages. */
  public static ExperimentSpec parse(String text, String name, boolean quick, ModelChoice other) {
    ObjectNode tree = (ObjectNode) Json.parseYaml(text, name);
    FileKind.EXPERIMENT.check(tree, name);
    objects(tree);
    RULES.complete(tree);
    RULES.check(tree, name);
    check(tree, name);
    ObjectNode small = (ObjectNode) tree.remove("quick");
    if (quick && small != null) {
      small(tree, small);
    }
    tree.put("quick", quick);
    if (other != null) {
      tree.set("model", Json.MAPPER.valueToTree(other));
    }
    if (!tree.has("title")) {
      tree.set("title", tree.get("name"));
    }
    for (JsonNode row : tree.get("rows")) {
      multiply((ObjectNode) row, tree.get("dtype"));
    }
    return Json.bindOptional(tree, ExperimentSpec.class, name);
  }

  /** Names of models and of shipped calibrations stand for objects. */
  private static void objects(ObjectNode tree) {
    if (tree.path("model").isString()) {
      JsonNode name = tree.get("model");
      tree.putObject("model").set("name", name);
    }
    for (JsonNode row : list(tree, "rows")) {
      if (row instanceof ObjectNode object) {
        ArrayNode recipes = list(object, "calibration");
        for (int i = 0; i < recipes.size(); i++) {
          if (recipes.get(i).isString()) {
            recipes.set(i, JsonNodeFactory.instance.objectNode().set("roles", recipes.get(i)));
          }
        }
      }
    }
  }

  /** The list of a key; one value becomes a list of one. */
  private static ArrayNode list(ObjectNode node, String key) {
    JsonNode value = node.get(key);
    if (value == null) {
      return JsonNodeFactory.instance.arrayNode();
    }
    ArrayNode list =
        value instanceof ArrayNode array ? array : JsonNodeFactory.instance.arrayNode().add(value);
    node.set(key, list);
    return list;
  }

  /** Applies the small version. */
  private static void small(ObjectNode tree, ObjectNode small) {
    for (String key : List.of("seeds", "batch", "repeats")) {
      if (small.has(key)) {
        tree.set(key, small.get(key));
      }
    }
    if (tree.get("prompts") instanceof ObjectNode prompts && small.has("limit")) {
      int most = small.get("limit").intValue();
      prompts.put("limit", Math.min(prompts.path("limit").asInt(most), most));
    }
    if (tree.get("classes") instanceof ArrayNode classes && small.has("limit")) {
      while (classes.size() > small.get("limit").intValue()) {
        classes.remove(classes.size() - 1);
      }
    }
    for (JsonNode row : tree.get("rows")) {
      for (JsonNode recipe : row.get("calibration")) {
        if (recipe.get("prompts") instanceof ObjectNode prompts && small.has("calibrationLimit")) {
          int most = small.get("calibrationLimit").intValue();
          Set<Integer> limits = new LinkedHashSet<>();
          list(prompts, "limit").forEach(n -> limits.add(Math.min(n.intValue(), most)));
          ArrayNode few = prompts.putArray("limit");
          (limits.isEmpty() ? Set.of(most) : limits).forEach(few::add);
        }
      }
      if (row.has("size") && small.has("size")) {
        ArrayNode sizes = JsonNodeFactory.instance.arrayNode();
        Set<JsonNode> own = row.get("size").valueStream().collect(Collectors.toSet());
        small.get("size").valueStream().filter(own::contains).forEach(sizes::add);
        ((ObjectNode) row).set("size", sizes);
      }
    }
  }

  /** Replaces the lists of a row by {@code settings}, their cross product. */
  private static void multiply(ObjectNode row, JsonNode dtype) {
    if (!row.has("valueType")) {
      row.set("valueType", JsonNodeFactory.instance.arrayNode().add(dtype));
    }
    ArrayNode recipes = JsonNodeFactory.instance.arrayNode();
    for (JsonNode recipe : row.get("calibration")) {
      product(ordered((ObjectNode) recipe, RECIPE_ORDER), Set.of()).forEach(recipes::add);
    }
    row.set("calibration", recipes);
    ArrayNode settings = JsonNodeFactory.instance.arrayNode();
    for (ObjectNode setting : product(ordered(row, ROW_ORDER), Set.of("metrics", "calibration"))) {
      for (JsonNode recipe : recipes) {
        ObjectNode one = setting.deepCopy();
        one.remove("name");
        one.set("calibration", recipe);
        for (String key : List.of("cfgBudgetSplit", "cfgUntil")) {
          if (one.path(key).asString("").equals(NONE)) {
            one.putNull(key);
          }
        }
        settings.add(one);
      }
    }
    JsonNode name = row.get("name");
    row.removeAll();
    row.set("name", name);
    row.set("settings", settings);
  }

  private static ObjectNode ordered(ObjectNode node, List<String> keys) {
    ObjectNode ordered = JsonNodeFactory.instance.objectNode();
    keys.stream().filter(node::has).forEach(k -> ordered.set(k, node.get(k)));
    return ordered;
  }

  /**
   * The cross product of all lists in a tree, the last key changing fastest.
   *
   * @param whole keys whose lists are values
   */
  private static List<ObjectNode> product(ObjectNode node, Set<String> whole) {
    List<ObjectNode> all = List.of(JsonNodeFactory.instance.objectNode());
    for (Map.Entry<String, JsonNode> part : node.properties()) {
      List<JsonNode> options = new ArrayList<>();
      if (part.getValue() instanceof ArrayNode list && !whole.contains(part.getKey())) {
        list.forEach(options::add);
      } else if (part.getValue() instanceof ObjectNode object) {
        options.addAll(product(object, whole));
      } else {
        options.add(part.getValue());
      }
      List<ObjectNode> more = new ArrayList<>();
      for (ObjectNode before : all) {
        for (JsonNode option : options) {
          ObjectNode next = before.deepCopy();
          next.set(part.getKey(), option);
          more.add(next);
        }
      }
      all = more;
    }
    return all;
  }

  /** Checks what the schema cannot express. */
  private static void check(ObjectNode tree, String file) {
    Kind kind = Json.MAPPER.treeToValue(tree.get("kind"), Kind.class);
    String named = tree.get("kind").stringValue();
    boolean fidelity = kind == Kind.FIDELITY;
    boolean attention = kind == Kind.ATTENTION;
    if ((kind == Kind.MEMORY) == (tree.has("prompts") || tree.has("classes"))) {
      throw Json.error(
          file,
          "/prompts",
          kind == Kind.MEMORY ? "none for memory" : "a value",
          kind == Kind.MEMORY ? "some" : "nothing");
    }
    if (!fidelity && !tree.get("baselines").isEmpty()) {
      throw Json.error(file, "/baselines", "none for " + named, "some");
    }
    if (tree.get("model").has("weights") && tree.get("model").has("randomWeights")) {
      throw Json.error(file, "/model", "weights or randomWeights", "both");
    }
    JsonNode cfg = tree.path("generation").path("cfg");
    boolean guided = cfg.isEmpty() || cfg.valueStream().anyMatch(v -> v.asDouble() != 1);
    JsonNode negative = tree.path("generation").path("negative");
    if (!guided && !negative.asString("").isEmpty()) {
      throw Json.error(file, "/generation/negative", "empty where cfg is 1", Json.show(negative));
    }
    each(file, "/metrics", tree.get("metrics"), Metrics::check);
    for (int r = 0; r < tree.get("rows").size(); r++) {
      String place = "/rows/" + r;
      JsonNode row = tree.get("rows").get(r);
      each(file, place + "/policy", row.get("policy"), p -> Policies.kind(PolicySpec.parse(p)));
      each(file, place + "/budget", row.get("budget"), Budget::parse);
      each(file, place + "/metrics", row.path("metrics"), Metrics::check);
      each(
          file,
          place + "/cfgBudgetSplit",
          row.get("cfgBudgetSplit"),
          b -> {
            if (!b.equals(NONE)) {
              Require.that(guided, "must be none where cfg is 1, got %s", b);
              Budget.parse(b);
            }
          });
      each(
          file,
          place + "/cfgUntil",
          row.get("cfgUntil"),
          k -> {
            Require.that(
                k.equals(NONE) || k.matches("[1-9][0-9]{0,3}"),
                "must be the last scale with guidance, from 1, or none, got %s",
                k);
            Require.that(
                k.equals(NONE) || guided && !attention,
                "must be none where cfg is 1 and for attention, got %s",
                k);
          });
      for (String key : List.of("size", "batch")) {
        if ((fidelity || attention) && row.has(key)) {
          throw Json.error(file, place + "/" + key, "none for " + named, "one");
        }
      }
      if (attention && row.has("metrics")) {
        throw Json.error(file, place + "/metrics", "none for attention", "some");
      }
      if (attention
          && !(row.get("policy").size() == 1
              && row.get("policy").get(0).asString().equals("full"))) {
        throw Json.error(
            file, place + "/policy", "full for attention", Json.show(row.get("policy")));
      }
      for (int c = 0; c < row.get("calibration").size(); c++) {
        checkRecipe(file, place + "/calibration/" + c, row.get("calibration").get(c));
      }
    }
  }

  private static void checkRecipe(String file, String place, JsonNode recipe) {
    each(file, place + "/statistic", recipe.get("statistic"), LayerStatistic::ofCliName);
    each(file, place + "/topK", recipe.get("topK"), TopKeys::parse);
    boolean measured = recipe.get("roles").asString().equals("measured");
    if (measured != recipe.has("prompts")) {
      throw Json.error(
          file,
          place + "/prompts",
          measured ? "a value" : "none where roles are " + recipe.get("roles").asString(),
          measured ? "nothing" : "one");
    }
    for (int i = 0; i < recipe.get("querySamples").size(); i++) {
      String rows = recipe.get("querySamples").get(i).asString();
      if (!rows.matches("all|[1-9][0-9]{0,8}")) {
        throw Json.error(file, place + "/querySamples/" + i, "a whole number or all", rows);
      }
    }
  }

  private static void each(String file, String place, JsonNode values, Consumer<String> read) {
    for (int i = 0; i < values.size(); i++) {
      try {
        read.accept(values.get(i).asString());
      } catch (IllegalArgumentException e) {
        throw new IllegalArgumentException(
            file + ": " + place + "/" + i + ": " + e.getMessage(), e);
      }
    }
  }

  /**
   * Finds a file that an experiment names: in the folder of the experiment's file or the nearest
   * folder above it, else below the working directory.
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
}
