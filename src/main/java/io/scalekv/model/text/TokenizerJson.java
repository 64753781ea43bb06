package io.scalekv.model.text;

import java.util.List;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * Looks at a {@code tokenizer.json} before the native library does: that one ends the whole process
 * on some files that are not sound.
 */
final class TokenizerJson {
  /** What turns a text into numbers; everything else is left out. */
  private static final List<String> PARTS =
      List.of("version", "added_tokens", "normalizer", "pre_tokenizer", "model");

  private static final JsonMapper STRICT =
      JsonMapper.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private TokenizerJson() {}

  /**
   * The part of the file that encodes.
   *
   * @param file its bytes
   * @return a tokenizer without post-processor, decoder, padding and truncation
   * @throws IllegalArgumentException with what was expected and found
   */
  static byte[] encoderOf(byte[] file) {
    JsonNode whole;
    try {
      whole = STRICT.readTree(file);
    } catch (JacksonException e) {
      throw new IllegalArgumentException("valid JSON expected: " + e.getOriginalMessage(), e);
    }
    if (!whole.isObject()) {
      throw expected("an object", whole);
    }
    ObjectNode own = STRICT.createObjectNode();
    for (String part : PARTS) {
      own.set(part, whole.path(part).isMissingNode() ? own.nullNode() : whole.get(part));
    }
    check(own.get("model"));
    for (String empty : List.of("post_processor", "decoder", "padding", "truncation")) {
      own.putNull(empty);
    }
    return STRICT.writeValueAsBytes(own);
  }

  /** A unigram model: pieces with their logarithmic probabilities, one of them unknown. */
  private static void check(JsonNode model) {
    JsonNode type = model.path("type");
    if (!type.isString() || !type.stringValue().equals("Unigram")) {
      throw expected("model/type Unigram", type);
    }
    JsonNode pieces = model.path("vocab");
    if (!pieces.isArray() || pieces.isEmpty()) {
      throw expected("model/vocab with pieces", pieces);
    }
    for (JsonNode piece : pieces) {
      if (piece.size() != 2
          || !piece.path(0).isString()
          || !piece.path(1).isNumber()
          || !Double.isFinite(piece.path(1).doubleValue())) {
        throw expected("model/vocab with pairs of text and number", piece);
      }
    }
    JsonNode unknown = model.path("unk_id");
    if (!unknown.isInt() || unknown.intValue() < 0 || unknown.intValue() >= pieces.size()) {
      throw expected("model/unk_id below " + pieces.size(), unknown);
    }
  }

  private static IllegalArgumentException expected(String what, JsonNode found) {
    String text = found.isMissingNode() ? "nothing" : found.toString();
    return new IllegalArgumentException(
        what + " expected, got " + text.substring(0, Math.min(80, text.length())));
  }
}
