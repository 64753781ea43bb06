package io.scalekv.vocabtrim.text;

import io.scalekv.io.Sha256;
import io.scalekv.io.TokenizerJson;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Checked byte-pair {@code tokenizer.json}.
 *
 * @param tokens by id, special ones included
 * @param special ids of special tokens, ascending
 * @param bytes ids of tokens of a single byte, ascending
 * @param own the parts of the file that encode or decode
 */
record BytePairJson(
    SortedMap<Integer, String> tokens,
    SortedSet<Integer> special,
    SortedSet<Integer> bytes,
    byte[] own) {
  private static final int MOST_TOKENS = 1 << 24;

  private static final List<String> PARTS =
      List.of("version", "added_tokens", "normalizer", "pre_tokenizer", "decoder", "model");

  /**
   * Checks a file.
   *
   * @throws IllegalArgumentException if the library could not use it safely
   */
  static BytePairJson of(byte[] file) {
    JsonNode whole = TokenizerJson.parse(file);
    JsonNode model = whole.path("model");
    if (!model.path("type").asString("BPE").equals("BPE") || !model.path("vocab").isObject()) {
      throw TokenizerJson.error("/model", "of type BPE with a vocab", model.path("type"));
    }
    for (String affix : List.of("continuing_subword_prefix", "end_of_word_suffix")) {
      if (!model.path(affix).asString("").isEmpty()) {
        throw TokenizerJson.error("/model/" + affix, "empty", model.path(affix));
      }
    }
    SortedMap<Integer, String> tokens = new TreeMap<>();
    SortedSet<Integer> bytes = new TreeSet<>();
    model
        .path("vocab")
        .properties()
        .forEach(
            token -> {
              if (tokens.put(id(token.getValue()), token.getKey()) != null) {
                String condition = "ids without repetition";
                throw TokenizerJson.error("/model/vocab", condition, token.getValue());
              }
              if (ByteAlphabet.isByte(token.getKey())) {
                bytes.add(token.getValue().intValue());
              }
            });
    checkMerges(model.path("vocab"), model.path("merges"));
    SortedSet<Integer> special = new TreeSet<>();
    for (JsonNode token : whole.path("added_tokens")) {
      if (!token.path("content").isString() || token.path("content").stringValue().isEmpty()) {
        throw TokenizerJson.error("/added_tokens", "a list of tokens with a content", token);
      }
      tokens.put(id(token.path("id")), token.path("content").stringValue());
      if (token.path("special").asBoolean(false)) {
        special.add(token.path("id").asInt());
      }
    }
    return new BytePairJson(tokens, special, bytes, TokenizerJson.only(whole, PARTS));
  }

  /** Returns the number of ids: the largest and 1. */
  int size() {
    return tokens.isEmpty() ? 0 : tokens.lastKey() + 1;
  }

  /** Returns the SHA-256 of lines of id and token. */
  String tokensHash() {
    StringBuilder lines = new StringBuilder();
    tokens.forEach((id, text) -> lines.append(id).append('\t').append(text).append('\n'));
    return Sha256.of(lines.toString().getBytes(StandardCharsets.UTF_8));
  }

  /** Puts an added token into a file. */
  static void putToken(ObjectNode token, int id, String content, boolean special) {
    token.put("id", id).put("content", content);
    for (String flag : List.of("single_word", "lstrip", "rstrip", "normalized")) {
      token.put(flag, false);
    }
    token.put("special", special);
  }

  /** Puts a step on byte characters into a file; {@code split} into words of GPT-2, or not. */
  static void putByteLevel(ObjectNode step, boolean prefixSpace, boolean split) {
    step.put("type", "ByteLevel").put("add_prefix_space", prefixSpace);
    step.put("trim_offsets", true).put("use_regex", split);
  }

  private static int id(JsonNode id) {
    if (!id.isInt() || id.intValue() < 0 || id.intValue() >= MOST_TOKENS) {
      throw TokenizerJson.error("/model/vocab", "ids from 0 to " + (MOST_TOKENS - 1), id);
    }
    return id.intValue();
  }

  /** Checks pairs of tokens that merge to a token; a text with a blank or a list of two. */
  private static void checkMerges(JsonNode vocabulary, JsonNode merges) {
    if (!merges.isArray()) {
      throw TokenizerJson.error("/model/merges", "a list", merges);
    }
    for (JsonNode merge : merges) {
      String left;
      String right;
      if (merge.isString() && merge.stringValue().indexOf(' ') > 0) {
        int blank = merge.stringValue().indexOf(' ');
        left = merge.stringValue().substring(0, blank);
        right = merge.stringValue().substring(blank + 1);
      } else if (merge.size() == 2 && merge.path(0).isString() && merge.path(1).isString()) {
        left = merge.path(0).stringValue();
        right = merge.path(1).stringValue();
      } else {
        throw TokenizerJson.error("/model/merges", "a list of pairs", merge);
      }
      if (!vocabulary.has(left) || !vocabulary.has(right) || !vocabulary.has(left + right)) {
        throw TokenizerJson.error("/model/merges", "pairs of tokens of /model/vocab", merge);
      }
    }
  }
}
