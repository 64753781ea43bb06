package io.scalekv.io;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Iterator;
import java.util.Map;
import java.util.Set;
import tools.jackson.core.io.JsonStringEncoder;
import tools.jackson.databind.JsonNode;

/**
 * One way to write a JSON value, so that equal values are equal bytes on every machine: keys in the
 * order of the tree, two spaces of indent, {@code \n} after the last line; arrays whose elements
 * hold no further containers have one element a line. Numbers with a fraction are the shortest
 * decimal of at least 15 tried digits that reads back as the same double.
 */
public final class CanonicalJson {
  private final StringBuilder out = new StringBuilder();
  private final Set<String> lines;

  private CanonicalJson(Set<String> lines) {
    this.lines = lines;
  }

  /** The text of a value, with a newline at its end. NaN and infinities are an error. */
  public static String write(JsonNode value) {
    return write(value, Set.of());
  }

  /**
   * The same, where some arrays have one element a line whatever the elements hold.
   *
   * @param lines JSON pointers of these arrays
   */
  public static String write(JsonNode value, Set<String> lines) {
    CanonicalJson json = new CanonicalJson(lines);
    json.value(value, "", "");
    return json.out.append('\n').toString();
  }

  /** The shortest decimal for this double; an error if it is not finite. */
  public static String number(double value) {
    if (!Double.isFinite(value)) {
      throw new IllegalArgumentException("expected a finite number, got " + value);
    }
    if (value == 0) {
      return "0";
    }
    BigDecimal exact = new BigDecimal(value);
    BigDecimal shortest = exact;
    for (int digits = 15; digits <= 17; digits++) {
      shortest = exact.round(new MathContext(digits)).stripTrailingZeros();
      if (shortest.doubleValue() == value) {
        break;
      }
    }
    int exponent = shortest.precision() - shortest.scale() - 1;
    return exponent >= -7 && exponent <= 15 ? shortest.toPlainString() : shortest.toString();
  }

  private void value(JsonNode value, String indent, String pointer) {
    if (value.isObject()) {
      object(value, indent, pointer);
    } else if (value.isArray()) {
      array(value, indent, pointer);
    } else {
      scalar(value, pointer);
    }
  }

  private void object(JsonNode value, String indent, String pointer) {
    String inner = indent + "  ";
    String before = "{\n";
    for (Map.Entry<String, JsonNode> entry : value.properties()) {
      out.append(before).append(inner);
      string(entry.getKey());
      out.append(": ");
      value(entry.getValue(), inner, CheckedJson.child(pointer, entry.getKey()));
      before = ",\n";
    }
    out.append(value.isEmpty() ? "{}" : "\n" + indent + "}");
  }

  private void array(JsonNode value, String indent, String pointer) {
    String inner = indent + "  ";
    String before = "[\n";
    int i = 0;
    for (JsonNode element : value) {
      String at = pointer + "/" + i++;
      out.append(before).append(inner);
      if (flat(element) || lines.contains(pointer)) {
        line(element, at);
      } else {
        value(element, inner, at);
      }
      before = ",\n";
    }
    out.append(value.isEmpty() ? "[]" : "\n" + indent + "]");
  }

  private static boolean flat(JsonNode element) {
    for (JsonNode child : element) {
      if (child.isContainer()) {
        return false;
      }
    }
    return true;
  }

  /** A container, or a scalar, on one line. */
  private void line(JsonNode element, String pointer) {
    if (!element.isContainer()) {
      scalar(element, pointer);
    } else if (element.isArray()) {
      out.append('[');
      for (int i = 0; i < element.size(); i++) {
        out.append(i == 0 ? "" : ", ");
        line(element.get(i), pointer + "/" + i);
      }
      out.append(']');
    } else {
      out.append('{');
      Iterator<Map.Entry<String, JsonNode>> entries = element.properties().iterator();
      while (entries.hasNext()) {
        Map.Entry<String, JsonNode> entry = entries.next();
        string(entry.getKey());
        out.append(": ");
        line(entry.getValue(), CheckedJson.child(pointer, entry.getKey()));
        out.append(entries.hasNext() ? ", " : "");
      }
      out.append('}');
    }
  }

  private void scalar(JsonNode value, String pointer) {
    if (value.isString()) {
      string(value.stringValue());
    } else if (value.isFloatingPointNumber()) {
      try {
        out.append(number(value.doubleValue()));
      } catch (IllegalArgumentException e) {
        throw new IllegalArgumentException(pointer + ": " + e.getMessage(), e);
      }
    } else if (value.isIntegralNumber() || value.isBoolean() || value.isNull()) {
      out.append(value);
    } else {
      throw new IllegalArgumentException(
          pointer + ": expected a JSON value, got " + value.getNodeType());
    }
  }

  private void string(String text) {
    out.append('"').append(JsonStringEncoder.getInstance().quoteAsCharArray(text)).append('"');
  }
}
