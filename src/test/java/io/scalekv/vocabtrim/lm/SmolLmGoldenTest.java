package io.scalekv.vocabtrim.lm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.scalekv.io.Json;
import io.scalekv.io.Sha256;
import io.scalekv.vocabtrim.decode.DecodeOptions;
import io.scalekv.vocabtrim.decode.PlainDecoder;
import io.scalekv.vocabtrim.decode.SpeculativeDecoder;
import io.scalekv.vocabtrim.text.ChatTemplate;
import io.scalekv.vocabtrim.text.TextTokenizer;
import io.scalekv.vocabtrim.trim.HeadSurgery;
import io.scalekv.vocabtrim.trim.Mapping;
import io.scalekv.weights.GgufFile;
import io.scalekv.weights.TensorSource;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/**
 * SmolLM2-135M-Instruct from its GGUF file against transformers. The file is not part of the
 * project: the variable {@code SCALEKV_SMOLLM2} names it.
 */
@Tag("full")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class SmolLmGoldenTest {
  private static final double LOGIT = 2e-3;

  private JsonNode expected;
  private Path file;
  private Llama model;
  private TextTokenizer tokenizer;

  @BeforeAll
  void open() throws IOException {
    String path = System.getenv("SCALEKV_SMOLLM2");
    Assumptions.assumeTrue(path != null && Files.exists(Path.of(path)), "SCALEKV_SMOLLM2");
    file = Path.of(path);
    try (InputStream in = SmolLmGoldenTest.class.getResourceAsStream("smollm2.json")) {
      expected = Json.parse(in.readAllBytes(), "smollm2.json");
    }
    assertEquals(expected.path("sha256").stringValue(), Sha256.of(file));
    model = Llama.open(file);
    tokenizer = TextTokenizer.open(file);
  }

  @AfterAll
  void close() {
    if (model != null) {
      tokenizer.close();
      model.close();
    }
  }

  private static double[] numbers(JsonNode array) {
    return IntStream.range(0, array.size()).mapToDouble(i -> array.get(i).asDouble()).toArray();
  }

  private static int[] ids(JsonNode array) {
    return IntStream.range(0, array.size()).map(i -> array.get(i).asInt()).toArray();
  }

  @Test
  void rowsOfWeightsAreDequantisedAndUnpaired() {
    assertEquals(134515008, model.config().parameters());
    try (GgufLlama source = new GgufLlama(GgufFile.open(file))) {
      row(source, LlamaWeights.EMBEDDING, 1000, "embedding_row_1000_first8");
      row(source, "model.layers.0.self_attn.q_proj.weight", 5, "q_proj_layer0_row5_first8");
    }
  }

  private void row(TensorSource source, String name, int row, String key) {
    ByteBuffer bytes = ByteBuffer.allocate(32).order(ByteOrder.LITTLE_ENDIAN);
    source.bytes(name).read(bytes, (long) row * source.info(name).shape()[1] * 4);
    double[] values = IntStream.range(0, 8).mapToDouble(i -> bytes.getFloat(4 * i)).toArray();
    assertArrayEquals(numbers(expected.path(key)), values, 5e-7, name);
  }

  @Test
  void tokensAreThoseOfTransformers() throws IOException {
    for (JsonNode c : expected.path("cases")) {
      String text =
          c.path("text").isNull()
              ? ChatTemplate.open(file)
                  .prompt(List.of(new ChatTemplate.Message("user", "Name three colours.")))
              : c.path("text").stringValue();
      assertArrayEquals(ids(c.path("ids")), tokenizer.encode(text), text);
    }
  }

  @Test
  void statesAndLogitsAreThoseOfTransformers() {
    for (JsonNode c : expected.path("cases")) {
      int[] ids = ids(c.path("ids"));
      float[][] last = new float[1][];
      model.logits(List.of(ids), (s, position, row) -> last[0] = row.clone());
      float[] logits = last[0];
      int[] top = ids(c.path("top_ids"));
      double[] values = Arrays.stream(top).mapToDouble(t -> logits[t]).toArray();
      assertArrayEquals(numbers(c.path("top_logits")), values, LOGIT);
      double mean =
          IntStream.range(0, logits.length).mapToDouble(i -> logits[i]).average().orElse(0);
      double square =
          IntStream.range(0, logits.length)
              .mapToDouble(i -> (logits[i] - mean) * (logits[i] - mean))
              .average()
              .orElse(0);
      assertEquals(c.path("logit_mean").asDouble(), mean, LOGIT);
      assertEquals(c.path("logit_std").asDouble(), Math.sqrt(square), LOGIT);
      assertArrayEquals(numbers(c.path("layer15_first8")), state(ids, 15), LOGIT);
      assertArrayEquals(numbers(c.path("final_norm_first8")), state(ids, -1), LOGIT);
    }
  }

  /** Returns the first numbers of the last token's state after some layers, or the normed one. */
  private double[] state(int[] ids, int layers) {
    try (NDManager scope = NDManager.newBaseManager("PyTorch");
        RotaryTable table = new RotaryTable(scope, model.config())) {
      NDArray tokens =
          scope.create(Arrays.stream(ids).asLongStream().toArray(), new Shape(1, ids.length));
      RotaryTable.Rotations rotations = table.rotations(scope, 0, ids.length);
      NDArray x =
          layers < 0
              ? model.net().hidden(tokens, rotations, null)
              : model.net().after(layers, tokens, rotations, null);
      float[] all = x.toFloatArray();
      int width = model.config().width();
      return IntStream.range(0, 8).mapToDouble(i -> all[all.length - width + i]).toArray();
    }
  }

  @Test
  void greedyTextIsThatOfTransformers() {
    PlainDecoder decoder = new PlainDecoder(model);
    for (JsonNode c : expected.path("cases")) {
      DecodeOptions options = new DecodeOptions(1, 48, 0, Set.copyOf(model.config().eos()));
      int[] tokens = decoder.generate(ids(c.path("ids")), options, null);
      assertArrayEquals(ids(c.path("greedy")), tokens);
    }
  }

  /** A trimmed head over the same file has the same logits, bit for bit or within one matmul. */
  @Test
  void trimmedHeadsHaveTheLogitsOfTheirTokens() {
    int[] some = IntStream.range(0, 49152).filter(i -> i % 7 == 0).toArray();
    int[] ids = ids(expected.path("cases").get(0).path("ids"));
    float[] whole;
    try (LanguageModel.Session session = model.session()) {
      whole = session.feedLast(ids);
    }
    try (Llama trimmed = model.withHead(VocabularySubset.of(some, 49152));
        LanguageModel.Session session = trimmed.session()) {
      float[] part = session.feedLast(ids);
      for (int j = 0; j < some.length; j++) {
        assertEquals(whole[some[j]], part[j], 1e-4);
      }
    }
  }

  /** The file itself with fewer rows drafts for the whole model: the text stays the same. */
  @Test
  void greedyTextOfATrimmedFileAsDraftModelIsTheTargetsOwn(@TempDir Path folder)
      throws IOException {
    Path small = folder.resolve("small.gguf");
    VocabularySubset lowest = VocabularySubset.of(IntStream.range(0, 8192).toArray(), 49152);
    HeadSurgery.Report report = HeadSurgery.trim(file, null, Mapping.of(lowest), false, small);
    assertTrue(report.tied());
    JsonNode c = expected.path("cases").get(1);
    DecodeOptions options = new DecodeOptions(3, 48, 0, Set.copyOf(model.config().eos()));
    try (Llama draft = Llama.open(small)) {
      SpeculativeDecoder.Generation generated =
          new SpeculativeDecoder(model, draft).generate(ids(c.path("ids")), options, null);
      assertArrayEquals(ids(c.path("greedy")), generated.tokens());
      assertTrue(generated.statistics().tau() > 2, "" + generated.statistics());
    }
  }
}
