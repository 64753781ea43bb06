package io.scalekv.roles;

import io.scalekv.cache.BudgetPlan;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.TokenMap;
import java.math.BigDecimal;
import java.math.MathContext;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.IntStream;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * A calibration as it is kept in {@code roles.json}: what each layer does at each scale, how many
 * tokens it may hold, and where that comes from. Layers and scales count from 0.
 *
 * <p>Files of version {@value #FIRST_SCHEMA_VERSION} say neither how roles were told by the metric
 * nor how sure they are. They keep their version, and so their bytes, when they are written again.
 *
 * @param schemaVersion {@value #SCHEMA_VERSION}, or {@value #FIRST_SCHEMA_VERSION} for older files
 * @param timestamp when it was made, ISO 8601 in UTC; the only part that differs between two runs
 * @param model the model that was calibrated
 * @param calibration how it was calibrated; null where roles come from elsewhere
 * @param metric what roles are told by
 * @param classification how roles were told by it; null where that is not known
 * @param budget what was asked for
 * @param pairs one entry per (layer, scale), by layer, then scale
 * @param software versions that made it
 * @param calibrations further calibrations by name, for policies that roles alone cannot carry
 */
public record RolesDocument(
    int schemaVersion,
    String timestamp,
    Model model,
    Calibration calibration,
    Metric metric,
    Classification classification,
    Request budget,
    List<Pair> pairs,
    Software software,
    ObjectNode calibrations) {
  /** Name of metric and allocation where roles come from a file of another kind. */
  public static final String IMPORTED = "imported";

  /** {@link Model#weights} where they are not known. */
  public static final String UNKNOWN_WEIGHTS = "unknown";

  /** Version of the schema that these records mirror. */
  public static final int SCHEMA_VERSION = 2;

  /** The version before there were classification and confidence; still read. */
  public static final int FIRST_SCHEMA_VERSION = 1;

  /** Sorts the pairs and checks everything that a schema cannot. */
  public RolesDocument {
    if (schemaVersion != SCHEMA_VERSION && schemaVersion != FIRST_SCHEMA_VERSION) {
      throw bad("/schemaVersion", FIRST_SCHEMA_VERSION + " or " + SCHEMA_VERSION, schemaVersion);
    }
    try {
      Instant.parse(timestamp);
    } catch (DateTimeException e) {
      throw bad("/timestamp", "a time such as 2025-01-31T12:00:00Z", timestamp);
    }
    checkPairs(pairs, model.layers(), model.schedule().size());
    pairs =
        pairs.stream()
            .sorted(Comparator.comparingInt(Pair::layer).thenComparingInt(Pair::scale))
            .toList();
    checkConfidence(schemaVersion, classification, pairs);
    long drafters = pairs.stream().filter(pair -> pair.role() == Role.DRAFTER).count();
    if (drafters != budget.drafters()) {
      throw bad("/budget/drafters", drafters + " as in /pairs", budget.drafters());
    }
    try {
      plan(model, budget, pairs);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("/pairs: " + e.getMessage(), e);
    }
    calibrations =
        calibrations == null
            ? JsonNodeFactory.instance.objectNode()
            : Calibrations.of(model, calibrations).toJson();
  }

  private static void checkPairs(List<Pair> pairs, int layers, int scales) {
    boolean[][] seen = new boolean[layers][scales];
    for (int i = 0; i < pairs.size(); i++) {
      Pair pair = pairs.get(i);
      if (pair.layer() < 0 || pair.layer() >= layers) {
        throw bad("/pairs/" + i + "/layer", "0.." + (layers - 1), pair.layer());
      }
      if (pair.scale() < 0 || pair.scale() >= scales) {
        throw bad("/pairs/" + i + "/scale", "0.." + (scales - 1), pair.scale());
      }
      if (seen[pair.layer()][pair.scale()]) {
        throw bad(
            "/pairs/" + i,
            "each pair once",
            "layer " + pair.layer() + " scale " + pair.scale() + " again");
      }
      seen[pair.layer()][pair.scale()] = true;
    }
    if (pairs.size() != layers * scales) {
      throw bad(
          "/pairs",
          layers * scales + " entries (" + layers + " layers x " + scales + " scales)",
          pairs.size());
    }
  }

  /** Every pair has a confidence where there was a bootstrap, and none where there was not. */
  private static void checkConfidence(
      int schemaVersion, Classification classification, List<Pair> pairs) {
    if (schemaVersion == FIRST_SCHEMA_VERSION && classification != null) {
      throw bad("/classification", "none in version " + schemaVersion, "one");
    }
    boolean drawn = classification != null && classification.bootstrap() != null;
    for (Pair pair : pairs) {
      if ((pair.confidence() != null) != drawn) {
        throw bad(
            "/pairs/" + pairs.indexOf(pair) + "/confidence",
            drawn ? "a number, as there was a bootstrap" : "null without a bootstrap",
            pair.confidence());
      }
    }
  }

  private static IllegalArgumentException bad(String pointer, Object expected, Object got) {
    return new IllegalArgumentException(pointer + ": expected " + expected + ", got " + got);
  }

  /**
   * Puts a calibration together.
   *
   * @param timestamp when it was made, kept to the second
   * @param classified metric, z-scores and roles of the model's L layers and K scales, and how they
   *     were found
   * @param bootstrap how sure the roles are; null for a single prompt or where it was not asked for
   * @param topK K' of the metric in words, such as {@code 5 % of the history}
   * @param request the budget as it was asked for
   * @param allocation how drafters and refiners share it
   * @param plan tokens per layer and scale
   * @param calibrations further calibrations by name; null for none
   */
  public static RolesDocument of(
      Instant timestamp,
      Model model,
      Calibration calibration,
      ClassifiedRoles classified,
      RoleBootstrap bootstrap,
      String topK,
      String request,
      String allocation,
      BudgetPlan plan,
      Software software,
      ObjectNode calibrations) {
    int layers = model.layers();
    int scales = model.schedule().size();
    LayerRoles roles = classified.roles();
    RoleAssignment assignment = roles.assignment();
    if (assignment.layers() != layers || assignment.scales() != scales) {
      throw bad(
          "/pairs",
          layers + " layers x " + scales + " scales",
          assignment.layers() + " x " + assignment.scales());
    }
    if (plan.layers() != layers || !plan.schedule().maps().equals(model.schedule())) {
      throw bad("/model/schedule", model.schedule() + " as in the budget plan", plan);
    }
    List<Pair> pairs =
        IntStream.range(0, layers * scales)
            .mapToObj(
                i -> {
                  int l = i / scales;
                  int k = i % scales;
                  Role role = assignment.role(l, k);
                  return new Pair(
                      l,
                      k,
                      orNull(roles.metric(l, k)),
                      orNull(roles.z(l, k)),
                      role,
                      bootstrap == null ? null : orNull(bootstrap.confidence(role, l, k)),
                      plan.tokens(k, l));
                })
            .toList();
    return new RolesDocument(
        SCHEMA_VERSION,
        timestamp.truncatedTo(ChronoUnit.SECONDS).toString(),
        model,
        calibration,
        new Metric(roles.metricName(), roles.orientation(), topK),
        new Classification(
            classified.classifier(),
            classified.settings(),
            classified.found(),
            bootstrap == null || bootstrap.prompts() < 2
                ? null
                : new Bootstrap(bootstrap.draws(), bootstrap.seed())),
        new Request(request, plan.budget(), allocation, assignment.drafters().size()),
        pairs,
        software,
        calibrations);
  }

  /**
   * Roles and budgets that come from a file of another kind: without metric, z-scores and
   * calibration.
   *
   * @param timestamp when they were read, kept to the second
   * @param roles roles of the model's L layers and K scales
   * @param plan tokens per layer and scale
   * @param software versions that read them
   */
  public static RolesDocument imported(
      Instant timestamp, Model model, RoleAssignment roles, BudgetPlan plan, Software software) {
    int scales = model.schedule().size();
    if (roles.layers() != model.layers() || roles.scales() != scales) {
      throw bad(
          "/pairs",
          model.layers() + " layers x " + scales + " scales",
          roles.layers() + " x " + roles.scales());
    }
    if (plan.layers() != model.layers() || !plan.schedule().maps().equals(model.schedule())) {
      throw bad("/model/schedule", model.schedule() + " as in the budget plan", plan);
    }
    List<Pair> pairs =
        IntStream.range(0, model.layers() * scales)
            .mapToObj(
                i -> {
                  int l = i / scales;
                  int k = i % scales;
                  return new Pair(l, k, null, null, roles.role(l, k), null, plan.tokens(k, l));
                })
            .toList();
    return new RolesDocument(
        SCHEMA_VERSION,
        timestamp.truncatedTo(ChronoUnit.SECONDS).toString(),
        model,
        null,
        new Metric(IMPORTED, Orientation.LOWEST, ""),
        null,
        new Request(plan.budget() + "t", plan.budget(), IMPORTED, roles.drafters().size()),
        pairs,
        software,
        null);
  }

  private static Double orNull(double value) {
    return Double.isNaN(value) ? null : value;
  }

  /** The same calibration made at another time. */
  public RolesDocument withTimestamp(Instant time) {
    return new RolesDocument(
        schemaVersion,
        time.truncatedTo(ChronoUnit.SECONDS).toString(),
        model,
        calibration,
        metric,
        classification,
        budget,
        pairs,
        software,
        calibrations);
  }

  /** The same with other calibrations. */
  public RolesDocument withCalibrations(Calibrations others) {
    return new RolesDocument(
        schemaVersion,
        timestamp,
        model,
        calibration,
        metric,
        classification,
        budget,
        pairs,
        software,
        others.toJson());
  }

  /** The token maps. */
  public ScaleSchedule schedule() {
    return new ScaleSchedule(model.schedule());
  }

  /** The pair of one layer and one scale, both 0-based. */
  public Pair pair(int layer, int scale) {
    return pairs.get(layer * model.schedule().size() + scale);
  }

  /** The roles. */
  public RoleAssignment assignment() {
    return RoleAssignment.of(
        model.layers(),
        model.schedule().size(),
        pairs.stream()
            .filter(pair -> pair.role() == Role.DRAFTER)
            .map(pair -> new LayerScale(pair.layer(), pair.scale()))
            .toList());
  }

  /** Tokens per layer and scale. */
  public BudgetPlan plan() {
    return plan(model, budget, pairs);
  }

  private static BudgetPlan plan(Model model, Request budget, List<Pair> pairs) {
    int[][] tokens = new int[model.schedule().size()][model.layers()];
    for (Pair pair : pairs) {
      tokens[pair.scale()][pair.layer()] = pair.budgetTokens();
    }
    return BudgetPlan.ofTokens(new ScaleSchedule(model.schedule()), budget.tokens(), tokens);
  }

  /** Confidence in the role of each pair [layer][scale], NaN where it is not known. */
  public double[][] confidenceTable() {
    return table(Pair::confidence);
  }

  /** z-scores [layer][scale], NaN where undefined. */
  public double[][] zTable() {
    return table(Pair::z);
  }

  /** The metric [layer][scale], NaN where undefined. */
  public double[][] metricTable() {
    return table(Pair::metric);
  }

  private double[][] table(Function<Pair, Double> column) {
    double[][] table = new double[model.layers()][model.schedule().size()];
    for (Pair pair : pairs) {
      Double value = column.apply(pair);
      table[pair.layer()][pair.scale()] = value == null ? Double.NaN : value;
    }
    return table;
  }

  /**
   * The model.
   *
   * @param name its name, such as {@code pocket}
   * @param weights {@code sha256:} and the hash of its weights, {@code random:} and a seed, or
   *     {@value #UNKNOWN_WEIGHTS}
   * @param layers number of layers L
   * @param heads number of heads H
   * @param schedule the K token maps
   */
  public record Model(String name, String weights, int layers, int heads, List<TokenMap> schedule) {
    /** Copies the list. */
    public Model {
      schedule = List.copyOf(schedule);
    }
  }

  /**
   * What the metric was measured on.
   *
   * @param promptFile name of the prompt file, without folders
   * @param promptSha256 SHA-256 of that file, hexadecimal
   * @param promptCount number of prompts
   * @param seed seed of the generation
   * @param cfg guidance strength
   * @param tau sampling temperature
   * @param topP nucleus of the sampling
   * @param querySamples queries looked at per map; null for all
   */
  public record Calibration(
      String promptFile,
      String promptSha256,
      int promptCount,
      long seed,
      double cfg,
      double tau,
      double topP,
      Integer querySamples) {}

  /**
   * What roles are told by.
   *
   * @param name such as {@code asi}
   * @param drafters the end of it where drafters are
   * @param topK K' in words
   */
  public record Metric(String name, Orientation drafters, String topK) {}

  /**
   * How roles were told.
   *
   * @param classifier its name, such as {@code rank}
   * @param settings what it was told, by name
   * @param found what it found on the way, by name
   * @param bootstrap where the confidence comes from; null for a single prompt
   */
  public record Classification(
      String classifier,
      SortedMap<String, String> settings,
      SortedMap<String, String> found,
      Bootstrap bootstrap) {
    /** Copies the maps. */
    public Classification {
      settings = Collections.unmodifiableSortedMap(new TreeMap<>(settings));
      found = Collections.unmodifiableSortedMap(new TreeMap<>(found));
    }
  }

  /**
   * A bootstrap over prompts, see {@link RoleBootstrap}.
   *
   * @param draws number of draws
   * @param seed of the draws
   */
  public record Bootstrap(int draws, long seed) {}

  /**
   * What was asked for.
   *
   * @param request the budget as it was typed, such as {@code 10%}
   * @param tokens mean tokens per layer and head that it means here
   * @param allocation {@code paper} or {@code released}
   * @param drafters N_d
   */
  public record Request(String request, int tokens, String allocation, int drafters) {}

  /**
   * One layer at one scale.
   *
   * @param layer 0-based layer
   * @param scale 0-based scale, the one that reads the cache
   * @param metric the metric, to nine significant digits; null where undefined
   * @param z its z-score over the layers of that scale, to nine significant digits; null likewise
   * @param role drafter or refiner
   * @param confidence bootstrap probability of that role, in [0, 1]; null where it is not known
   * @param budgetTokens tokens that the layer may hold, per head, when that scale reads its cache
   */
  public record Pair(
      int layer,
      int scale,
      Double metric,
      Double z,
      Role role,
      Double confidence,
      int budgetTokens) {
    private static final MathContext DIGITS = new MathContext(9);

    /** Rounds the numbers and checks that they are finite. */
    public Pair {
      if ((metric == null) != (z == null)) {
        throw new IllegalArgumentException(
            "expected metric and z both or neither, got " + metric + " and " + z);
      }
      metric = rounded("metric", metric);
      z = rounded("z", z);
    }

    private static Double rounded(String name, Double value) {
      if (value == null) {
        return null;
      }
      if (!Double.isFinite(value)) {
        throw new IllegalArgumentException("expected a finite " + name + " or none, got " + value);
      }
      return new BigDecimal(value).round(DIGITS).doubleValue();
    }
  }

  /**
   * Versions of what made it.
   *
   * @param java the Java runtime
   * @param scalekvLab this project
   * @param djl Deep Java Library
   * @param libtorch the native library below it
   */
  public record Software(String java, String scalekvLab, String djl, String libtorch) {}
}
