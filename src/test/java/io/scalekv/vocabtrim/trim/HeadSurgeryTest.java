package io.scalekv.vocabtrim.trim;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.vocabtrim.lm.VocabularySubset;
import io.scalekv.weights.GgmlType;
import io.scalekv.weights.GgufFile;
import io.scalekv.weights.GgufValues;
import io.scalekv.weights.GgufWriter;
import io.scalekv.weights.SafetensorsFile;
import io.scalekv.weights.SafetensorsWriter;
import io.scalekv.weights.StoredType;
import io.scalekv.weights.TensorData;
import io.scalekv.weights.TensorSource;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Trimmed draft models on disk, read back. */
final class HeadSurgeryTest {
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

  private static HeadSurgery.Report trim(Path draft, VocabularySubset retained, Path out)
      throws IOException {
    return HeadSurgery.trim(draft, null, Mapping.of(retained), false, out);
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
    return TensorData.of(values, shape);
  }

  @ParameterizedTest
  @CsvSource({"false,F32", "true,F32", "false,BF16", "true,F16"})
  void rowsMappingAndConfigurationAreThere(boolean tied, StoredType type) throws IOException {
    Path draft = draft(tied, type);
    VocabularySubset retained = VocabularySubset.of(new int[] {0, 3, 4, 17, 29}, V);
    Path out = folder.resolve("out");
    HeadSurgery.Report report = trim(draft, retained, out);
    assertEquals((long) V * C * type.width(), report.headBytesBefore());
    assertEquals(5L * C * type.width(), report.headBytes());
    assertEquals(tied, report.tied());
    try (TensorSource before = SafetensorsFile.open(draft.resolve("model.safetensors"));
        TensorSource after = SafetensorsFile.open(out.resolve("model.safetensors"))) {
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
    trim(draft, VocabularySubset.of(new int[] {0, 3, 4, 17, 29}, V), once);
    VocabularySubset fewer = VocabularySubset.of(new int[] {3, 29}, V);
    trim(once, fewer, twice);
    trim(draft, fewer, direct);
    assertArrayEquals(
        Files.readAllBytes(direct.resolve("model.safetensors")),
        Files.readAllBytes(twice.resolve("model.safetensors")));
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class,
            () -> trim(once, VocabularySubset.of(new int[] {5}, V), folder.resolve("x")));
    assertTrue(e.getMessage().endsWith("got 5"), e.getMessage());
    assertFalse(Files.exists(folder.resolve("x/model.safetensors")));
  }

  private static TensorData bytes(StoredType type, Random random, long... shape) {
    long n = type.width();
    for (long side : shape) {
      n *= side;
    }
    byte[] all = new byte[(int) n];
    random.nextBytes(all);
    return new TensorData(type, (t, at) -> t.put(all, (int) at, t.remaining()), shape);
  }

  private static byte[] all(TensorSource source, String name) {
    ByteBuffer bytes = ByteBuffer.allocate((int) source.info(name).byteLength());
    source.bytes(name).read(bytes, 0);
    return bytes.array();
  }

  /** Tensors outside the head keep every byte and their type, whatever it is. */
  @Test
  void otherTensorsOfAnyTypeAreCopiedBitForBit() throws IOException {
    Random random = new Random(8);
    Path draft = Files.createDirectories(folder.resolve("mixed"));
    Map<String, TensorData> tensors = new LinkedHashMap<>();
    for (StoredType type : StoredType.values()) {
      tensors.put("other." + type, bytes(type, random, 3, 5));
    }
    tensors.put("scalar", bytes(StoredType.F32, random));
    tensors.put("lm_head.weight", bytes(StoredType.BF16, random, V, C));
    tensors.put("lm_head.bias", bytes(StoredType.F16, random, V));
    SafetensorsWriter.writeData(
        draft.resolve("model.safetensors"), tensors, StoredType.F32, Map.of());
    Files.writeString(draft.resolve("config.json"), "{\"vocab_size\": " + V + "}");
    Path out = folder.resolve("out");
    int[] ids = {1, 2, 28};
    trim(draft, VocabularySubset.of(ids, V), out);
    try (TensorSource before = TensorSource.open(draft);
        TensorSource after = TensorSource.open(out)) {
      for (String name : before.names()) {
        assertEquals(before.info(name).type(), after.info(name).type(), name);
        byte[] whole = all(before, name);
        byte[] read = all(after, name);
        if (!name.startsWith("lm_head")) {
          assertArrayEquals(whole, read, name);
        } else {
          int row = whole.length / V;
          for (int j = 0; j < ids.length; j++) {
            assertArrayEquals(
                Arrays.copyOfRange(whole, ids[j] * row, (ids[j] + 1) * row),
                Arrays.copyOfRange(read, j * row, (j + 1) * row));
          }
        }
      }
    }
  }

  /** Packed int4 head with shared zero points, against values unpacked one by one. */
  @ParameterizedTest
  @ValueSource(ints = {4, 8})
  void packedRowsKeepTheirValues(int bits) throws IOException {
    Random random = new Random(bits);
    int perWord = 32 / bits;
    int columns = 16;
    int rows = 40;
    Path draft = Files.createDirectories(folder.resolve("packed"));
    Map<String, TensorData> tensors = new LinkedHashMap<>();
    tensors.put(
        "mtp.lm_head.weight_packed", bytes(StoredType.I32, random, rows, columns / perWord));
    tensors.put("mtp.lm_head.weight_scale", bytes(StoredType.BF16, random, rows, 2));
    tensors.put("mtp.lm_head.weight_zero_point", bytes(StoredType.I32, random, rows / perWord, 2));
    tensors.put("mtp.lm_head.weight_shape", TensorData.of(new long[] {rows, columns}, 2));
    tensors.put("mtp.norm.weight", bytes(StoredType.BF16, random, columns));
    SafetensorsWriter.writeData(
        draft.resolve("model.safetensors"), tensors, StoredType.F32, Map.of());
    Files.writeString(draft.resolve("config.json"), "{\"vocab_size\": " + rows + "}");
    Path out = folder.resolve("out");
    int[] ids = {0, 3, 9, 17, 38, 39};
    Mapping mapping = Mapping.of(VocabularySubset.of(ids, rows));
    HeadSurgery.trim(draft, null, mapping, true, out);
    try (TensorSource before = TensorSource.open(draft);
        TensorSource after = TensorSource.open(out)) {
      assertFalse(after.names().contains("mtp.norm.weight"));
      assertArrayEquals(new long[] {ids.length, columns}, after.longs("mtp.lm_head.weight_shape"));
      for (int j = 0; j < ids.length; j++) {
        for (int c = 0; c < columns; c++) {
          assertEquals(
              value(before, "weight_packed", columns / perWord, ids[j], c, bits),
              value(after, "weight_packed", columns / perWord, j, c, bits));
        }
        for (int c = 0; c < 2; c++) {
          assertEquals(zero(before, ids[j], c, bits), zero(after, j, c, bits), ids[j] + " " + c);
        }
      }
      assertArrayEquals(
          Arrays.copyOfRange(all(before, "mtp.lm_head.weight_scale"), 12, 16),
          Arrays.copyOfRange(all(after, "mtp.lm_head.weight_scale"), 4, 8));
    }
  }

  private static int value(TensorSource s, String name, int words, int row, int column, int bits) {
    int word = s.ints("mtp.lm_head." + name)[row * words + column * bits / 32];
    return word >>> column * bits % 32 & (1 << bits) - 1;
  }

  private static int zero(TensorSource s, int row, int column, int bits) {
    int perWord = 32 / bits;
    int word = s.ints("mtp.lm_head.weight_zero_point")[row / perWord * 2 + column];
    return word >>> row % perWord * bits & (1 << bits) - 1;
  }

  @Test
  void headsPackedAlongColumnsAreRefused() throws IOException {
    Path draft = Files.createDirectories(folder.resolve("gptq"));
    Map<String, TensorData> tensors =
        Map.of("lm_head.qweight", bytes(StoredType.I32, new Random(1), 2, V));
    SafetensorsWriter.writeData(
        draft.resolve("model.safetensors"), tensors, StoredType.F32, Map.of());
    Files.writeString(draft.resolve("config.json"), "{\"vocab_size\": " + V + "}");
    assertThrows(
        IllegalArgumentException.class,
        () -> trim(draft, VocabularySubset.of(new int[] {1}, V), folder.resolve("x")));
  }

  /** Quantised rows of a GGUF file, tied or not; metadata stays; the reader opens the copy. */
  @ParameterizedTest
  @EnumSource(names = {"F32", "BF16", "Q4_0", "Q8_0", "IQ4_NL", "MXFP4"})
  void rowsOfGgufFilesAreCopied(GgmlType type) throws IOException {
    for (boolean tied : new boolean[] {true, false}) {
      Random random = new Random(4);
      int width = 64;
      byte[] embedding = new byte[V * width / type.block() * type.bytes()];
      random.nextBytes(embedding);
      byte[] head = embedding.clone();
      random.nextBytes(head);
      Path draft = folder.resolve("draft" + tied + ".gguf");
      GgufWriter writer =
          new GgufWriter()
              .put("general.architecture", "llama")
              .put("general.name", "naïve")
              .put("tokenizer.ggml.tokens", GgufValues.value(Collections.nCopies(V, "x")))
              .put("token_embd.weight", type, reader(embedding), width, V);
      if (!tied) {
        writer.put("output.weight", type, reader(head), width, V);
      }
      writer.write(draft);
      Path out = folder.resolve("out" + tied + ".gguf");
      int[] ids = {0, 7, 8, 29};
      HeadSurgery.Report report = trim(draft, VocabularySubset.of(ids, V), out);
      assertEquals(tied, report.tied());
      try (GgufFile read = GgufFile.open(out)) {
        assertEquals("naïve", read.text("general.name", ""));
        assertEquals(type, read.tensorNamed("output.weight").type());
        assertArrayEquals(new long[] {0, 7, 8, 29}, read.longs("d2t"));
        ByteBuffer whole = ByteBuffer.allocate(embedding.length);
        read.stored("token_embd.weight").read(whole, 0);
        assertArrayEquals(embedding, whole.array());
        int row = embedding.length / V;
        ByteBuffer rows = ByteBuffer.allocate(4 * row);
        read.stored("output.weight").read(rows, 0);
        byte[] expected = tied ? embedding : head;
        for (int j = 0; j < 4; j++) {
          assertArrayEquals(
              Arrays.copyOfRange(expected, ids[j] * row, (ids[j] + 1) * row),
              Arrays.copyOfRange(rows.array(), j * row, (j + 1) * row));
        }
      }
      Path twice = folder.resolve("twice" + tied + ".gguf");
      trim(out, VocabularySubset.of(new int[] {7, 29}, V), twice);
      assertArrayEquals(new int[] {7, 29}, MappingFile.read(twice, null, V).retained().toArray());
    }
  }

  private static TensorSource.Bytes reader(byte[] all) {
    return (t, at) -> t.put(all, (int) at, t.remaining());
  }

  /** EAGLE-3 with the whole vocabulary: d2t and t2d are zeros that mean every token. */
  @Test
  void zerosOfAWholeHeadAreTheIdentity() throws IOException {
    Random random = new Random(2);
    Path draft = Files.createDirectories(folder.resolve("eagle3"));
    Map<String, TensorData> tensors = new LinkedHashMap<>();
    tensors.put("d2t", TensorData.of(new long[V], V));
    tensors.put("t2d", TensorData.of(new boolean[V], V));
    tensors.put("fc.weight", bytes(StoredType.BF16, random, C, 3 * C));
    tensors.put("lm_head.weight", bytes(StoredType.BF16, random, V, C));
    SafetensorsWriter.writeData(
        draft.resolve("model.safetensors"), tensors, StoredType.F32, Map.of());
    Files.writeString(
        draft.resolve("config.json"),
        "{\"vocab_size\": " + V + ", \"draft_vocab_size\": " + V + "}");
    assertTrue(DraftCheck.of(draft, null, null, null, Map.of()).findings().isEmpty());
    Path out = folder.resolve("out");
    trim(draft, VocabularySubset.of(new int[] {3, 29}, V), out);
    assertArrayEquals(new int[] {3, 29}, MappingFile.read(out, null, V).retained().toArray());
    assertTrue(DraftCheck.of(out, null, null, null, Map.of()).findings().isEmpty());
  }

  @Test
  void anotherVocabularyIsRefused() throws IOException {
    Path draft = draft(false, StoredType.F32);
    assertThrows(
        IllegalArgumentException.class,
        () -> trim(draft, VocabularySubset.all(7), folder.resolve("x")));
    assertThrows(IllegalArgumentException.class, () -> trim(draft, VocabularySubset.all(V), draft));
  }
}
