package io.scalekv.vocabtrim.trim;

import static io.scalekv.weights.GgufValues.value;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.vocabtrim.lm.VocabularySubset;
import io.scalekv.vocabtrim.pair.ShippedPair;
import io.scalekv.vocabtrim.text.TextTokenizer;
import io.scalekv.vocabtrim.trim.Finding.Rule;
import io.scalekv.vocabtrim.trim.Finding.Severity;
import io.scalekv.weights.GgmlType;
import io.scalekv.weights.GgufWriter;
import io.scalekv.weights.NpyFile;
import io.scalekv.weights.SafetensorsWriter;
import io.scalekv.weights.StoredType;
import io.scalekv.weights.TensorData;
import io.scalekv.weights.TorchIntegers;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files with each failure that programs do not report. */
final class DraftCheckTest {
  private static final int V = 50;
  private static final long[] IDS = {0, 1, 2, 7, 9, 10, 30, 49};
  private static final long[] OFFSETS = {0, 0, 0, 4, 5, 5, 24, 42};

  @TempDir Path folder;

  private static boolean[] mask(long... ids) {
    boolean[] mask = new boolean[V];
    for (long id : ids) {
      mask[(int) id] = true;
    }
    return mask;
  }

  private Path draft(long[] d2t, boolean[] t2d, int rows, int declared) throws IOException {
    Path draft = Files.createTempDirectory(folder, "draft");
    Map<String, TensorData> tensors = new LinkedHashMap<>();
    tensors.put("d2t", TensorData.of(d2t, d2t.length));
    if (t2d != null) {
      tensors.put("t2d", TensorData.of(t2d, t2d.length));
    }
    tensors.put("lm_head.weight", TensorData.of(new float[2 * rows], rows, 2));
    SafetensorsWriter.writeData(
        draft.resolve("model.safetensors"), tensors, StoredType.F32, Map.of());
    Files.writeString(
        draft.resolve("config.json"),
        "{\"vocab_size\": " + V + ", \"draft_vocab_size\": " + declared + "}");
    return draft;
  }

  private static Map<Rule, Severity> found(Path file, TextTokenizer tokenizer) throws IOException {
    return DraftCheck.of(file, null, null, tokenizer, Map.of()).findings().stream()
        .collect(Collectors.toMap(Finding::rule, Finding::severity, (a, b) -> a));
  }

  private static Map<Rule, Severity> found(Path file) throws IOException {
    return found(file, null);
  }

  @Test
  void soundDraftsHaveNoFindings() throws IOException {
    assertEquals(Map.of(), found(draft(OFFSETS, mask(IDS), 8, 8)));
  }

  @Test
  void idsOutOfRangeOrRepeated() throws IOException {
    long[] outside = OFFSETS.clone();
    outside[7] = 43;
    assertEquals(Severity.ERROR, found(draft(outside, null, 8, 8)).get(Rule.OUT_OF_RANGE));
    long[] twice = OFFSETS.clone();
    twice[6] = 3;
    assertEquals(Severity.ERROR, found(draft(twice, null, 8, 8)).get(Rule.REPEATED));
    Path gguf = folder.resolve("outside.gguf");
    gguf(0, 1, V).write(gguf);
    assertEquals(Severity.ERROR, found(gguf).get(Rule.OUT_OF_RANGE));
  }

  private static GgufWriter gguf(long... d2t) {
    byte[] head = new byte[8 * d2t.length];
    return new GgufWriter()
        .put("general.architecture", "eagle3")
        .put("tokenizer.ggml.tokens", value(Collections.nCopies(V, "x")))
        .put(
            "output.weight",
            GgmlType.F32,
            (t, at) -> t.put(head, (int) at, t.remaining()),
            2,
            d2t.length)
        .put("d2t", d2t);
  }

  @Test
  void idsStoredAsOffsetsAndOffsetsAsIds() throws IOException {
    assertEquals(Severity.ERROR, found(draft(IDS, mask(IDS), 8, 8)).get(Rule.OTHER_FORM));
    Path gguf = folder.resolve("offsets.gguf");
    gguf(OFFSETS).write(gguf);
    assertEquals(Severity.ERROR, found(gguf).get(Rule.OTHER_FORM));
    // no mask, every offset greater than the one before: nothing decides
    long[] rising = {0, 3, 5, 8};
    assertEquals(Severity.WARNING, found(draft(rising, null, 4, 4)).get(Rule.OTHER_FORM));
  }

  @Test
  void zerosAreAPlaceholderUnlessTheHeadIsWhole() throws IOException {
    assertEquals(
        Severity.ERROR, found(draft(new long[8], new boolean[V], 8, 8)).get(Rule.ALL_ZERO));
    Path gguf = folder.resolve("zeros.gguf");
    gguf(new long[8]).write(gguf);
    assertEquals(Severity.ERROR, found(gguf).get(Rule.ALL_ZERO));
    assertEquals(Map.of(), found(draft(new long[V], new boolean[V], V, V)));
    long[] lowest = IntStream.range(0, 8).asLongStream().toArray();
    assertEquals(
        Severity.WARNING, found(draft(new long[8], mask(lowest), 8, 8)).get(Rule.ALL_ZERO));
  }

  @Test
  void masksOfAnotherCountSizeOrSet() throws IOException {
    assertEquals(Severity.ERROR, found(draft(OFFSETS, mask(0, 1, 2, 7), 8, 8)).get(Rule.MASK));
    long[] more = {0, 1, 2, 7, 9, 10, 30, 48, 49};
    assertEquals(Severity.ERROR, found(draft(OFFSETS, mask(more), 8, 8)).get(Rule.MASK));
    assertEquals(Severity.ERROR, found(draft(OFFSETS, new boolean[9], 8, 8)).get(Rule.MASK));
  }

  @Test
  void headsAndConfigurationsOfAnotherSize() throws IOException {
    assertEquals(Severity.ERROR, found(draft(OFFSETS, mask(IDS), 9, 8)).get(Rule.HEAD_ROWS));
    assertEquals(Severity.ERROR, found(draft(OFFSETS, mask(IDS), 8, 9)).get(Rule.STALE_SIZE));
    Path npy = folder.resolve("d2t-9.npy");
    NpyFile.write(npy, TensorData.of(OFFSETS, OFFSETS.length));
    boolean[] mask = mask(IDS);
    NpyFile.write(folder.resolve("t2d-9.npy"), TensorData.of(mask, mask.length));
    assertEquals(Severity.ERROR, found(npy).get(Rule.STALE_SIZE));
    Path target = Files.createDirectories(folder.resolve("target"));
    Files.writeString(target.resolve("config.json"), "{\"vocab_size\": 51}");
    List<Finding> findings =
        DraftCheck.of(draft(OFFSETS, mask(IDS), 8, 8), null, target, null, Map.of()).findings();
    assertTrue(findings.stream().anyMatch(f -> f.rule() == Rule.STALE_SIZE), "" + findings);
    assertTrue(findings.stream().anyMatch(f -> f.rule() == Rule.MASK), "" + findings);
  }

  @Test
  void rowsThatDoNotAscend() throws IOException {
    long[] swapped = OFFSETS.clone();
    swapped[3] = 6;
    swapped[4] = 3;
    Path draft = draft(swapped, mask(IDS), 8, 8);
    assertEquals(Severity.ERROR, found(draft).get(Rule.NOT_ASCENDING));
    Path gguf = folder.resolve("swapped.gguf");
    gguf(5, 3).write(gguf);
    assertEquals(Severity.WARNING, found(gguf).get(Rule.NOT_ASCENDING));
    Path words = folder.resolve("words.bin");
    ByteBuffer ids = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putInt(9).putInt(3);
    Files.write(words, ids.array());
    Path target = Files.createDirectories(folder.resolve("t"));
    Files.writeString(target.resolve("config.json"), "{\"vocab_size\": 50}");
    assertTrue(DraftCheck.of(words, null, target, null, Map.of()).has(Severity.ERROR));
    // a ranked list may have any order
    Path ranked = folder.resolve("freq.pt");
    Files.write(ranked, TorchIntegers.archive("freq", 9, 3));
    assertEquals(List.of(), DraftCheck.of(ranked, null, target, null, Map.of()).findings());
  }

  @Test
  void specialAndByteTokensAndTheTokenizerOfAnother() throws IOException {
    Path target = ShippedPair.folder().resolve("target");
    try (TextTokenizer tokenizer = TextTokenizer.open(target)) {
      int v = tokenizer.size();
      assertEquals(256, tokenizer.bytes().size());
      Path file = folder.resolve("m.safetensors");
      int[] some = IntStream.range(100, 1000).toArray();
      MappingFile.write(file, MappingForm.D2T_OFFSET, Mapping.of(VocabularySubset.of(some, v)));
      Map<Rule, Severity> found = found(file, tokenizer);
      assertEquals(Severity.WARNING, found.get(Rule.SPECIAL_TOKENS));
      assertEquals(Severity.WARNING, found.get(Rule.BYTE_TOKENS));
      TokenCounts rare = TokenCounts.create(v);
      rare.accept(5, 6, 7, 500);
      DraftCheck check = DraftCheck.of(file, null, target, tokenizer, Map.of("es", rare));
      assertTrue(
          check.findings().stream()
              .anyMatch(f -> f.rule() == Rule.COVERAGE && f.message().startsWith("es: 25.00 %")));
      Path draft = draft(OFFSETS, mask(IDS), 8, 8);
      String json = Files.readString(target.resolve("tokenizer.json"));
      Files.writeString(draft.resolve("tokenizer.json"), json);
      assertEquals(null, found(draft, tokenizer).get(Rule.OTHER_TOKENIZER));
      String other = json.replace("<|end_of_text|>", "<|end_of_line|>");
      Files.writeString(draft.resolve("tokenizer.json"), other);
      assertEquals(Severity.ERROR, found(draft, tokenizer).get(Rule.OTHER_TOKENIZER));
    }
  }

  /** A GGUF file whose split into words is unknown still names its special and byte tokens. */
  @Test
  void tablesOfUnknownTokenizersAreChecked() throws IOException {
    Path file = folder.resolve("unknown.gguf");
    byte[] head = new byte[8];
    new GgufWriter()
        .put("general.architecture", "eagle3")
        .put("tokenizer.ggml.model", "gpt2")
        .put("tokenizer.ggml.pre", "of-tomorrow")
        .put("tokenizer.ggml.tokens", value(List.of("<|end|>", "a", "b", "ab")))
        .put("tokenizer.ggml.token_type", value(List.of(3, 1, 1, 1)))
        .put("output.weight", GgmlType.F32, (t, at) -> t.put(head, (int) at, t.remaining()), 1, 2)
        .put("d2t", 1L, 3L)
        .write(file);
    try (TextTokenizer tokenizer = TextTokenizer.open(file)) {
      DraftCheck check = DraftCheck.of(file, null, null, tokenizer, Map.of());
      assertEquals(
          List.of(Rule.SPECIAL_TOKENS, Rule.BYTE_TOKENS),
          check.findings().stream().map(Finding::rule).toList());
      assertThrows(IllegalArgumentException.class, () -> tokenizer.encode("ab"));
    }
  }
}
