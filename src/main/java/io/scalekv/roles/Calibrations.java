package io.scalekv.roles;

import io.scalekv.cache.policy.ErrorCurves;
import io.scalekv.io.CanonicalJson;
import io.scalekv.io.Json;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * What policies need to know of a model beyond roles: the {@code calibrations} of {@code
 * roles.json}. Known are
 *
 * <pre>
 *   heatkv {sinkScales, orders [source map − s0][rank], pairs packed as head·L + layer}
 *   amsKv  {similarity [layer]}
 *   hack   {variance [layer][head]}
 *   errorCurves {tokens, error, importance, sensitivity}, see {@link ErrorCurves}
 * </pre>
 *
 * <p>Objects of other names are kept as they are. Immutable.
 */
public final class Calibrations {
  private static final String HEAT_KV = "heatkv";
  private static final String AMS_KV = "amsKv";
  private static final String HACK = "hack";
  private static final String ERROR_CURVES = "errorCurves";

  private final RolesDocument.Model model;
  private final ObjectNode tree;
  private final HeatKvOrders heatKv;
  private final double[] amsKv;
  private final double[][] hack;
  private final ErrorCurves errorCurves;

  private Calibrations(RolesDocument.Model model, ObjectNode tree) {
    this.model = model;
    this.tree = tree;
    for (String name : List.of(HEAT_KV, AMS_KV, HACK, ERROR_CURVES)) {
      if (tree.has(name) && !tree.get(name).isObject()) {
        throw bad("/calibrations/" + name, "an object", Json.show(tree.get(name)));
      }
    }
    this.heatKv = tree.has(HEAT_KV) ? readOrders(tree.get(HEAT_KV), model) : null;
    this.amsKv = tree.has(AMS_KV) ? readSimilarity(tree.get(AMS_KV), model) : null;
    this.hack = tree.has(HACK) ? readVariance(tree.get(HACK), model) : null;
    this.errorCurves =
        tree.has(ERROR_CURVES) ? ErrorCurveJson.read(tree.get(ERROR_CURVES), model) : null;
    // As doubles whatever they were typed as, so that equal values are equal trees.
    if (errorCurves != null) {
      tree.set(ERROR_CURVES, ErrorCurveJson.write(errorCurves));
    }
    if (amsKv != null) {
      put(((ObjectNode) tree.get(AMS_KV)).putArray("similarity"), amsKv);
    }
    if (hack != null) {
      put(((ObjectNode) tree.get(HACK)).putArray("variance"), hack);
    }
  }

  /** None, for a model. */
  public static Calibrations none(RolesDocument.Model model) {
    return new Calibrations(model, JsonNodeFactory.instance.objectNode());
  }

  /** Those of a document. */
  public static Calibrations of(RolesDocument document) {
    return new Calibrations(document.model(), document.calibrations().deepCopy());
  }

  /**
   * Those of a JSON object.
   *
   * @throws IllegalArgumentException if one does not fit the model; the line begins with a JSON
   *     pointer into the document
   */
  static Calibrations of(RolesDocument.Model model, ObjectNode tree) {
    return new Calibrations(model, tree.deepCopy());
  }

  /** Names of what is there, in the order of the file. */
  public List<String> names() {
    return List.copyOf(tree.propertyNames());
  }

  /** HeatKV's orders. */
  public Optional<HeatKvOrders> heatKv() {
    return Optional.ofNullable(heatKv);
  }

  /** AMS-KV: similarity of each layer's maps with the ones before, [layer], as a new array. */
  public Optional<double[]> amsKvSimilarity() {
    return Optional.ofNullable(amsKv).map(double[]::clone);
  }

  /** HACK: variance of attention over queries, [layer][head], as a new table. */
  public Optional<double[][]> hackVariance() {
    return Optional.ofNullable(hack).map(Calibrations::copy);
  }

  /** The error curves. */
  public Optional<ErrorCurves> errorCurves() {
    return Optional.ofNullable(errorCurves);
  }

  /** The error curves as a JSON file. */
  public Optional<String> errorCurvesText() {
    return Optional.ofNullable(tree.get(ERROR_CURVES)).map(CanonicalJson::write);
  }

  /**
   * The same with these error curves, kept to four digits.
   *
   * @throws IllegalArgumentException if they do not fit the model
   */
  public Calibrations withErrorCurves(ErrorCurves curves) {
    ObjectNode next = tree.deepCopy();
    next.set(ERROR_CURVES, ErrorCurveJson.write(curves));
    return new Calibrations(model, next);
  }

  /** The same with the error curves of a JSON object. */
  public Calibrations withErrorCurves(ObjectNode curves) {
    ObjectNode next = tree.deepCopy();
    next.set(ERROR_CURVES, curves.deepCopy());
    return new Calibrations(model, next);
  }

  /** The same without error curves. */
  public Calibrations withoutErrorCurves() {
    ObjectNode next = tree.deepCopy();
    next.remove(ERROR_CURVES);
    return new Calibrations(model, next);
  }

  /** The same with these orders. */
  public Calibrations withHeatKv(HeatKvOrders orders) {
    if (orders.layers() != model.layers()
        || orders.heads() != model.heads()
        || orders.scales() != model.schedule().size()) {
      throw new IllegalArgumentException(
          String.format(
              "calibrations: HeatKV orders of %d layers x %d heads and %d scales expected, got %d"
                  + " x %d and %d",
              model.layers(),
              model.heads(),
              model.schedule().size(),
              orders.layers(),
              orders.heads(),
              orders.scales()));
    }
    ObjectNode next = tree.deepCopy();
    ObjectNode object = next.putObject(HEAT_KV);
    object.put("sinkScales", orders.sinkScales());
    ArrayNode lists = object.putArray("orders");
    for (int s = orders.sinkScales(); s <= orders.scales() - 2; s++) {
      ArrayNode list = lists.addArray();
      for (int pair : orders.order(s)) {
        list.add(pair);
      }
    }
    return new Calibrations(model, next);
  }

  /**
   * The same with this similarity.
   *
   * @param similarity [layer], finite
   */
  public Calibrations withAmsKvSimilarity(double[] similarity) {
    ObjectNode next = tree.deepCopy();
    put(next.putObject(AMS_KV).putArray("similarity"), similarity);
    return new Calibrations(model, next);
  }

  /**
   * The same with this variance.
   *
   * @param variance [layer][head], finite
   */
  public Calibrations withHackVariance(double[][] variance) {
    ObjectNode next = tree.deepCopy();
    put(next.putObject(HACK).putArray("variance"), variance);
    return new Calibrations(model, next);
  }

  /** The value of {@code calibrations} in {@code roles.json}, a new tree. */
  public ObjectNode toJson() {
    return tree.deepCopy();
  }

  private static void put(ArrayNode list, double[] values) {
    for (double value : values) {
      list.add(value);
    }
  }

  private static void put(ArrayNode rows, double[][] table) {
    for (double[] row : table) {
      put(rows.addArray(), row);
    }
  }

  private static double[][] copy(double[][] table) {
    double[][] copy = new double[table.length][];
    for (int i = 0; i < table.length; i++) {
      copy[i] = table[i].clone();
    }
    return copy;
  }

  private static HeatKvOrders readOrders(JsonNode object, RolesDocument.Model model) {
    String pointer = "/calibrations/heatkv";
    JsonNode sinks = object.path("sinkScales");
    int most = model.schedule().size() - 2;
    if (!sinks.isInt() || sinks.intValue() < 0 || sinks.intValue() > most) {
      throw bad(
          pointer + "/sinkScales", most < 0 ? "at least 2 scales" : "0.." + most, Json.show(sinks));
    }
    List<int[]> orders = new ArrayList<>();
    for (JsonNode list : array(object.path("orders"), pointer + "/orders")) {
      String at = pointer + "/orders/" + orders.size();
      int[] order = new int[array(list, at).size()];
      for (int r = 0; r < order.length; r++) {
        if (!list.get(r).isInt()) {
          throw bad(at + "/" + r, "a whole number", Json.show(list.get(r)));
        }
        order[r] = list.get(r).intValue();
      }
      orders.add(order);
    }
    return HeatKvOrders.checked(
        sinks.intValue(),
        model.schedule().size(),
        model.layers(),
        model.heads(),
        orders.toArray(int[][]::new),
        pointer + "/orders");
  }

  private static double[] readSimilarity(JsonNode object, RolesDocument.Model model) {
    return row(
        object.path("similarity"), "/calibrations/amsKv/similarity", model.layers(), "layers");
  }

  private static double[][] readVariance(JsonNode object, RolesDocument.Model model) {
    String pointer = "/calibrations/hack/variance";
    JsonNode rows = array(object.path("variance"), pointer);
    if (rows.size() != model.layers()) {
      throw bad(pointer, model.layers() + " layers", rows.size());
    }
    double[][] variance = new double[rows.size()][];
    for (int l = 0; l < variance.length; l++) {
      variance[l] = row(rows.get(l), pointer + "/" + l, model.heads(), "heads");
    }
    return variance;
  }

  private static double[] row(JsonNode list, String pointer, int count, String what) {
    if (array(list, pointer).size() != count) {
      throw bad(pointer, count + " " + what, list.size());
    }
    double[] values = new double[count];
    for (int i = 0; i < count; i++) {
      JsonNode value = list.get(i);
      if (!value.isNumber() || !Double.isFinite(value.doubleValue())) {
        throw bad(pointer + "/" + i, "a finite number", Json.show(value));
      }
      values[i] = value.doubleValue() + 0.0; // -0 is written as 0
    }
    return values;
  }

  private static JsonNode array(JsonNode node, String pointer) {
    if (!node.isArray()) {
      throw bad(pointer, "an array", Json.show(node));
    }
    return node;
  }

  private static IllegalArgumentException bad(String pointer, Object expected, Object got) {
    return new IllegalArgumentException(pointer + ": expected " + expected + ", got " + got);
  }
}
