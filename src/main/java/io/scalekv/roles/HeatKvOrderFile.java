package io.scalekv.roles;

import io.scalekv.cache.TokenMap;
import io.scalekv.io.AtomicFile;
import io.scalekv.io.Json;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;

/**
 * The order files of HeatKV, in both layouts. The published one is a bare array, {@code
 * orders[source map − s0][rank] = [head, layer]}, head first. The one of the calibration tool has
 * the same array beside its circumstances: {@code {"metadata": {…}, "orders": […]}}.
 */
public final class HeatKvOrderFile {
  /** s0 of the published files, taken where nothing says otherwise. */
  public static final int DEFAULT_SINK_SCALES = 3;

  private static final Pattern LAYER_FIRST = Pattern.compile("[\\[(]\\s*layer\\w*\\s*,\\s*head");

  private HeatKvOrderFile() {}

  /**
   * Reads either layout.
   *
   * @param model layers, heads and token maps that the orders must fit
   * @param sinkScales s0, if known; a file with metadata must agree, and a bare one is taken to
   *     have {@value #DEFAULT_SINK_SCALES} where this is empty
   * @throws IllegalArgumentException with one line naming file, JSON pointer, expected and got
   */
  public static HeatKvOrders read(Path file, RolesDocument.Model model, OptionalInt sinkScales)
      throws IOException {
    return parse(Json.text(file), file.toString(), model, sinkScales);
  }

  /** Reads either layout from text; {@code name} stands for the file in messages. */
  public static HeatKvOrders parse(
      String text, String name, RolesDocument.Model model, OptionalInt sinkScales) {
    JsonNode tree = Json.parse(text, name);
    if (tree.isArray()) {
      return orders(tree, "", name, model, sinkScales.orElse(DEFAULT_SINK_SCALES));
    }
    if (!tree.isObject()) {
      throw Json.error(name, "", "an array of orders, or metadata and orders", Json.show(tree));
    }
    for (String key : tree.propertyNames()) {
      if (!List.of("metadata", "orders").contains(key)) {
        throw Json.error(name, Json.child("", key), "metadata or orders", "'" + key + "'");
      }
    }
    JsonNode metadata = tree.path("metadata");
    if (!metadata.isObject()) {
      throw Json.error(name, "/metadata", "an object", Json.show(metadata));
    }
    int sinks = metadata(metadata, name, model, sinkScales);
    return orders(tree.path("orders"), "/orders", name, model, sinks);
  }

  private static int metadata(
      JsonNode metadata, String name, RolesDocument.Model model, OptionalInt asked) {
    same(metadata, "num_heads", model.heads(), "as " + model.name() + " has", name);
    same(metadata, "num_layers", model.layers(), "as " + model.name() + " has", name);
    JsonNode sinks = metadata.path("sink_scales");
    int most = model.schedule().size() - 2;
    if (!sinks.isInt() || sinks.intValue() < 0 || sinks.intValue() > most) {
      throw Json.error(name, "/metadata/sink_scales", "0.." + most, Json.show(sinks));
    }
    if (asked.isPresent()) {
      same(metadata, "sink_scales", asked.getAsInt(), "as asked for", name);
    }
    int first = sinks.intValue();
    if (metadata.has("eligible_source_scales")) {
      numbers(
          metadata.get("eligible_source_scales"),
          "/metadata/eligible_source_scales",
          first,
          most - first + 1,
          name);
    }
    if (metadata.has("scale_schedule")) {
      schedule(metadata.get("scale_schedule"), model, name);
    }
    JsonNode format = metadata.path("order_format");
    if (format.isString() && LAYER_FIRST.matcher(format.stringValue()).find()) {
      throw Json.error(name, "/metadata/order_format", "[head, layer]", Json.show(format));
    }
    return first;
  }

  private static void same(JsonNode metadata, String key, int expected, String why, String name) {
    JsonNode got = metadata.path(key);
    if (!got.isInt() || got.intValue() != expected) {
      throw Json.error(name, "/metadata/" + key, expected + " " + why, Json.show(got));
    }
  }

  /** {@code first}, {@code first} + 1, … */
  private static void numbers(JsonNode list, String pointer, int first, int count, String name) {
    if (!list.isArray() || list.size() != count) {
      throw Json.error(
          name, pointer, "maps " + first + " to " + (first + count - 1), Json.show(list));
    }
    for (int i = 0; i < count; i++) {
      if (!list.get(i).isInt() || list.get(i).intValue() != first + i) {
        throw Json.error(name, pointer + "/" + i, "" + (first + i), Json.show(list.get(i)));
      }
    }
  }

  private static void schedule(JsonNode list, RolesDocument.Model model, String name) {
    String pointer = "/metadata/scale_schedule";
    List<TokenMap> maps = model.schedule();
    if (!list.isArray() || list.size() != maps.size()) {
      throw Json.error(
          name, pointer, maps.size() + " maps as " + model.name() + " has", Json.show(list));
    }
    for (int k = 0; k < maps.size(); k++) {
      JsonNode map = list.get(k);
      int[] expected = {1, maps.get(k).height(), maps.get(k).width()};
      boolean same = map.isArray() && map.size() == 3;
      for (int i = 0; same && i < 3; i++) {
        same = map.get(i).isInt() && map.get(i).intValue() == expected[i];
      }
      if (!same) {
        throw Json.error(
            name, pointer + "/" + k, "[1, " + expected[1] + ", " + expected[2] + "]", list(map));
      }
    }
  }

  private static String list(JsonNode node) {
    return node.isArray() && node.size() <= 8 ? node.toString() : Json.show(node);
  }

  private static HeatKvOrders orders(
      JsonNode tree, String pointer, String name, RolesDocument.Model model, int sinks) {
    if (!tree.isArray()) {
      throw Json.error(name, pointer, "an array of orders", Json.show(tree));
    }
    HeatKvOrders.checkSinks(sinks, model.schedule().size());
    int expected = model.schedule().size() - 1 - sinks;
    if (tree.size() != expected) {
      throw Json.error(
          name,
          pointer,
          expected
              + " orders ("
              + model.schedule().size()
              + " scales, "
              + sinks
              + " of them sinks)",
          "" + tree.size());
    }
    int[][] orders = new int[expected][];
    for (int i = 0; i < expected; i++) {
      JsonNode order = tree.get(i);
      if (!order.isArray()) {
        throw Json.error(name, pointer + "/" + i, "an array of [head, layer]", Json.show(order));
      }
      orders[i] = new int[order.size()];
      for (int r = 0; r < orders[i].length; r++) {
        orders[i][r] = pair(order.get(r), pointer + "/" + i + "/" + r, name, model);
      }
    }
    return HeatKvOrders.checked(
        sinks,
        model.schedule().size(),
        model.layers(),
        model.heads(),
        orders,
        name + ": " + pointer);
  }

  private static int pair(JsonNode pair, String pointer, String name, RolesDocument.Model model) {
    boolean two = pair.isArray() && pair.size() == 2 && pair.get(0).isInt() && pair.get(1).isInt();
    int head = two ? pair.get(0).intValue() : -1;
    int layer = two ? pair.get(1).intValue() : -1;
    if (head < 0 || head >= model.heads() || layer < 0 || layer >= model.layers()) {
      boolean swapped = head >= 0 && head < model.layers() && layer >= 0 && layer < model.heads();
      throw Json.error(
          name,
          pointer,
          String.format("[head, layer] in 0..%d and 0..%d", model.heads() - 1, model.layers() - 1),
          list(pair) + (swapped ? ", which may be [layer, head]" : ""));
    }
    return head * model.layers() + layer;
  }

  /**
   * The published layout, byte by byte as it is published: four spaces of indent, no last line end.
   */
  public static String bareText(HeatKvOrders orders) {
    StringBuilder out = new StringBuilder();
    array(out, orders, "");
    return out.toString();
  }

  /**
   * The calibration tool's layout, keys in alphabetical order. Metadata that nothing here knows
   * (prompts, seed, guidance) are left out.
   */
  public static String textWithMetadata(HeatKvOrders orders, RolesDocument.Model model) {
    StringBuilder out = new StringBuilder("{\n    \"metadata\": {\n");
    out.append("        \"eligible_source_scales\": [");
    for (int s = orders.sinkScales(); s <= orders.scales() - 2; s++) {
      out.append(s == orders.sinkScales() ? "" : ", ").append(s);
    }
    out.append("],\n        \"model\": ").append(Json.MAPPER.writeValueAsString(model.name()));
    out.append(",\n        \"num_heads\": ").append(orders.heads());
    out.append(",\n        \"num_layers\": ").append(orders.layers());
    out.append(",\n        \"order_format\": \"orders[source_scale - sink_scales][rank]");
    out.append(" = [head, layer]\",\n        \"scale_schedule\": [");
    String comma = "";
    for (TokenMap map : model.schedule()) {
      out.append(comma).append("[1, ").append(map.height()).append(", ").append(map.width());
      out.append(']');
      comma = ", ";
    }
    out.append("],\n        \"sink_scales\": ").append(orders.sinkScales());
    out.append("\n    },\n    \"orders\": ");
    array(out, orders, "    ");
    return out.append("\n}\n").toString();
  }

  private static void array(StringBuilder out, HeatKvOrders orders, String indent) {
    String first = indent + "    ";
    String second = first + "    ";
    String third = second + "    ";
    String before = "[\n";
    for (int s = orders.sinkScales(); s <= orders.scales() - 2; s++) {
      out.append(before).append(first);
      String inner = "[\n";
      for (int pair : orders.order(s)) {
        out.append(inner).append(second).append("[\n").append(third);
        out.append(orders.head(pair)).append(",\n").append(third);
        out.append(orders.layer(pair)).append('\n').append(second).append(']');
        inner = ",\n";
      }
      out.append('\n').append(first).append(']');
      before = ",\n";
    }
    out.append('\n').append(indent).append(']');
  }

  /**
   * Writes a file, whole or not at all.
   *
   * @param metadata whether in the calibration tool's layout, else the published one
   */
  public static void write(
      HeatKvOrders orders, RolesDocument.Model model, boolean metadata, Path file)
      throws IOException {
    String text = metadata ? textWithMetadata(orders, model) : bareText(orders);
    AtomicFile.write(file, text.getBytes(StandardCharsets.UTF_8));
  }
}
