package io.scalekv.roles;

import io.scalekv.cache.TokenMap;
import io.scalekv.io.AtomicFile;
import io.scalekv.io.FileKind;
import io.scalekv.io.Json;
import io.scalekv.io.JsonPlace;
import io.scalekv.io.Require;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;

/**
 * Order files of HeatKV, in both layouts. The published one is a bare array, {@code orders[source
 * map − s0][rank] = [head, layer]}, head first. The calibration tool's has the same array next to
 * metadata: {@code {"metadata": {…}, "orders": […]}}.
 */
public final class HeatKvOrderFile {
  /** s0 of the published files, the default without metadata. */
  public static final int DEFAULT_SINK_SCALES = 3;

  private static final Pattern LAYER_FIRST = Pattern.compile("[\\[(]\\s*layer\\w*\\s*,\\s*head");

  private HeatKvOrderFile() {}

  /**
   * Reads either layout.
   *
   * @param model layers, heads and token maps that the orders must fit
   * @param sinkScales s0, if known; a file with metadata must agree, and a bare one is assumed to
   *     have {@value #DEFAULT_SINK_SCALES} where this is empty
   * @throws IllegalArgumentException with one line naming the file, the place and the value
   */
  public static HeatKvOrders read(Path file, CalibratedModel model, OptionalInt sinkScales)
      throws IOException {
    return parse(Json.text(file), file.toString(), model, sinkScales);
  }

  /** Reads either layout from text; {@code name} stands for the file in messages. */
  public static HeatKvOrders parse(
      String text, String name, CalibratedModel model, OptionalInt sinkScales) {
    JsonPlace tree = JsonPlace.of(Json.parse(text, name), name);
    FileKind.ORDERS.check(tree.node(), name);
    if (tree.node().isArray()) {
      return orders(tree, model, sinkScales.orElse(DEFAULT_SINK_SCALES));
    }
    tree.check(tree.node().isObject(), "an array of orders, or metadata and orders");
    tree.only("metadata", "orders");
    int sinks = sinks(tree.at("metadata"), model, sinkScales);
    return orders(tree.at("orders"), model, sinks);
  }

  private static int sinks(JsonPlace metadata, CalibratedModel model, OptionalInt asked) {
    same(metadata.at("num_heads"), model.heads());
    same(metadata.at("num_layers"), model.layers());
    int most = model.scales() - 2;
    int sinks = metadata.at("sink_scales").integer(0, most);
    asked.ifPresent(wanted -> same(metadata.at("sink_scales"), wanted));
    metadata
        .find("eligible_source_scales")
        .ifPresent(
            list -> {
              List<JsonPlace> scales = list.elements(most - sinks + 1);
              for (int i = 0; i < scales.size(); i++) {
                same(scales.get(i), sinks + i);
              }
            });
    metadata.find("scale_schedule").ifPresent(list -> checkSchedule(list, model));
    metadata
        .find("order_format")
        .ifPresent(
            format ->
                format.check(
                    !LAYER_FIRST.matcher(format.node().asString()).find(), "[head, layer]"));
    return sinks;
  }

  private static void same(JsonPlace value, int wanted) {
    value.check(value.node().isInt() && value.node().intValue() == wanted, "" + wanted);
  }

  private static void checkSchedule(JsonPlace list, CalibratedModel model) {
    List<JsonPlace> maps = list.elements(model.scales());
    for (int k = 0; k < maps.size(); k++) {
      TokenMap map = model.schedule().map(k);
      List<JsonPlace> sides = maps.get(k).elements(3);
      same(sides.get(0), 1);
      same(sides.get(1), map.height());
      same(sides.get(2), map.width());
    }
  }

  private static HeatKvOrders orders(JsonPlace tree, CalibratedModel model, int sinks) {
    Require.between("sink scales", sinks, 0, model.scales() - 2);
    int[][] orders =
        tree.elements(model.scales() - 1 - sinks).stream()
            .map(order -> order(order, model))
            .toArray(int[][]::new);
    return tree.with(
        () -> new HeatKvOrders(sinks, model.scales(), model.layers(), model.heads(), orders));
  }

  private static int[] order(JsonPlace order, CalibratedModel model) {
    int[] pairs = order.elements().stream().mapToInt(pair -> pair(pair, model)).toArray();
    order.elements(model.heads() * model.layers());
    return pairs;
  }

  private static int pair(JsonPlace pair, CalibratedModel model) {
    JsonNode node = pair.node();
    boolean two = node.isArray() && node.size() == 2 && node.get(0).isInt() && node.get(1).isInt();
    int head = two ? node.get(0).intValue() : -1;
    int layer = two ? node.get(1).intValue() : -1;
    boolean swapped = head >= 0 && head < model.layers() && layer >= 0 && layer < model.heads();
    pair.check(
        head >= 0 && head < model.heads() && layer >= 0 && layer < model.layers(),
        "[head, layer] of %d heads and %d layers%s"
            .formatted(
                model.heads(), model.layers(), swapped ? ", this may be [layer, head]" : ""));
    return head * model.layers() + layer;
  }

  /** Returns the published layout, byte for byte: four spaces of indent, no line end at the end. */
  public static String bareText(HeatKvOrders orders) {
    return text(orders, "");
  }

  /**
   * Returns the calibration tool's layout, keys in alphabetical order, without the metadata that
   * are unknown here (prompts, seed, guidance).
   */
  public static String textWithMetadata(HeatKvOrders orders, CalibratedModel model) {
    Stream<int[]> maps =
        model.schedule().maps().stream().map(m -> new int[] {1, m.height(), m.width()});
    return """
    {
        "metadata": {
            "eligible_source_scales": %s,
            "model": %s,
            "num_heads": %d,
            "num_layers": %d,
            "order_format": "orders[source_scale - sink_scales][rank] = [head, layer]",
            "scale_schedule": %s,
            "sink_scales": %d
        },
        "orders": %s
    }
    """
        .formatted(
            Arrays.toString(sourceMaps(orders).toArray()),
            Json.MAPPER.writeValueAsString(model.name()),
            orders.heads(),
            orders.layers(),
            maps.map(Arrays::toString).toList(),
            orders.sinkScales(),
            text(orders, "    "));
  }

  private static IntStream sourceMaps(HeatKvOrders orders) {
    return IntStream.rangeClosed(orders.sinkScales(), orders.scales() - 2);
  }

  private static String text(HeatKvOrders orders, String indent) {
    String inner = indent + "    ";
    String innermost = inner + "    ";
    return list(
        sourceMaps(orders)
            .mapToObj(
                s ->
                    list(
                        Arrays.stream(orders.order(s))
                            .mapToObj(p -> Stream.of(orders.head(p), orders.layer(p)))
                            .map(pair -> list(pair.map(String::valueOf), innermost)),
                        inner)),
        indent);
  }

  /** Returns a list with one element a line. */
  private static String list(Stream<String> elements, String indent) {
    String begin = "\n    " + indent;
    return elements.collect(Collectors.joining("," + begin, "[" + begin, "\n" + indent + "]"));
  }

  /**
   * Writes a file, all or nothing.
   *
   * @param metadata whether in the calibration tool's layout, else the published one
   */
  public static void write(HeatKvOrders orders, CalibratedModel model, boolean metadata, Path file)
      throws IOException {
    String text = metadata ? textWithMetadata(orders, model) : bareText(orders);
    AtomicFile.write(file, text.getBytes(StandardCharsets.UTF_8));
  }
}
