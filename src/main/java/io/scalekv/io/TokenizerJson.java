package io.scalekv.io;

import java.util.List;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * A {@code tokenizer.json} of unknown origin, before the native library of HuggingFace sees it:
 * that one ends the whole process on some files that are not sound. Whoever reads one checks its
 * model and hands on only the parts that are needed.
 */
public final class TokenizerJson {
  private static final int LONGEST = 80;

  /** What a file may hold; what is left out of it is null. */
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

  private static final JsonMapper STRICT =
      JsonMapper.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private TokenizerJson() {}

  /**
   * Parses a whole file, strictly.
   *
   * @throws IllegalArgumentException if it is no JSON object, or a key stands twice in one
   */
  public static JsonNode parse(byte[] file) {
    JsonNode whole;
    try {
      whole = STRICT.readTree(file);
    } catch (JacksonException e) {
      throw new IllegalArgumentException("valid JSON expected: " + e.getOriginalMessage(), e);
    }
    if (!whole.isObject()) {
      throw expected("an object", whole);
    }
    return whole;
  }

  /** The bytes of a file with some parts of another and null for all others. */
  public static byte[] only(JsonNode whole, List<String> parts) {
    ObjectNode own = STRICT.createObjectNode();
    for (String part : PARTS) {
      boolean kept = parts.contains(part) && whole.has(part);
      own.set(part, kept ? whole.get(part) : own.nullNode());
    }
    return STRICT.writeValueAsBytes(own);
  }

  /** The error of a place that holds something else. */
  public static IllegalArgumentException expected(String what, JsonNode found) {
    String text = found.isMissingNode() ? "nothing" : found.toString();
    return new IllegalArgumentException(
        what + " expected, got " + text.substring(0, Math.min(LONGEST, text.length())));
  }
}
