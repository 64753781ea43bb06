package io.scalekv.roles;

import io.scalekv.cache.BudgetPlan;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.io.AtomicFile;
import io.scalekv.io.CanonicalJson;
import io.scalekv.io.Json;
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
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * The budget files that were released with ScaleKV: per scale that reads a cut cache, which blocks
 * are drafters, and the tokens of a drafter and of a refiner.
 *
 * <pre>
 *   {"Scale 9": {"Block 0": 1, …, "Block 31": 0, "High": 2, "Max": 920, "Min": 632, "Limit": 921}}
 * </pre>
 *
 * <p>Files count scales from 1; here they count from 0. No layer gets more tokens than it holds, so
 * a drafter that was a refiner before may stay below {@code Max}.
 *
 * @param layers number of layers L
 * @param rows the scales of the file, by 0-based scale, without gaps
 */
public record ScaleKvBudgetFile(int layers, SortedMap<Integer, Row> rows) {
  private static final Pattern SCALE = Pattern.compile("Scale ([1-9][0-9]{0,2})");
  private static final Pattern BLOCK = Pattern.compile("Block (0|[1-9][0-9]{0,3})");

  /**
   * One scale.
   *
   * @param drafters 0-based drafter layers, ascending
   * @param max tokens of a drafter
   * @param min tokens of a refiner
   * @param limit the most tokens that a drafter holds before it is cut
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
    if (layers < 1) {
      throw new IllegalArgumentException("expected at least 1 layer, got " + layers);
    }
    for (Map.Entry<Integer, Row> entry : rows.entrySet()) {
      int scale = entry.getKey();
      String pointer = "/Scale " + (scale + 1);
      Row row = entry.getValue();
      if (scale < 0) {
        throw bad(pointer, "a scale of at least 1", scale + 1);
      }
      if (scale > rows.firstKey() && !rows.containsKey(scale - 1)) {
        throw bad(pointer, "scales without gaps", "no Scale " + scale);
      }
      if (!row.drafters().isEmpty()
          && (row.drafters().first() < 0 || row.drafters().last() >= layers)) {
        throw bad(pointer, "blocks 0.." + (layers - 1), row.drafters());
      }
      if (row.min() < 0) {
        throw bad(pointer + "/Min", "at least 0", row.min());
      }
      if (row.max() < 0 || row.max() > row.limit()) {
        throw bad(pointer + "/Max", "0 to the limit " + row.limit(), row.max());
      }
    }
  }

  private static IllegalArgumentException bad(String pointer, Object expected, Object got) {
    return new IllegalArgumentException(pointer + ": expected " + expected + ", got " + got);
  }

  /**
   * The file of a plan: one row per scale that reads a cut cache.
   *
   * @throws IllegalArgumentException if drafters or refiners of one scale have different budgets
   *     for any other reason than that they hold no more, which this format cannot express
   */
  public static ScaleKvBudgetFile of(RoleAssignment roles, BudgetPlan plan) {
    if (roles.layers() != plan.layers() || roles.scales() != plan.schedule().scales()) {
      throw new IllegalArgumentException(
          String.format(
              "budget file: roles of the plan's %d layers x %d scales expected, got %d x %d",
              plan.layers(), plan.schedule().scales(), roles.layers(), roles.scales()));
    }
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
        if (written != plan.tokens(k, l)) {
          throw new IllegalArgumentException(
              String.format(
                  "budget file: scale %d, layer %d: %d tokens expected, as other %ss have, got %d",
                  k, l, written, roles.role(l, k).word(), plan.tokens(k, l)));
        }
      }
      rows.put(k, new Row(drafters, max, min, limit));
    }
    return new ScaleKvBudgetFile(plan.layers(), rows);
  }

  /** The roles in this file, for a model of so many scales. */
  public RoleAssignment assignment(int scales) {
    List<LayerScale> drafters = new ArrayList<>();
    rows.forEach((k, row) -> row.drafters().forEach(l -> drafters.add(new LayerScale(l, k))));
    return RoleAssignment.of(layers, scales, drafters);
  }

  /** The plan in this file, with the smallest budget that it keeps to. */
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
   * The plan in this file.
   *
   * @param budget mean tokens per layer that no scale exceeds
   */
  public BudgetPlan plan(ScaleSchedule schedule, int budget) {
    return BudgetPlan.ofTokens(schedule, budget, tokens(schedule));
  }

  private int[][] tokens(ScaleSchedule schedule) {
    if (!rows.isEmpty() && rows.lastKey() != schedule.scales() - 1) {
      throw new IllegalArgumentException(
          "budget file: rows up to Scale "
              + schedule.scales()
              + " expected, the last of this schedule, got up to Scale "
              + (rows.lastKey() + 1));
    }
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

  /** Writes the file, whole or not at all. */
  public void write(Path file) throws IOException {
    AtomicFile.write(file, text().getBytes(StandardCharsets.UTF_8));
  }

  /** The bytes of the file as text. */
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
   * @throws IllegalArgumentException with one line naming file, JSON pointer, expected and got
   */
  public static ScaleKvBudgetFile read(Path file) throws IOException {
    return parse(Json.text(file), file.toString());
  }

  /** Reads a file from text; {@code name} stands for the file in messages. */
  public static ScaleKvBudgetFile parse(String text, String name) {
    JsonNode tree = Json.parse(text, name);
    if (!tree.isObject() || tree.isEmpty()) {
      throw Json.error(name, "", "an object with keys such as 'Scale 9'", Json.show(tree));
    }
    int layers = 0;
    TreeMap<Integer, Row> rows = new TreeMap<>();
    for (Map.Entry<String, JsonNode> entry : tree.properties()) {
      String pointer = Json.child("", entry.getKey());
      Matcher scale = SCALE.matcher(entry.getKey());
      if (!scale.matches()) {
        throw Json.error(name, pointer, "a key such as 'Scale 9'", "'" + entry.getKey() + "'");
      }
      JsonNode value = entry.getValue();
      if (!value.isObject()) {
        throw Json.error(name, pointer, "an object", Json.show(value));
      }
      int blocks = blocks(value, pointer, name);
      if (layers != 0 && blocks != layers) {
        throw Json.error(name, pointer, layers + " blocks as in the scale before", "" + blocks);
      }
      layers = blocks;
      rows.put(Integer.parseInt(scale.group(1)) - 1, row(value, blocks, pointer, name));
    }
    try {
      return new ScaleKvBudgetFile(layers, rows);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(name + ": " + e.getMessage(), e);
    }
  }

  private static int blocks(JsonNode scale, String pointer, String name) {
    int blocks = 0;
    for (String key : scale.propertyNames()) {
      if (BLOCK.matcher(key).matches()) {
        blocks++;
      } else if (!List.of("High", "Max", "Min", "Limit").contains(key)) {
        throw Json.error(
            name, Json.child(pointer, key), "Block n, High, Max, Min or Limit", "'" + key + "'");
      }
    }
    if (blocks == 0) {
      throw Json.error(name, pointer, "keys such as 'Block 0'", "none");
    }
    return blocks;
  }

  private static Row row(JsonNode scale, int blocks, String pointer, String name) {
    TreeSet<Integer> drafters = new TreeSet<>();
    for (int l = 0; l < blocks; l++) {
      if (integer(scale, "Block " + l, 1, pointer, name) == 1) {
        drafters.add(l);
      }
    }
    int high = integer(scale, "High", blocks, pointer, name);
    if (high != drafters.size()) {
      throw Json.error(
          name,
          pointer + "/High",
          drafters.size() + ", the number of blocks that are 1",
          "" + high);
    }
    return new Row(
        drafters,
        integer(scale, "Max", Integer.MAX_VALUE, pointer, name),
        integer(scale, "Min", Integer.MAX_VALUE, pointer, name),
        integer(scale, "Limit", Integer.MAX_VALUE, pointer, name));
  }

  private static int integer(JsonNode scale, String key, int most, String pointer, String name) {
    JsonNode value = scale.path(key);
    if (!value.isIntegralNumber()
        || !value.canConvertToInt()
        || value.intValue() < 0
        || value.intValue() > most) {
      String expected = most == 1 ? "0 or 1" : most == Integer.MAX_VALUE ? "tokens" : "0.." + most;
      throw Json.error(name, Json.child(pointer, key), expected, Json.show(value));
    }
    return value.intValue();
  }
}
