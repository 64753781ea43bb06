package io.scalekv.vocabtrim.lm;

import io.scalekv.io.Require;
import io.scalekv.weights.GgufFile;
import io.scalekv.weights.TensorInfo;
import io.scalekv.weights.TensorSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Llama model in a GGUF file under the names of the Hugging Face library. GGUF stores the rows of a
 * head of q and k in pairs (0, D/2, 1, D/2 + 1, …) for its rotary embedding; here they have the
 * order of that library (0, 1, …, D − 1).
 */
final class GgufLlama implements TensorSource {
  /** Divisors of the rotary frequencies, [D/2]; Llama 3.1 and later. */
  private static final String FREQUENCIES = "rope_freqs.weight";

  private static final Map<String, String> TOP =
      Map.of(
          "token_embd.weight", LlamaWeights.EMBEDDING,
          "output_norm.weight", LlamaWeights.FINAL_NORM,
          "output.weight", LlamaWeights.HEAD);
  private static final Map<String, String> LAYER =
      Map.of(
          "attn_norm", "input_layernorm",
          "attn_q", "self_attn.q_proj",
          "attn_k", "self_attn.k_proj",
          "attn_v", "self_attn.v_proj",
          "attn_output", "self_attn.o_proj",
          "ffn_norm", "post_attention_layernorm",
          "ffn_gate", "mlp.gate_proj",
          "ffn_up", "mlp.up_proj",
          "ffn_down", "mlp.down_proj");

  private final GgufFile file;
  private final LlamaConfig config;
  private final Map<String, String> stored = new LinkedHashMap<>();

  /** Takes over an open file. */
  GgufLlama(GgufFile file) {
    this.file = file;
    this.config = config(file);
    file.names().stream()
        .filter(n -> !n.equals(FREQUENCIES))
        .forEach(n -> stored.put(published(n), n));
  }

  private static String published(String name) {
    String[] parts = name.split("\\.");
    if (parts.length == 4 && parts[0].equals("blk") && LAYER.containsKey(parts[2])) {
      return "model.layers." + parts[1] + "." + LAYER.get(parts[2]) + "." + parts[3];
    }
    return TOP.getOrDefault(name, name);
  }

  private static LlamaConfig config(GgufFile file) {
    String architecture = file.text("general.architecture", "none");
    Require.that(
        architecture.equals("llama"), "general.architecture must be llama, got %s", architecture);
    int width = file.integer("llama.embedding_length");
    int heads = file.integer("llama.attention.head_count");
    int headWidth = number(file, "llama.attention.key_length", heads > 0 ? width / heads : 0);
    int rotated = number(file, "llama.rope.dimension_count", headWidth);
    Require.that(
        rotated == headWidth, "llama.rope.dimension_count must be %d, got %d", headWidth, rotated);
    String scaling = file.text("llama.rope.scaling.type", "none");
    Require.that(
        scaling.equals("none") || scaling.equals("linear"),
        "llama.rope.scaling.type must be none or linear, got %s",
        scaling);
    RopeScaling rope = new RopeScaling.None();
    if (file.names().contains(FREQUENCIES)) {
      List<Double> divisors = new ArrayList<>();
      for (float divisor : file.floats(FREQUENCIES)) {
        divisors.add((double) divisor);
      }
      rope = new RopeScaling.Divisors(divisors);
    } else if (scaling.equals("linear")) {
      rope = new RopeScaling.Linear(file.number("llama.rope.scaling.factor", 1));
    }
    long[] embedding = file.info("token_embd.weight").shape();
    int eos = number(file, "tokenizer.ggml.eos_token_id", -1);
    return new LlamaConfig(
        Math.toIntExact(embedding[0]),
        width,
        file.integer("llama.feed_forward_length"),
        file.integer("llama.block_count"),
        heads,
        number(file, "llama.attention.head_count_kv", heads),
        headWidth,
        // stored as float32, meant as its shortest decimal
        Double.parseDouble(
            Float.toString((float) file.number("llama.attention.layer_norm_rms_epsilon", 1e-5))),
        file.number("llama.rope.freq_base", 10_000),
        rope,
        number(file, "llama.context_length", 2048),
        !file.names().contains("output.weight"),
        number(file, "tokenizer.ggml.bos_token_id", -1),
        eos < 0 ? List.of() : List.of(eos));
  }

  private static int number(GgufFile file, String key, int otherwise) {
    return file.value(key) == null ? otherwise : file.integer(key);
  }

  LlamaConfig config() {
    return config;
  }

  @Override
  public Set<String> names() {
    return stored.keySet();
  }

  @Override
  public TensorInfo info(String name) {
    return file.info(stored.getOrDefault(name, name));
  }

  @Override
  public Map<String, String> metadata() {
    return file.metadata();
  }

  @Override
  public Bytes bytes(String name) {
    Bytes bytes = file.bytes(stored.getOrDefault(name, name));
    boolean paired = name.contains(".self_attn.q_proj.") || name.contains(".self_attn.k_proj.");
    TensorInfo info = info(name);
    return paired ? bytes.rows(info.byteLength() / info.shape()[0], this::pairedRow) : bytes;
  }

  /** Returns the row of the file, of 0, D/2, 1, D/2 + 1, …, for row 0, 1, …, D − 1 of a head. */
  private long pairedRow(long row) {
    int d = config.headWidth();
    long j = row % d;
    return row - j + 2 * (j % (d / 2)) + j / (d / 2);
  }

  @Override
  public void close() {
    file.close();
  }
}
