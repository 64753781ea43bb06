package io.scalekv.vocabtrim.lm;

import static io.scalekv.weights.GgufValues.value;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ai.djl.ndarray.types.Shape;
import io.scalekv.vocabtrim.trim.HeadSurgery;
import io.scalekv.vocabtrim.trim.Mapping;
import io.scalekv.weights.GgmlType;
import io.scalekv.weights.GgufWriter;
import io.scalekv.weights.SafetensorsWriter;
import io.scalekv.weights.StoredType;
import io.scalekv.weights.TensorData;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** One model in both layouts, with grouped queries, tied and untied. */
final class GgufLlamaTest {
  private static final int V = 40;
  private static final Map<String, String> NAMES =
      Map.of(
          "model.embed_tokens.weight", "token_embd.weight",
          "model.norm.weight", "output_norm.weight",
          "lm_head.weight", "output.weight");
  private static final Map<String, String> PARTS =
      Map.of(
          "input_layernorm", "attn_norm",
          "self_attn.q_proj", "attn_q",
          "self_attn.k_proj", "attn_k",
          "self_attn.v_proj", "attn_v",
          "self_attn.o_proj", "attn_output",
          "post_attention_layernorm", "ffn_norm",
          "mlp.gate_proj", "ffn_gate",
          "mlp.up_proj", "ffn_up",
          "mlp.down_proj", "ffn_down");

  @TempDir Path folder;

  private static LlamaConfig config(boolean tied) {
    return new LlamaConfig(
        V, 24, 32, 2, 4, 2, 8, 1e-5, 5000, new RopeScaling.None(), 64, tied, 0, List.of(1));
  }

  /** Writes a folder of the Hugging Face layout and the same model as a GGUF file. */
  private Path write(LlamaConfig c) throws IOException {
    Random random = new Random(6);
    Map<String, TensorData> tensors = new LinkedHashMap<>();
    GgufWriter gguf =
        new GgufWriter()
            .put("general.architecture", "llama")
            .put("llama.embedding_length", value(c.width()))
            .put("llama.feed_forward_length", value(c.ffnWidth()))
            .put("llama.block_count", value(c.layers()))
            .put("llama.attention.head_count", value(c.heads()))
            .put("llama.attention.head_count_kv", value(c.kvHeads()))
            .put("llama.attention.key_length", value(c.headWidth()))
            .put("llama.attention.layer_norm_rms_epsilon", value(1e-5f))
            .put("llama.rope.freq_base", value(5000f))
            .put("llama.context_length", value(64))
            .put("tokenizer.ggml.eos_token_id", value(1))
            .put("tokenizer.ggml.bos_token_id", value(0));
    for (Map.Entry<String, Shape> e : LlamaWeights.shapes(c).entrySet()) {
      float[] values = new float[(int) e.getValue().size()];
      for (int i = 0; i < values.length; i++) {
        values[i] = (float) random.nextGaussian() / 4;
      }
      String name = e.getKey();
      tensors.put(name, TensorData.of(values, e.getValue().getShape()));
      String there = NAMES.get(name);
      if (there == null) {
        String[] parts = name.split("\\.", 4);
        String part = parts[3].substring(0, parts[3].length() - ".weight".length());
        there = "blk." + parts[2] + "." + PARTS.get(part) + ".weight";
      }
      boolean rotary = there.contains("attn_q") || there.contains("attn_k");
      put(gguf, there, rotary ? paired(values, c) : values, e.getValue().getShape());
    }
    Path hf = Files.createDirectories(folder.resolve("hf"));
    SafetensorsWriter.writeData(
        hf.resolve("model.safetensors"), tensors, StoredType.F32, Map.of("format", "pt"));
    Files.writeString(hf.resolve("config.json"), c.json());
    Path file = folder.resolve("model.gguf");
    gguf.write(file);
    return file;
  }

  /** Orders the rows of a head as llama.cpp's converter does: 0, D/2, 1, D/2 + 1, …. */
  private static float[] paired(float[] values, LlamaConfig c) {
    float[] out = new float[values.length];
    int half = c.headWidth() / 2;
    for (int row = 0; row < values.length / c.width(); row++) {
      int head = row / c.headWidth() * c.headWidth();
      int j = row - head;
      int from = head + j % 2 * half + j / 2;
      System.arraycopy(values, from * c.width(), out, row * c.width(), c.width());
    }
    return out;
  }

  private static void put(GgufWriter gguf, String name, float[] values, long[] shape) {
    ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(values);
    long[] sizes = shape.length == 1 ? shape : new long[] {shape[1], shape[0]};
    byte[] all = bytes.array();
    gguf.put(name, GgmlType.F32, (t, at) -> t.put(all, (int) at, t.remaining()), sizes);
  }

  private static List<float[]> logits(Llama model, int... tokens) {
    List<float[]> rows = new ArrayList<>();
    model.logits(List.of(tokens), (s, position, row) -> rows.add(row.clone()));
    return rows;
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void bothLayoutsGiveTheSameLogitsAndTrimmedFilesTheirColumns(boolean tied) throws IOException {
    Path file = write(config(tied));
    int[] ids = {0, 5, 6, 31, 39};
    VocabularySubset some = VocabularySubset.of(ids, V);
    Path small = folder.resolve("small.gguf");
    Path smallFolder = folder.resolve("small");
    HeadSurgery.trim(file, null, Mapping.of(some), false, small);
    HeadSurgery.trim(folder.resolve("hf"), null, Mapping.of(some), false, smallFolder);
    try (Llama published = Llama.open(folder.resolve("hf"));
        Llama gguf = Llama.open(file);
        Llama trimmed = Llama.open(small);
        Llama trimmedFolder = Llama.open(smallFolder)) {
      assertEquals(published.config(), gguf.config());
      assertEquals(some, trimmed.head());
      List<float[]> expected = logits(published, 3, 17, 0, 39, 8);
      List<float[]> read = logits(gguf, 3, 17, 0, 39, 8);
      List<float[]> part = logits(trimmed, 3, 17, 0, 39, 8);
      List<float[]> partFolder = logits(trimmedFolder, 3, 17, 0, 39, 8);
      for (int i = 0; i < expected.size(); i++) {
        assertArrayEquals(expected.get(i), read.get(i));
        for (int j = 0; j < ids.length; j++) {
          assertEquals(expected.get(i)[ids[j]], part.get(i)[j], 1e-5);
          assertEquals(expected.get(i)[ids[j]], partFolder.get(i)[j], 1e-5);
        }
      }
      // a head trimmed on disk can be trimmed further in memory
      try (Llama fewer = trimmed.withHead(VocabularySubset.of(new int[] {6, 39}, V))) {
        float[] last = logits(fewer, 3, 17).get(1);
        assertEquals(part.get(1)[2], last[0], 1e-5);
        assertEquals(part.get(1)[4], last[1], 1e-5);
      }
    }
  }

  @Test
  void otherArchitecturesAreRefused() {
    Path file = folder.resolve("other.gguf");
    new GgufWriter().put("general.architecture", "gpt2").write(file);
    assertThrows(IllegalArgumentException.class, () -> Llama.open(file));
  }
}
