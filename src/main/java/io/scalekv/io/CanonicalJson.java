package io.scalekv.io;

import java.io.IOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.Map;
import java.util.Set;
import tools.jackson.core.io.JsonStringEncoder;
import tools.jackson.core.io.NumberOutput;
import tools.jackson.databind.JsonNode;

/**
 * Canonical text of a JSON value: equal values are equal bytes on every machine. Keys keep the
 * order of the tree, the indent is two spaces, {@code \n} ends the last line; arrays whose elements
 * hold no further containers have one element per line. A number with a fraction is the shortest
 * decimal that reads back as the same double.
 */
public final class CanonicalJson {
  private final StringBuilder out = new StringBuilder();
  private final Set<String> lines;

  private CanonicalJson(Set<String> lines) {
    this.lines = lines;
  }

  /** Returns the text of a record. */
  public static String of(Object record) {
    return write(Json.MAPPER.valueToTree(record));
  }

  /** Writes the text of a record to a file, whole or not at all. */
  public static void write(Path file, Object record) throws IOException {
    AtomicFile.write(file, of(record).getBytes(StandardCharsets.UTF_8));
  }

  /** Returns the text of a value, with a newline at its end. NaN and infinities are an error. */
  public static String write(JsonNode value) {
    return write(value, Set.of());
  }

  /**
   * Returns the text of a value, some of whose arrays have one element per line whatever the
   * elements hold.
   *
   * @param lines JSON pointers of these arrays
   */
  public static String write(JsonNode value, Set<String> lines) {
    CanonicalJson json = new CanonicalJson(lines);
    json.value(value, "", "");
    return json.out.append('\n').toString();
  }

  /** Returns the shortest decimal of a double; an error if it is not finite. */
  public static String number(double value) {
    Require.that(Double.isFinite(value), "number must be finite, got %s", value);
    if (value == 0) {
      return "0";
    }
    BigDecimal shortest = new BigDecimal(NumberOutput.toString(value, true)).stripTrailingZeros();
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
      value(entry.getValue(), inner, Json.child(pointer, entry.getKey()));
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

  /** Writes a container, or a scalar, on one line. */
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
        line(entry.getValue(), Json.child(pointer, entry.getKey()));
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
          pointer + " must be a JSON value, got " + value.getNodeType());
    }
  }

  private void string(String text) {
    out.append('"').append(JsonStringEncoder.getInstance().quoteAsCharArray(text)).append('"');
  }
}
