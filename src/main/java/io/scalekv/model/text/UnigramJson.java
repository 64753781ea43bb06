package io.scalekv.model.text;

import io.scalekv.io.TokenizerJson;
import java.util.List;
import tools.jackson.databind.JsonNode;

/** Encoder part of a {@code tokenizer.json} of T5, checked. */
final class UnigramJson {
  /** Parts of the file that encode a text. */
  private static final List<String> PARTS =
      List.of("version", "added_tokens", "normalizer", "pre_tokenizer", "model");

  private UnigramJson() {}

  /**
   * Returns the part of the file that encodes.
   *
   * @param file its bytes
   * @return a tokenizer without post-processor, decoder, padding and truncation
   * @throws IllegalArgumentException with what was expected and found
   */
  static byte[] encoderOf(byte[] file) {
    JsonNode whole = TokenizerJson.parse(file);
    check(whole.path("model"));
    return TokenizerJson.only(whole, PARTS);
  }

  /** A unigram model: pieces with their logarithmic probabilities, one of them unknown. */
  private static void check(JsonNode model) {
    JsonNode type = model.path("type");
    if (!type.isString() || !type.stringValue().equals("Unigram")) {
      throw TokenizerJson.error("/model/type", "Unigram", type);
    }
    JsonNode pieces = model.path("vocab");
    if (!pieces.isArray() || pieces.isEmpty()) {
      throw TokenizerJson.error("/model/vocab", "a list of pieces", pieces);
    }
    for (JsonNode piece : pieces) {
      if (piece.size() != 2
          || !piece.path(0).isString()
          || !piece.path(1).isNumber()
          || !Double.isFinite(piece.path(1).doubleValue())) {
        throw TokenizerJson.error("/model/vocab", "pairs of text and number", piece);
      }
    }
    JsonNode unknown = model.path("unk_id");
    if (!unknown.isInt() || unknown.intValue() < 0 || unknown.intValue() >= pieces.size()) {
      throw TokenizerJson.error("/model/unk_id", "below " + pieces.size(), unknown);
    }
  }
}
