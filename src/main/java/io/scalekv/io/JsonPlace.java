package io.scalekv.io;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.Supplier;
import tools.jackson.databind.JsonNode;

/**
 * Value of a JSON document and its place. Every read checks the value; an error is one line that
 * names file, JSON pointer and value.
 *
 * @param node the value
 * @param file name of the file
 * @param pointer JSON pointer to the value, empty for the whole document
 */
public record JsonPlace(JsonNode node, String file, String pointer) {
  /** Returns the whole document. */
  public static JsonPlace of(JsonNode tree, String file) {
    return new JsonPlace(tree, file, "");
  }

  /** Returns the value of a key, which must be there. */
  public JsonPlace at(String key) {
    check(node.isObject(), "an object");
    JsonPlace child = child(key, node.get(key));
    Require.that(child.node != null, "%s: missing", child.name());
    return child;
  }

  /** Returns the value of a key, or empty where it is absent or null. */
  public Optional<JsonPlace> find(String key) {
    check(node.isObject(), "an object");
    return Optional.ofNullable(node.get(key)).filter(v -> !v.isNull()).map(v -> child(key, v));
  }

  /** Checks that an object has no other keys. */
  public void only(String... keys) {
    check(node.isObject(), "an object");
    Set<String> known = Set.of(keys);
    for (String key : node.propertyNames()) {
      Require.that(known.contains(key), "%s: unknown key", child(key, node).name());
    }
  }

  /** Returns the keys of an object. */
  public List<String> keys() {
    check(node.isObject(), "an object");
    return List.copyOf(node.propertyNames());
  }

  /** Returns the elements of an array. */
  public List<JsonPlace> elements() {
    check(node.isArray(), "an array");
    List<JsonPlace> elements = new ArrayList<>();
    for (int i = 0; i < node.size(); i++) {
      elements.add(child(String.valueOf(i), node.get(i)));
    }
    return elements;
  }

  /** Returns the elements of an array of a fixed length. */
  public List<JsonPlace> elements(int count) {
    check(node.isArray() && node.size() == count, "an array of " + count + " elements");
    return elements();
  }

  /** Returns a whole number in a range. */
  public long whole(long least, long most) {
    check(
        node.isIntegralNumber()
            && node.canConvertToLong()
            && node.longValue() >= least
            && node.longValue() <= most,
        "a whole number from " + least + " to " + most);
    return node.longValue();
  }

  /** Returns a whole number in a range. */
  public int integer(int least, int most) {
    return (int) whole(least, most);
  }

  /** Returns a finite number. */
  public double number() {
    check(node.isNumber() && Double.isFinite(node.doubleValue()), "a finite number");
    return node.doubleValue() + 0.0; // -0 is 0
  }

  /** Returns a finite number in a range. */
  public double number(double least, double most) {
    double value = number();
    if (!(value >= least && value <= most)) {
      check(false, "a number from " + least + " to " + most);
    }
    return value;
  }

  /** Returns an array of finite numbers of a fixed length. */
  public double[] numbers(int count) {
    return elements(count).stream().mapToDouble(JsonPlace::number).toArray();
  }

  /** Returns a text of at least one character. */
  public String text() {
    check(node.isString() && !node.stringValue().isEmpty(), "a text");
    return node.stringValue();
  }

  /** Returns an object of texts by key. */
  public SortedMap<String, String> texts() {
    SortedMap<String, String> texts = new TreeMap<>();
    for (String key : keys()) {
      JsonPlace value = at(key);
      value.check(value.node.isString(), "a text");
      texts.put(key, value.node.stringValue());
    }
    return texts;
  }

  /** Returns a value made of a text; an argument error of the maker gets the place. */
  public <T> T parse(Function<String, T> maker) {
    return with(() -> maker.apply(text()));
  }

  /** Returns a value made of this one; an argument error of the maker gets the place. */
  public <T> T with(Supplier<T> maker) {
    try {
      return maker.get();
    } catch (IllegalArgumentException e) {
      throw e.getMessage() != null && e.getMessage().startsWith(file)
          ? e
          : new IllegalArgumentException(name() + ": " + e.getMessage(), e);
    }
  }

  /** Checks a condition on this value. */
  public void check(boolean condition, String wanted) {
    Require.that(condition, "%s must be %s, got %s", name(), wanted, Json.show(node));
  }

  private JsonPlace child(String key, JsonNode value) {
    return new JsonPlace(value, file, Json.child(pointer, key));
  }

  private String name() {
    return pointer.isEmpty() ? file : file + ": " + Json.oneLine(pointer);
  }
}
