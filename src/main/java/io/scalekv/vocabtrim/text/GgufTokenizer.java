package io.scalekv.vocabtrim.text;

import io.scalekv.io.Json;
import io.scalekv.io.Require;
import io.scalekv.weights.GgufFile;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Byte-pair tokenizer from the tables of a GGUF file (tokens, merges, types), as the contents of a
 * {@code tokenizer.json}. The file names the split into words but does not contain it; known names
 * are those of {@link #SPLITS} and of the GPT-2 family.
 */
final class GgufTokenizer {
  private static final String LLAMA3 =
      "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}|"
          + " ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
  private static final Map<String, String> SPLITS =
      Map.of("llama-bpe", LLAMA3, "qwen2", LLAMA3.replace("{1,3}", ""));
  private static final List<String> SINGLE_DIGITS =
      List.of("smollm", "starcoder", "refact", "command-r");
  private static final List<String> PLAIN = List.of("gpt-2", "default");
  private static final long CONTROL = 3;
  private static final long USER_DEFINED = 4;
  private static final long UNUSED = 5;

  private GgufTokenizer() {}

  /**
   * Returns why texts cannot be split as the model's tokenizer does; null if they can. The tables
   * of tokens are the same either way.
   */
  static String unknownSplit(GgufFile file) {
    String kind = file.text("tokenizer.ggml.model", "none");
    String pre = file.text("tokenizer.ggml.pre", "default");
    if (!kind.equals("gpt2")) {
      return "tokenizer.ggml.model must be gpt2, got " + kind;
    }
    boolean known = SPLITS.containsKey(pre) || SINGLE_DIGITS.contains(pre) || PLAIN.contains(pre);
    return known
        ? null
        : "tokenizer.ggml.pre must be one of %s, %s and %s, got %s"
            .formatted(SPLITS.keySet(), SINGLE_DIGITS, PLAIN, pre);
  }

  /** Returns the contents of a {@code tokenizer.json}. */
  static byte[] json(GgufFile file) {
    String pre = file.text("tokenizer.ggml.pre", "default");
    List<?> tokens = file.list("tokenizer.ggml.tokens");
    List<?> types = file.list("tokenizer.ggml.token_type");
    Require.that(
        types.size() == tokens.size(),
        "tokenizer.ggml.token_type must have %d values, got %d",
        tokens.size(),
        types.size());
    ObjectNode all = Json.MAPPER.createObjectNode().put("version", "1.0");
    ArrayNode added = all.putArray("added_tokens");
    ObjectNode model = Json.MAPPER.createObjectNode().put("type", "BPE");
    ObjectNode vocabulary = model.putObject("vocab");
    for (int id = 0; id < tokens.size(); id++) {
      String text = String.valueOf(tokens.get(id));
      Object type = types.get(id);
      if (type.equals(CONTROL) || type.equals(USER_DEFINED)) {
        BytePairJson.putToken(added.addObject(), id, text, type.equals(CONTROL));
      }
      if (!type.equals(UNUSED)) {
        vocabulary.put(text, id);
      }
    }
    ArrayNode merges = model.putArray("merges");
    if (unknownSplit(file) == null) {
      file.list("tokenizer.ggml.merges").forEach(m -> merges.add(String.valueOf(m)));
    }
    model.put("ignore_merges", pre.equals("llama-bpe"));
    if (pre.equals("qwen2")) {
      all.putObject("normalizer").put("type", "NFC");
    }
    ObjectNode split = all.putObject("pre_tokenizer").put("type", "Sequence");
    ArrayNode steps = split.putArray("pretokenizers");
    if (SPLITS.containsKey(pre)) {
      ObjectNode step = steps.addObject().put("type", "Split");
      step.putObject("pattern").put("Regex", SPLITS.get(pre));
      step.put("behavior", "Isolated").put("invert", false);
    } else if (SINGLE_DIGITS.contains(pre)) {
      steps.addObject().put("type", "Digits").put("individual_digits", true);
    }
    BytePairJson.putByteLevel(steps.addObject(), false, !SPLITS.containsKey(pre));
    BytePairJson.putByteLevel(all.putObject("decoder"), false, true);
    all.set("model", model);
    return Json.MAPPER.writeValueAsBytes(all);
  }
}
