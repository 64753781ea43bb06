package io.scalekv.vocabtrim.trim;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.vocabtrim.lm.VocabularySubset;
import io.scalekv.weights.SafetensorsFile;
import io.scalekv.weights.SafetensorsWriter;
import io.scalekv.weights.StoredType;
import io.scalekv.weights.TensorData;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Trimmed draft models on disk, read back. */
final class TrimmedDraftTest {
  private static final int V = 30;
  private static final int C = 4;

  @TempDir Path folder;

  private Path draft(boolean tied, StoredType type) throws IOException {
    Random random = new Random(5);
    Map<String, TensorData> tensors = new LinkedHashMap<>();
    tensors.put("model.embed_tokens.weight", values(random, V, C));
    tensors.put("model.layers.0.mlp.up_proj.weight", values(random, 6, C));
    tensors.put("model.norm.weight", values(random, C));
    if (!tied) {
      tensors.put("lm_head.weight", values(random, V, C));
    }
    Path draft = Files.createDirectories(folder.resolve("draft"));
    SafetensorsWriter.writeData(
        draft.resolve("model.safetensors"), tensors, type, Map.of("format", "pt"));
    Files.writeString(
        draft.resolve("config.json"),
        "{\"architectures\": [\"LlamaForCausalLMEagle3\"], \"vocab_size\": "
            + V
            + ", \"tie_word_embeddings\": "
            + tied
            + "}");
    Files.writeString(draft.resolve("tokenizer.json"), "{}");
    return draft;
  }

  private static TensorData values(Random random, long... shape) {
    int n = 1;
    for (long side : shape) {
      n *= (int) side;
    }
    float[] values = new float[n];
    for (int i = 0; i < n; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return new TensorData.Floats(values, shape);
  }

  @ParameterizedTest
  @CsvSource({"false,F32", "true,F32", "false,BF16", "true,F16"})
  void rowsMappingAndConfigurationAreThere(boolean tied, StoredType type) throws IOException {
    Path draft = draft(tied, type);
    VocabularySubset retained = VocabularySubset.of(new int[] {0, 3, 4, 17, 29}, V);
    Path out = folder.resolve("out");
    TrimmedDraftModel.Report report = TrimmedDraftModel.write(draft, retained, out);
    assertEquals(V * C, report.headParametersBefore());
    assertEquals(5 * C, report.headParameters());
    try (SafetensorsFile before = SafetensorsFile.open(draft.resolve("model.safetensors"));
        SafetensorsFile after = SafetensorsFile.open(out.resolve("model.safetensors"))) {
      float[] full = before.floats(tied ? "model.embed_tokens.weight" : "lm_head.weight");
      float[] head = after.floats("lm_head.weight");
      assertArrayEquals(new long[] {5, C}, after.info("lm_head.weight").shape());
      for (int j = 0; j < 5; j++) {
        for (int c = 0; c < C; c++) {
          assertEquals(full[retained.id(j) * C + c], head[j * C + c]);
        }
      }
      for (String name : before.names()) {
        if (!name.equals("lm_head.weight")) {
          assertEquals(type, after.info(name).type());
          assertArrayEquals(before.floats(name), after.floats(name), name);
        }
      }
      assertArrayEquals(new long[] {0, 2, 2, 14, 25}, after.longs("d2t"));
      assertEquals(StoredType.I64, after.info("d2t").type());
      assertEquals(StoredType.BOOL, after.info("t2d").type());
    }
    assertEquals(retained, MappingFile.read(out, MappingForm.D2T_OFFSET, V).retained());
    String config = Files.readString(out.resolve("config.json"));
    assertTrue(config.contains("\"draft_vocab_size\" : 5"), config);
    assertTrue(config.contains("\"tie_word_embeddings\" : false"), config);
    assertTrue(config.contains("LlamaForCausalLMEagle3"), config);
    assertTrue(Files.exists(out.resolve("tokenizer.json")));
  }

  @Test
  void aTrimmedDraftCanBeTrimmedFurther() throws IOException {
    Path draft = draft(false, StoredType.F32);
    Path once = folder.resolve("once");
    Path twice = folder.resolve("twice");
    Path direct = folder.resolve("direct");
    TrimmedDraftModel.write(draft, VocabularySubset.of(new int[] {0, 3, 4, 17, 29}, V), once);
    VocabularySubset fewer = VocabularySubset.of(new int[] {3, 29}, V);
    TrimmedDraftModel.write(once, fewer, twice);
    TrimmedDraftModel.write(draft, fewer, direct);
    assertArrayEquals(
        Files.readAllBytes(direct.resolve("model.safetensors")),
        Files.readAllBytes(twice.resolve("model.safetensors")));
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class,
            () ->
                TrimmedDraftModel.write(
                    once, VocabularySubset.of(new int[] {5}, V), folder.resolve("x")));
    assertTrue(e.getMessage().endsWith("got 5"), e.getMessage());
    assertFalse(Files.exists(folder.resolve("x/model.safetensors")));
  }

  @Test
  void anotherVocabularyIsRefused() throws IOException {
    Path draft = draft(false, StoredType.F32);
    assertThrows(
        IllegalArgumentException.class,
        () -> TrimmedDraftModel.write(draft, VocabularySubset.all(7), folder.resolve("x")));
    assertThrows(
        IllegalArgumentException.class,
        () -> TrimmedDraftModel.write(draft, VocabularySubset.all(V), draft));
  }
}
