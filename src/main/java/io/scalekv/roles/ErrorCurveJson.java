package io.scalekv.roles;

import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.policy.ErrorCurves;
import io.scalekv.io.Json;
import java.math.BigDecimal;
import java.math.MathContext;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * The error curves of a model as JSON, {@code errorCurves} of the {@code calibrations}:
 *
 * <pre>
 *   tokens      [map][point]
 *   error       [map][layer][head][point]
 *   importance  [map][layer][head][position]
 *   sensitivity [layer]
 * </pre>
 *
 * <p>Numbers are kept to four digits.
 */
final class ErrorCurveJson {
  private static final MathContext DIGITS = new MathContext(4);
  private static final String POINTER = "/calibrations/errorCurves";

  private ErrorCurveJson() {}

  static ObjectNode write(ErrorCurves curves) {
    ObjectNode tree = JsonNodeFactory.instance.objectNode();
    ArrayNode tokens = tree.putArray("tokens");
    for (int[] map : curves.tokens()) {
      ArrayNode list = tokens.addArray();
      for (int b : map) {
        list.add(b);
      }
    }
    ArrayNode error = tree.putArray("error");
    ArrayNode importance = tree.putArray("importance");
    for (int k = 0; k < curves.maps(); k++) {
      ArrayNode errors = error.addArray();
      ArrayNode worth = importance.addArray();
      for (int l = 0; l < curves.layers(); l++) {
        ArrayNode errorsOfLayer = errors.addArray();
        ArrayNode worthOfLayer = worth.addArray();
        for (int h = 0; h < curves.heads(); h++) {
          ArrayNode list = errorsOfLayer.addArray();
          for (double e : curves.error()[k][l][h]) {
            list.add(rounded(e));
          }
          ArrayNode positions = worthOfLayer.addArray();
          for (float i : curves.importance()[k][l][h]) {
            positions.add(rounded(i));
          }
        }
      }
    }
    ArrayNode sensitivity = tree.putArray("sensitivity");
    for (double s : curves.sensitivity()) {
      sensitivity.add(rounded(s));
    }
    return tree;
  }

  private static double rounded(double value) {
    return new BigDecimal(value).round(DIGITS).doubleValue();
  }

  /** Reads what {@link #write} wrote; an error names the place by a JSON pointer. */
  static ErrorCurves read(JsonNode tree, RolesDocument.Model model) {
    ScaleSchedule schedule = new ScaleSchedule(model.schedule());
    int maps = schedule.scales();
    int[][] tokens = new int[maps][];
    JsonNode lists = array(tree.path("tokens"), POINTER + "/tokens", maps, "maps");
    for (int k = 0; k < maps; k++) {
      String at = POINTER + "/tokens/" + k;
      tokens[k] = new int[array(lists.get(k), at, -1, "").size()];
      int last = k == 0 ? 0 : schedule.tokensBefore(k);
      for (int i = 0; i < tokens[k].length; i++) {
        JsonNode b = lists.get(k).get(i);
        int least = i == 0 ? 0 : tokens[k][i - 1] + 1;
        if (!b.isInt() || b.intValue() < least || b.intValue() > last) {
          throw bad(at + "/" + i, least + " to " + last, Json.show(b));
        }
        tokens[k][i] = b.intValue();
      }
      boolean whole = tokens[k].length > 1 && tokens[k][0] == 0;
      if (k == 0 ? tokens[k].length > 0 : !whole || tokens[k][tokens[k].length - 1] != last) {
        throw bad(at, k == 0 ? "nothing" : "0 to " + last, Json.show(lists.get(k)));
      }
    }
    double[][][][] error = new double[maps][][][];
    double[][][][] worth = new double[maps][][][];
    JsonNode errors = array(tree.path("error"), POINTER + "/error", maps, "maps");
    JsonNode importance = array(tree.path("importance"), POINTER + "/importance", maps, "maps");
    for (int k = 0; k < maps; k++) {
      error[k] = layers(errors.get(k), POINTER + "/error/" + k, model, tokens[k].length, "points");
      worth[k] =
          layers(
              importance.get(k),
              POINTER + "/importance/" + k,
              model,
              schedule.tokensBefore(k),
              "positions");
    }
    JsonNode sensitivity = tree.path("sensitivity");
    return new ErrorCurves(
        tokens,
        error,
        floats(worth),
        numbers(sensitivity, POINTER + "/sensitivity", model.layers(), "layers"));
  }

  private static double[][][] layers(
      JsonNode list, String pointer, RolesDocument.Model model, int count, String what) {
    double[][][] all = new double[model.layers()][model.heads()][];
    array(list, pointer, model.layers(), "layers");
    for (int l = 0; l < all.length; l++) {
      array(list.get(l), pointer + "/" + l, model.heads(), "heads");
      for (int h = 0; h < all[l].length; h++) {
        all[l][h] = numbers(list.get(l).get(h), pointer + "/" + l + "/" + h, count, what);
      }
    }
    return all;
  }

  private static double[] numbers(JsonNode list, String pointer, int count, String what) {
    array(list, pointer, count, what);
    double[] values = new double[count];
    for (int i = 0; i < count; i++) {
      JsonNode v = list.get(i);
      if (!v.isNumber() || !Double.isFinite(v.doubleValue()) || v.doubleValue() < 0) {
        throw bad(pointer + "/" + i, "a finite number of at least 0", Json.show(v));
      }
      values[i] = v.doubleValue() + 0.0; // -0 is 0
    }
    return values;
  }

  private static float[][][][] floats(double[][][][] x) {
    float[][][][] y = new float[x.length][][][];
    for (int k = 0; k < x.length; k++) {
      y[k] = new float[x[k].length][][];
      for (int l = 0; l < x[k].length; l++) {
        y[k][l] = new float[x[k][l].length][];
        for (int h = 0; h < x[k][l].length; h++) {
          double[] from = x[k][l][h];
          float[] to = new float[from.length];
          for (int j = 0; j < to.length; j++) {
            to[j] = (float) from[j];
          }
          y[k][l][h] = to;
        }
      }
    }
    return y;
  }

  /**
   * @param count elements, or −1 for any number
   */
  private static JsonNode array(JsonNode node, String pointer, int count, String what) {
    if (!node.isArray()) {
      throw bad(pointer, "an array", Json.show(node));
    }
    if (count >= 0 && node.size() != count) {
      throw bad(pointer, count + " " + what, String.valueOf(node.size()));
    }
    return node;
  }

  private static IllegalArgumentException bad(String pointer, String expected, String got) {
    return new IllegalArgumentException(pointer + ": expected " + expected + ", got " + got);
  }
}
