package io.scalekv.vocabtrim.lm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.scalekv.weights.SafetensorsWriter;
import io.scalekv.weights.StoredType;
import io.scalekv.weights.TensorSource;
import io.scalekv.weights.Weights;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The Llama layout against a naive implementation, and invariants for any weights. */
class LlamaTest {
  private static final float LIMIT = 2e-5f;

  @TempDir Path folder;

  /** A model folder with weights large enough that every part counts. */
  static void write(Path folder, LlamaConfig config, int seed) throws IOException {
    Files.writeString(folder.resolve("config.json"), config.json());
    Engine.getInstance().setRandomSeed(seed);
    try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
      SafetensorsWriter.write(
          folder.resolve("model.safetensors"), strong(manager, config), StoredType.F32, Map.of());
    }
  }

  private static Map<String, NDArray> strong(NDManager manager, LlamaConfig config) {
    Map<String, NDArray> arrays = new LinkedHashMap<>();
    LlamaWeights.shapes(config)
        .forEach(
            (name, shape) -> {
              NDArray noise = manager.randomNormal(0, 0.4f, shape, DataType.FLOAT32);
              arrays.put(name, shape.dimension() == 1 ? noise.add(1f) : noise);
            });
    return arrays;
  }

  private static final List<RopeScaling> SCALINGS =
      List.of(
          new RopeScaling.None(),
          new RopeScaling.Linear(4),
          new RopeScaling.Llama3(8, 1, 4, 64),
          new RopeScaling.Llama3(32, 1, 4, 16));

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3})
  void givesTheLogitsOfTheNaiveForward(int variant) throws IOException {
    Random random = new Random(variant);
    LlamaConfig c = TinyLlama.config(37, variant % 2 == 0, SCALINGS.get(variant));
    write(folder, c, variant);
    try (TensorSource source = TensorSource.open(folder);
        Llama model = Llama.open(folder)) {
      int[] tokens = TinyLlama.tokens(random, 33, 37);
      double[][] expected = new NaiveLlama(c, source).logits(tokens);
      float[] got = TinyLlama.logits(model, tokens);
      double largest = 0;
      for (int t = 0; t < tokens.length; t++) {
        for (int v = 0; v < 37; v++) {
          largest = Math.max(largest, Math.abs(expected[t][v]));
          assertEquals(expected[t][v], got[t * 37 + v], 1e-4, "token " + t + " column " + v);
        }
      }
      assertTrue(largest > 1, "logits that can tell: " + largest);
      long scalars = source.names().stream().mapToLong(n -> source.info(n).elements()).sum();
      assertEquals(scalars, c.parameters());
    }
  }

  @Test
  void everyWaveOfTheScalingIsMet() {
    LlamaConfig c = TinyLlama.config(8, true, new RopeScaling.Llama3(8, 1, 4, 64));
    float[] f = RotaryTable.frequencies(c);
    float[] plain = RotaryTable.frequencies(TinyLlama.config(8));
    assertEquals(plain[0], f[0], "short waves stay");
    assertEquals(plain[3] / 8, f[3], 1e-9, "long waves are divided");
    assertTrue(f[1] < plain[1] && f[1] > plain[1] / 8, "between them it fades");
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void aCachedSessionGivesTheLogitsOfTheWholePass(int seed) throws IOException {
    Random random = new Random(seed);
    write(folder, TinyLlama.config(41, true, SCALINGS.get(seed)), seed);
    try (Llama model = Llama.open(folder);
        LanguageModel.Session session = model.session()) {
      int[] tokens = TinyLlama.tokens(random, 150, 41);
      float[] whole = TinyLlama.logits(model, tokens);
      int at = 0;
      while (at < tokens.length) {
        int n = Math.min(tokens.length - at, 1 + random.nextInt(random.nextBoolean() ? 3 : 50));
        int[] part = Arrays.copyOfRange(tokens, at, at + n);
        float[] got = random.nextInt(4) > 0 ? session.feed(part) : session.feedLast(part);
        at += n;
        assertEquals(at, session.length());
        int first = at - got.length / 41;
        assertArrayEquals(Arrays.copyOfRange(whole, first * 41, at * 41), got, LIMIT);
        if (at > 5 && random.nextInt(3) == 0) {
          int back = 1 + random.nextInt(5);
          session.feed(TinyLlama.tokens(random, back, 41)); // other tokens, to be forgotten
          at -= random.nextInt(5);
          session.rollback(at);
        }
      }
    }
  }

  @Test
  void rollbackForgetsToTheBit() throws IOException {
    write(folder, TinyLlama.config(41), 5);
    Random random = new Random(5);
    try (Llama model = Llama.open(folder);
        LanguageModel.Session once = model.session();
        LanguageModel.Session twice = model.session()) {
      int[] prompt = TinyLlama.tokens(random, 20, 41);
      int[] more = TinyLlama.tokens(random, 7, 41);
      once.feed(prompt);
      twice.feed(prompt);
      twice.feed(TinyLlama.tokens(random, 90, 41));
      twice.rollback(20);
      assertArrayEquals(once.feed(more), twice.feed(more));
      assertThrows(IllegalArgumentException.class, () -> once.rollback(28));
    }
  }

  @Test
  void noTokenSeesLaterOnes() throws IOException {
    write(folder, TinyLlama.config(41), 6);
    Random random = new Random(6);
    try (Llama model = Llama.open(folder)) {
      int[] tokens = TinyLlama.tokens(random, 30, 41);
      int[] other = tokens.clone();
      other[17] = (other[17] + 1) % 41;
      float[] a = TinyLlama.logits(model, tokens);
      float[] b = TinyLlama.logits(model, other);
      assertArrayEquals(Arrays.copyOf(a, 17 * 41), Arrays.copyOf(b, 17 * 41), LIMIT);
      for (int t = 17; t < 30; t++) {
        float most = 0;
        for (int v = 0; v < 41; v++) {
          most = Math.max(most, Math.abs(a[t * 41 + v] - b[t * 41 + v]));
        }
        assertTrue(most > 1e-3, "token " + t + " saw the change: " + most);
      }
    }
  }

  @Test
  void rowsOfManySequencesAreThoseOfEach() throws IOException {
    write(folder, TinyLlama.config(41), 7);
    Random random = new Random(7);
    List<int[]> sequences = new ArrayList<>();
    for (int i = 0; i < 60; i++) {
      sequences.add(TinyLlama.tokens(random, 1 + random.nextInt(120), 41));
    }
    try (Llama model = Llama.open(folder)) {
      List<String> order = new ArrayList<>();
      float[][] whole = new float[sequences.size()][];
      for (int s = 0; s < whole.length; s++) {
        whole[s] = TinyLlama.logits(model, sequences.get(s));
      }
      model.logits(
          sequences,
          (s, t, row) -> {
            order.add(s + ":" + t);
            assertArrayEquals(Arrays.copyOfRange(whole[s], t * 41, t * 41 + 41), row, LIMIT);
          });
      List<String> expected = new ArrayList<>();
      for (int s = 0; s < sequences.size(); s++) {
        for (int t = 0; t < sequences.get(s).length; t++) {
          expected.add(s + ":" + t);
        }
      }
      assertEquals(expected, order);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aTrimmedHeadHasTheColumnsOfTheWholeOne(boolean tied) throws IOException {
    write(folder, TinyLlama.config(41, tied, new RopeScaling.None()), 8);
    VocabularySubset retained = VocabularySubset.of(new int[] {0, 3, 4, 17, 40}, 41);
    int[] tokens = TinyLlama.tokens(new Random(8), 12, 41);
    try (Llama model = Llama.open(folder)) {
      float[] whole = TinyLlama.logits(model, tokens);
      try (Llama trimmed = model.withHead(retained);
          LanguageModel.Session session = trimmed.session()) {
        float[] got = TinyLlama.logits(trimmed, tokens);
        for (int t = 0; t < 12; t++) {
          for (int j = 0; j < 5; j++) {
            assertEquals(whole[t * 41 + retained.id(j)], got[t * 5 + j], LIMIT);
          }
        }
        assertArrayEquals(got, session.feed(tokens), LIMIT);
        assertEquals(41, trimmed.vocabulary());
      }
      assertArrayEquals(whole, TinyLlama.logits(model, tokens), "the whole model is still there");
      assertThrows(
          IllegalArgumentException.class,
          () -> model.withHead(VocabularySubset.of(new int[] {1}, 40)));
    }
  }

  @Test
  void sequencesAreChecked() {
    try (Llama model = TinyLlama.random(TinyLlama.config(41), 1);
        LanguageModel.Session session = model.session()) {
      Exception e = assertThrows(IllegalArgumentException.class, () -> session.feed(new int[0]));
      assertTrue(e.getMessage().contains("at least one token"), e.getMessage());
      e =
          assertThrows(
              IllegalArgumentException.class, () -> TinyLlama.logits(model, new int[] {1, 41}));
      assertTrue(e.getMessage().endsWith("0 and 40, got 41"), e.getMessage());
      session.feed(new int[500]);
      e = assertThrows(IllegalArgumentException.class, () -> session.feed(new int[13]));
      assertTrue(e.getMessage().endsWith("512, got 513"), e.getMessage());
      assertEquals(500, session.length());
      assertEquals(12 * 41, session.feed(new int[12]).length);
    }
  }

  @Test
  void weightsOfAnotherShapeAreRefused() throws IOException {
    write(folder, TinyLlama.config(41), 1);
    Files.writeString(folder.resolve("config.json"), TinyLlama.config(42).json());
    Exception e = assertThrows(RuntimeException.class, () -> Llama.open(folder));
    assertTrue(e.getMessage().contains("[42, 20]"), e.getMessage());
    assertTrue(e.getMessage().contains("[41, 20]"), e.getMessage());
    Exception none =
        assertThrows(IllegalArgumentException.class, () -> Llama.open(folder.resolve("x")));
    assertTrue(none.getMessage().contains("config.json"), none.getMessage());
  }

  /** As published: bfloat16, two shards, an index, buffers and a copy of the tied head in them. */
  @Test
  void shardedFoldersOfOtherToolsAreRead() throws IOException {
    LlamaConfig c = TinyLlama.config(41, true, new RopeScaling.None());
    write(folder, c, 9);
    int[] tokens = TinyLlama.tokens(new Random(9), 20, 41);
    float[] expected;
    Path published = Files.createDirectories(folder.resolve("published"));
    try (NDManager manager = NDManager.newBaseManager("PyTorch");
        TensorSource source = TensorSource.open(folder)) {
      Map<String, NDArray> first = new LinkedHashMap<>();
      Map<String, NDArray> second = new LinkedHashMap<>();
      source
          .names()
          .forEach(n -> (n.contains("layers.1") ? second : first).put(n, source.load(n, manager)));
      second.put("lm_head.weight", source.load("model.embed_tokens.weight", manager));
      second.put("model.layers.0.self_attn.rotary_emb.inv_freq", manager.ones(new Shape(4)));
      StringBuilder map = new StringBuilder();
      int shard = 0;
      for (Map<String, NDArray> part : List.of(first, second)) {
        String name = "model-0000" + ++shard + "-of-00002.safetensors";
        SafetensorsWriter.write(published.resolve(name), part, StoredType.BF16, Map.of());
        part.keySet().forEach(n -> map.append(",\n\"" + n + "\": \"" + name + "\""));
      }
      Files.writeString(
          published.resolve("model.safetensors.index.json"),
          "{\"metadata\": {\"total_size\": 1}, \"weight_map\": {" + map.substring(1) + "}}");
      Files.writeString(published.resolve("config.json"), c.json());
      // the same weights, rounded, in one file
      try (Weights all = Weights.load(manager, source)) {
        SafetensorsWriter.write(
            folder.resolve("model.safetensors"), all.arrays(), StoredType.BF16, Map.of());
      }
    }
    try (Llama model = Llama.open(folder)) {
      expected = TinyLlama.logits(model, tokens);
    }
    try (Llama model = Llama.open(published)) {
      assertArrayEquals(expected, TinyLlama.logits(model, tokens));
    }
  }

  @Test
  void theGradientReachesEveryWeight() {
    LlamaConfig c = TinyLlama.config(41, false, new RopeScaling.None());
    Engine.getInstance().setRandomSeed(2);
    try (NDManager manager = NDManager.newBaseManager("PyTorch");
        Weights weights = LlamaWeights.initial(manager, c);
        RotaryTable table = new RotaryTable(manager, c)) {
      weights.arrays().values().forEach(a -> a.setRequiresGradient(true));
      LlamaNet net = new LlamaNet(c, weights, false);
      int[] tokens = TinyLlama.tokens(new Random(2), 24, 41);
      double loss = LlamaGradients.backward(manager, net, table, tokens);
      assertEquals(Math.log(41), loss, 0.1);
      // the directional derivative along the gradient of one weight against a finite difference
      for (String name : weights.names()) {
        double relative =
            LlamaGradients.finiteDifference(manager, net, table, tokens, weights.get(name));
        assertEquals(1, relative, 0.02, name);
      }
    }
  }
}
