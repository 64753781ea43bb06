package io.scalekv.io;

import java.io.IOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Iterator;
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

  private CanonicalJson() {}

  /** Returns the text of a record. */
  public static String of(Object record) {
    return write(Json.MAPPER.valueToTree(record));
  }

  /** Returns the first 16 hexadecimal digits of the SHA-256 of the text of a record. */
  public static String id(Object record) {
    return Sha256.of(of(record).getBytes(StandardCharsets.UTF_8)).substring(0, 16);
  }

  /** Writes the text of a record to a file, whole or not at all. */
  public static void write(Path file, Object record) throws IOException {
    AtomicFile.write(file, of(record).getBytes(StandardCharsets.UTF_8));
  }

  /** Returns the text of a value, with a newline at its end. NaN and infinities are an error. */
  public static String write(JsonNode value) {
    CanonicalJson json = new CanonicalJson();
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
    if (!value.isContainer()) {
      scalar(value, pointer);
    } else if (value.isEmpty()) {
      out.append(value.isObject() ? "{}" : "[]");
    } else {
      container(value, "\n" + indent, "\n" + indent + "  ", indent + "  ", pointer);
    }
  }

  /**
   * Writes a container.
   *
   * @param end before its last bracket
   * @param begin before every element
   * @param inner indent of the elements; null for one line
   */
  private void container(JsonNode value, String end, String begin, String inner, String pointer) {
    out.append(value.isObject() ? '{' : '[');
    String comma = "";
    int i = 0;
    Iterator<String> keys = value.propertyNames().iterator();
    for (JsonNode element : value) {
      out.append(comma).append(begin);
      String at = pointer + "/" + i++;
      if (value.isObject()) {
        String key = keys.next();
        at = Json.child(pointer, key);
        string(key);
        out.append(": ");
      }
      if (inner != null && (value.isObject() || !flat(element))) {
        value(element, inner, at);
      } else if (element.isContainer()) {
        container(element, "", "", null, at);
      } else {
        scalar(element, at);
      }
      comma = inner == null ? ", " : ",";
    }
    out.append(end).append(value.isObject() ? '}' : ']');
  }

  private static boolean flat(JsonNode element) {
    return element.valueStream().noneMatch(JsonNode::isContainer);
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
