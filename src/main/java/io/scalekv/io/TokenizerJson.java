package io.scalekv.io;

import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Contents of a {@code tokenizer.json} of unknown origin, checked before the native library of
 * Hugging Face reads it: the library ends the whole process on some malformed files. A caller
 * checks the model and passes on only the parts that it needs.
 */
public final class TokenizerJson {
  private static final List<String> PARTS =
      List.of(
          "version",
          "added_tokens",
          "normalizer",
          "pre_tokenizer",
          "model",
          "post_processor",
          "decoder",
          "padding",
          "truncation");

  private TokenizerJson() {}

  /**
   * Parses a whole file.
   *
   * @throws IllegalArgumentException if it is no JSON object, or an object repeats a key
   */
  public static JsonNode parse(byte[] file) {
    JsonNode whole = Json.parse(file, "tokenizer");
    if (!whole.isObject()) {
      throw error("", "an object", whole);
    }
    return whole;
  }

  /** Returns a file with some parts of another and null for all others. */
  public static byte[] only(JsonNode whole, List<String> parts) {
    ObjectNode selected = Json.MAPPER.createObjectNode();
    for (String part : PARTS) {
      boolean selects = parts.contains(part) && whole.has(part);
      selected.set(part, selects ? whole.get(part) : selected.nullNode());
    }
    return Json.MAPPER.writeValueAsBytes(selected);
  }

  /** Returns the error of a value at a place. */
  public static IllegalArgumentException error(String pointer, String condition, JsonNode got) {
    return Json.error("tokenizer", pointer, condition, Json.show(got));
  }
}
