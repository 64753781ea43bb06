package io.scalekv.roles;

import io.scalekv.cache.BudgetPlan;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.io.AtomicFile;
import io.scalekv.io.CanonicalJson;
import io.scalekv.io.FileKind;
import io.scalekv.io.Json;
import io.scalekv.io.JsonPlace;
import io.scalekv.io.Require;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * Budget file as released with ScaleKV: per scale with a compressed cache, the blocks that are
 * drafters, and the tokens of a drafter and of a refiner.
 *
 * <pre>
 *   {"Scale 9": {"Block 0": 1, …, "Block 31": 0, "High": 2, "Max": 920, "Min": 632, "Limit": 921}}
 * </pre>
 *
 * <p>Files count scales from 1; this class from 0. No layer gets more tokens than it holds, so a
 * drafter that was a refiner before may stay below {@code Max}.
 *
 * @param layers number of layers L
 * @param rows the scales of the file, by 0-based scale, without gaps
 */
public record ScaleKvBudgetFile(int layers, SortedMap<Integer, Row> rows) {
  private static final Pattern SCALE = Pattern.compile("Scale ([1-9][0-9]{0,2})");
  private static final Pattern BLOCK = Pattern.compile("Block (0|[1-9][0-9]{0,3})");

  /**
   * Row of one scale.
   *
   * @param drafters 0-based drafter layers, ascending
   * @param max tokens of a drafter
   * @param min tokens of a refiner
   * @param limit the most tokens that a drafter holds before it is compressed
   */
  public record Row(SortedSet<Integer> drafters, int max, int min, int limit) {
    /** Copies the set. */
    public Row {
      drafters = Collections.unmodifiableSortedSet(new TreeSet<>(drafters));
    }
  }

  /** Copies the map and checks the rows. */
  public ScaleKvBudgetFile {
    rows = Collections.unmodifiableSortedMap(new TreeMap<>(rows));
    Require.atLeast("layers", layers, 1);
    for (Map.Entry<Integer, Row> entry : rows.entrySet()) {
      int scale = entry.getKey();
      String name = "Scale " + (scale + 1);
      Row row = entry.getValue();
      Require.atLeast("scale", scale + 1, 1);
      Require.that(
          scale == rows.firstKey() || rows.containsKey(scale - 1),
          "scales must have no gap, got %s without Scale %d",
          name,
          scale);
      for (int layer : row.drafters()) {
        Require.between(name + ": drafter", layer, 0, layers - 1);
      }
      Require.atLeast(name + ": Min", row.min(), 0);
      Require.between(name + ": Max", row.max(), 0, row.limit());
    }
  }

  /**
   * Returns the file of a plan: one row per scale with a compressed cache.
   *
   * @throws IllegalArgumentException if drafters or refiners of one scale have different budgets
   *     for any other reason than that they hold no more, which this format cannot express
   */
  public static ScaleKvBudgetFile of(RoleAssignment roles, BudgetPlan plan) {
    Require.that(
        roles.layers() == plan.layers() && roles.scales() == plan.schedule().scales(),
        "roles must be of the plan's %d layers x %d scales, got %d x %d",
        plan.layers(),
        plan.schedule().scales(),
        roles.layers(),
        roles.scales());
    TreeMap<Integer, Row> rows = new TreeMap<>();
    for (int k = plan.firstCutScale(); k < roles.scales(); k++) {
      TreeSet<Integer> drafters = new TreeSet<>();
      int max = 0;
      int min = 0;
      int limit = 0;
      int most = 0;
      for (int l = 0; l < plan.layers(); l++) {
        most = Math.max(most, plan.held(k, l));
        if (roles.isDrafter(l, k)) {
          drafters.add(l);
          max = Math.max(max, plan.tokens(k, l));
          limit = Math.max(limit, plan.held(k, l));
        } else {
          min = Math.max(min, plan.tokens(k, l));
        }
      }
      if (drafters.isEmpty()) {
        max = min;
        limit = most;
      } else if (drafters.size() == plan.layers()) {
        min = max;
      }
      for (int l = 0; l < plan.layers(); l++) {
        int written = Math.min(roles.isDrafter(l, k) ? max : min, plan.held(k, l));
        Require.that(
            written == plan.tokens(k, l),
            "scale %d, layer %d must have %d tokens as other %ss, got %d",
            k + 1,
            l,
            written,
            roles.role(l, k).word(),
            plan.tokens(k, l));
      }
      rows.put(k, new Row(drafters, max, min, limit));
    }
    return new ScaleKvBudgetFile(plan.layers(), rows);
  }

  /** Returns the roles in this file, for a model with K scales. */
  public RoleAssignment assignment(int scales) {
    List<LayerScale> drafters = new ArrayList<>();
    rows.forEach((k, row) -> row.drafters().forEach(l -> drafters.add(new LayerScale(l, k))));
    return RoleAssignment.of(layers, scales, drafters);
  }

  /** Returns the plan in this file, with the smallest budget that it does not exceed. */
  public BudgetPlan plan(ScaleSchedule schedule) {
    int budget = 1;
    for (int[] tokens : tokens(schedule)) {
      long sum = 0;
      for (int t : tokens) {
        sum += t;
      }
      budget = (int) Math.max(budget, (sum + layers - 1) / layers);
    }
    return plan(schedule, budget);
  }

  /**
   * Returns the plan in this file.
   *
   * @param budget mean tokens per layer that no scale exceeds
   */
  public BudgetPlan plan(ScaleSchedule schedule, int budget) {
    return BudgetPlan.ofTokens(schedule, budget, tokens(schedule));
  }

  private int[][] tokens(ScaleSchedule schedule) {
    Require.that(
        rows.isEmpty() || rows.lastKey() == schedule.scales() - 1,
        "the last row must be Scale %d as in this schedule, got Scale %d",
        schedule.scales(),
        rows.isEmpty() ? 0 : rows.lastKey() + 1);
    int[][] tokens = new int[schedule.scales()][layers];
    for (int k = 1; k < schedule.scales(); k++) {
      Row row = rows.get(k);
      for (int l = 0; l < layers; l++) {
        int held = tokens[k - 1][l] + schedule.tokens(k - 1);
        int asked = row == null ? held : row.drafters().contains(l) ? row.max() : row.min();
        tokens[k][l] = Math.min(asked, held);
      }
    }
    return tokens;
  }

  /** Writes the file, all or nothing. */
  public void write(Path file) throws IOException {
    AtomicFile.write(file, text().getBytes(StandardCharsets.UTF_8));
  }

  /** Returns the content of the file. */
  public String text() {
    ObjectNode tree = JsonNodeFactory.instance.objectNode();
    rows.forEach(
        (k, row) -> {
          ObjectNode scale = tree.putObject("Scale " + (k + 1));
          for (int l = 0; l < layers; l++) {
            scale.put("Block " + l, row.drafters().contains(l) ? 1 : 0);
          }
          scale.put("High", row.drafters().size());
          scale.put("Max", row.max());
          scale.put("Min", row.min());
          scale.put("Limit", row.limit());
        });
    return CanonicalJson.write(tree);
  }

  /**
   * Reads a file.
   *
   * @throws IllegalArgumentException with one line naming the file, the place and the value
   */
  public static ScaleKvBudgetFile read(Path file) throws IOException {
    return parse(Json.text(file), file.toString());
  }

  /**
   * Reads the file of a model.
   *
   * @throws IllegalArgumentException also if blocks or scales are not the model's
   */
  public static ScaleKvBudgetFile read(Path file, CalibratedModel model) throws IOException {
    ScaleKvBudgetFile budgets = read(file);
    Require.that(
        budgets.layers() == model.layers(),
        "%s: blocks must be %d as in %s, got %d",
        file,
        model.layers(),
        model.name(),
        budgets.layers());
    try {
      budgets.tokens(model.schedule());
      return budgets;
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(file + ": " + e.getMessage(), e);
    }
  }

  /** Reads a file from text; {@code name} stands for the file in messages. */
  public static ScaleKvBudgetFile parse(String text, String name) {
    JsonPlace tree = JsonPlace.of(Json.parse(text, name), name);
    FileKind.BUDGETS.check(tree.node(), name);
    List<String> keys = tree.keys();
    tree.check(!keys.isEmpty(), "an object with keys such as 'Scale 9'");
    int layers = blocks(tree.at(keys.get(0)));
    TreeMap<Integer, Row> rows = new TreeMap<>();
    for (String key : keys) {
      Matcher scale = SCALE.matcher(key);
      Require.that(scale.matches(), "%s: key must be such as 'Scale 9', got '%s'", name, key);
      rows.put(Integer.parseInt(scale.group(1)) - 1, row(tree.at(key), layers));
    }
    return tree.with(() -> new ScaleKvBudgetFile(layers, rows));
  }

  private static int blocks(JsonPlace scale) {
    int blocks = (int) scale.keys().stream().filter(k -> BLOCK.matcher(k).matches()).count();
    scale.check(blocks > 0, "an object with keys such as 'Block 0'");
    return blocks;
  }

  private static Row row(JsonPlace scale, int layers) {
    List<String> keys = new ArrayList<>(List.of("High", "Max", "Min", "Limit"));
    IntStream.range(0, layers).forEach(l -> keys.add("Block " + l));
    scale.only(keys.toArray(String[]::new));
    TreeSet<Integer> drafters = new TreeSet<>();
    for (int l = 0; l < layers; l++) {
      if (scale.at("Block " + l).integer(0, 1) == 1) {
        drafters.add(l);
      }
    }
    scale.at("High").integer(drafters.size(), drafters.size());
    return new Row(
        drafters,
        scale.at("Max").integer(0, Integer.MAX_VALUE),
        scale.at("Min").integer(0, Integer.MAX_VALUE),
        scale.at("Limit").integer(0, Integer.MAX_VALUE));
  }
}
