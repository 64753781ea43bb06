package io.scalekv.vocabtrim.lm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LlamaConfigTest {
  /** The published configuration of Llama-3.2-3B-Instruct, in its essentials. */
  private static final String LLAMA_3_2_3B =
      """
      {"architectures": ["LlamaForCausalLM"], "attention_bias": false, "attention_dropout": 0.0,
       "bos_token_id": 128000, "eos_token_id": [128001, 128008, 128009], "head_dim": 128,
       "hidden_act": "silu", "hidden_size": 3072, "intermediate_size": 8192,
       "max_position_embeddings": 131072, "mlp_bias": false, "model_type": "llama",
       "num_attention_heads": 24, "num_hidden_layers": 28, "num_key_value_heads": 8,
       "rms_norm_eps": 1e-05,
       "rope_scaling": {"factor": 32.0, "high_freq_factor": 4.0, "low_freq_factor": 1.0,
         "original_max_position_embeddings": 8192, "rope_type": "llama3"},
       "rope_theta": 500000.0, "tie_word_embeddings": true, "torch_dtype": "bfloat16",
       "vocab_size": 128256}
      """;

  @TempDir Path folder;

  private LlamaConfig read(String json) throws IOException {
    Path file = folder.resolve("config.json");
    Files.writeString(file, json);
    return LlamaConfig.read(file);
  }

  @Test
  void readsAPublishedConfiguration() throws IOException {
    LlamaConfig c = read(LLAMA_3_2_3B);
    assertEquals(new RopeScaling.Llama3(32, 1, 4, 8192), c.ropeScaling());
    assertEquals(List.of(128001, 128008, 128009), c.eos());
    assertEquals(128000, c.bos());
    // 3.21 B parameters; the paper's 394.0 M of the head
    assertEquals(3_212_749_824L, c.parameters());
    assertEquals(394_002_432L, c.embeddingParameters());
    assertEquals(c, read(c.json()));
  }

  @Test
  void absentKeysHaveTheDefaultsOfTheLibrary() throws IOException {
    LlamaConfig c =
        read(
            """
            {"model_type": "llama", "vocab_size": 10, "hidden_size": 12, "intermediate_size": 8,
             "num_hidden_layers": 1, "num_attention_heads": 3, "eos_token_id": 2}
            """);
    assertEquals(
        new LlamaConfig(
            10,
            12,
            8,
            1,
            3,
            3,
            4,
            1e-6,
            10000,
            new RopeScaling.None(),
            2048,
            false,
            -1,
            List.of(2)),
        c);
    assertEquals(c, read(c.json()));
  }

  @Test
  void readsTheRotaryPartOfNewerFiles() throws IOException {
    String json =
        LLAMA_3_2_3B
            .replace("\"rope_scaling\": {", "\"rope_parameters\": {\"rope_theta\": 7000.0, ")
            .replace("\"rope_theta\": 500000.0,", "");
    LlamaConfig c = read(json);
    assertEquals(7000, c.ropeTheta());
    assertEquals(new RopeScaling.Llama3(32, 1, 4, 8192), c.ropeScaling());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "'model_type': 'llama' | 'model_type': 'qwen2' | model_type | qwen2",
        "'hidden_act': 'silu' | 'hidden_act': 'gelu' | hidden_act | gelu",
        "'attention_bias': false | 'attention_bias': true | attention_bias | true",
        "'num_key_value_heads': 8 | 'num_key_value_heads': 7 | num_key_value_heads | 7",
        "'head_dim': 128 | 'head_dim': 127 | head_dim | 127",
        "'vocab_size': 128256 | 'vocab_size': 0 | vocab_size | 0",
        "'vocab_size': 128256 | 'vocab_size': 'many' | vocab_size | 'many'",
        "'rope_type': 'llama3' | 'rope_type': 'yarn' | rope_type | yarn",
        "'factor': 32.0 | 'factor': 0.5 | factor of rope_scaling | 0.5",
        "'bos_token_id': 128000 | 'bos_token_id': 128256 | bos_token_id | 128256",
        "'torch_dtype' | 'quantization_config': {}, 'torch_dtype' | quantised |"
            + " quantization_config",
      },
      quoteCharacter = '`')
  void unsoundConfigurationsAreRefused(String from, String to, String field, String value) {
    String sound = from.replace('\'', '"');
    assertTrue(LLAMA_3_2_3B.contains(sound), from);
    String json = LLAMA_3_2_3B.replace(sound, to.replace('\'', '"'));
    Exception e = assertThrows(IllegalArgumentException.class, () -> read(json));
    String message = e.getMessage();
    assertTrue(message.startsWith(folder.resolve("config.json") + ": "), message);
    assertTrue(message.contains(field), message);
    assertTrue(message.endsWith(value.replace('\'', '"')), message);
  }

  @Test
  void anythingElseIsNoConfiguration() {
    Exception e = assertThrows(IllegalArgumentException.class, () -> read("["));
    assertTrue(e.getMessage().contains("config.json: "), e.getMessage());
    e = assertThrows(IllegalArgumentException.class, () -> read("{}"));
    assertTrue(e.getMessage().endsWith("got none"), e.getMessage());
  }

  @Test
  void retainedIdsAreChecked() {
    VocabularySubset k = VocabularySubset.of(new int[] {1, 4}, 6);
    assertEquals(4, k.id(1));
    assertEquals(1, k.row(4));
    assertEquals(-1, k.row(5));
    assertEquals("2 of 6 tokens", k.toString());
    assertEquals(k, VocabularySubset.of(new int[] {1, 4}, 6));
    assertTrue(VocabularySubset.all(3).isAll());
    for (int[] bad : new int[][] {{}, {1, 1}, {2, 1}, {-1}, {6}}) {
      assertThrows(IllegalArgumentException.class, () -> VocabularySubset.of(bad, 6));
    }
  }
}
