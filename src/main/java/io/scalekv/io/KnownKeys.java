package io.scalekv.io;

import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/** Finds keys that a schema does not know, and the known key that was probably meant. */
public final class KnownKeys {
  private static final int MOST_EDITS = 3;

  private KnownKeys() {}

  /**
   * Checks a value and all below it.
   *
   * @param root the whole schema; only {@code properties}, {@code items} and {@code $ref} to its
   *     {@code $defs} are followed
   * @throws IllegalArgumentException with one line: file, pointer, the nearest known key
   */
  public static void check(JsonNode root, JsonNode value, String file) {
    check(root, root, value, "", file);
  }

  private static void check(
      JsonNode root, JsonNode schema, JsonNode value, String pointer, String file) {
    JsonNode rules = schema;
    if (schema.has("$ref")) {
      rules = root.at(schema.get("$ref").stringValue().substring(1));
    }
    if (value.isArray() && rules.has("items")) {
      for (int i = 0; i < value.size(); i++) {
        check(root, rules.get("items"), value.get(i), pointer + "/" + i, file);
      }
    }
    if (!value.isObject() || !rules.has("properties")) {
      return;
    }
    JsonNode known = rules.get("properties");
    value
        .properties()
        .forEach(
            e -> {
              String place = pointer + "/" + e.getKey();
              if (!known.has(e.getKey())) {
                throw unknown(file, place, e.getKey(), List.copyOf(known.propertyNames()));
              }
              check(root, known.get(e.getKey()), e.getValue(), place, file);
            });
  }

  private static IllegalArgumentException unknown(
      String file, String place, String key, List<String> known) {
    String hint =
        nearest(key, known)
            .map(k -> "did you mean " + k + "?")
            .orElse("known are " + String.join(", ", known));
    return new IllegalArgumentException(
        file + ": " + CheckedJson.oneLine(place) + ": no such key; " + hint);
  }

  /** Returns the known word with the fewest changed letters, if any is near. */
  public static Optional<String> nearest(String word, List<String> known) {
    return known.stream()
        .filter(k -> edits(word, k) <= Math.min(MOST_EDITS, Math.max(1, k.length() / 2)))
        .min(Comparator.comparingInt(k -> edits(word, k)));
  }

  /** Levenshtein distance, letters compared without case. */
  private static int edits(String a, String b) {
    int[] row = new int[b.length() + 1];
    for (int j = 0; j <= b.length(); j++) {
      row[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        boolean same =
            Character.toLowerCase(a.charAt(i - 1)) == Character.toLowerCase(b.charAt(j - 1));
        int change = diagonal + (same ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(change, 1 + Math.min(row[j], row[j - 1]));
      }
    }
    return row[b.length()];
  }
}
