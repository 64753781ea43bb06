package io.scalekv.vocabtrim.lm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.scalekv.vocabtrim.decode.DecodeOptions;
import io.scalekv.vocabtrim.decode.PlainDecoder;
import io.scalekv.vocabtrim.decode.SpeculativeDecoder;
import io.scalekv.vocabtrim.measure.BlockStatistics;
import io.scalekv.vocabtrim.measure.GreedyTrace;
import io.scalekv.weights.SafetensorsWriter;
import io.scalekv.weights.StoredType;
import io.scalekv.weights.TensorSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The EAGLE draft model against a naive one in doubles, in every way that it is run. */
final class EagleTest {
  private static final int VOCABULARY = 37;

  @TempDir Path folder;
  private LlamaConfig config;
  private Llama target;
  private Eagle eagle;
  private Naive naive;

  /** The draft model in doubles: states before the layer, row by row. */
  private static final class Naive {
    private final NaiveLlama target;
    private final NaiveLlama layer;

    Naive(LlamaConfig config, TensorSource target, TensorSource eagle) {
      this.target = new NaiveLlama(config, target);
      this.layer = new NaiveLlama(EagleNet.config(config), eagle);
    }

    /**
     * Logits after the text's token i where the target has seen the tokens up to {@code seen}:
     * later states are predictions.
     */
    double[] logits(int[] text, int i, int seen) {
      double[][] states = target.states(text);
      for (int t = 0; t <= i; t++) {
        if (t > seen) {
          states[t - 1] = predicted(text, states, t - 1);
        }
      }
      return target.logits(predicted(text, states, i));
    }

    private double[] predicted(int[] text, double[][] states, int i) {
      double[][] x = new double[i + 1][];
      for (int t = 0; t <= i; t++) {
        double[] e = target.embedding(text[t]);
        double[] both = Arrays.copyOf(e, 2 * e.length);
        if (t > 0) {
          System.arraycopy(states[t - 1], 0, both, e.length, e.length);
        }
        x[t] = layer.product(EagleNet.FC, both);
      }
      layer.layers(x);
      return target.normed(x[i]);
    }
  }

  @BeforeEach
  void open() throws IOException {
    config = TinyLlama.config(VOCABULARY, true, new RopeScaling.None());
    LlamaTest.write(folder, config, 5);
    target = Llama.open(folder);
    Path draft = folder.resolve("eagle.safetensors");
    Engine.getInstance().setRandomSeed(6);
    try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
      Map<String, NDArray> arrays = new LinkedHashMap<>();
      for (Map.Entry<String, Shape> e : EagleNet.shapes(config).entrySet()) {
        NDArray noise = manager.randomNormal(0, 0.3f, e.getValue(), DataType.FLOAT32);
        arrays.put(e.getKey(), e.getValue().dimension() == 1 ? noise.add(1f) : noise);
      }
      SafetensorsWriter.write(draft, arrays, StoredType.F32, Map.of());
    }
    eagle = Eagle.open(draft, target);
    try (TensorSource t = TensorSource.open(folder.resolve("model.safetensors"));
        TensorSource e = TensorSource.open(draft)) {
      naive = new Naive(config, t, e);
    }
  }

  @AfterEach
  void close() {
    eagle.close();
    target.close();
  }

  private static void assertRow(double[] expected, float[] got, String where) {
    for (int v = 0; v < expected.length; v++) {
      assertEquals(expected[v], got[v], 2e-4, where + " column " + v);
    }
  }

  @Test
  void aSessionReadsTheTargetsStatesAndThenItsOwn() {
    int[] text = TinyLlama.tokens(new Random(1), 12, VOCABULARY);
    for (int seen : new int[] {0, 1, 6, 10}) {
      try (LanguageModel.Session t = target.session();
          LanguageModel.Session s = eagle.session(t)) {
        if (seen > 0) {
          t.feed(Arrays.copyOf(text, seen));
        }
        for (int turn = 0; turn < 2; turn++) {
          int from = s.length();
          float[] got = s.feedLast(Arrays.copyOfRange(text, from, seen + 1));
          assertRow(naive.logits(text, seen, seen), got, "seen " + seen);
          for (int i = seen + 1; i < text.length; i++) {
            got = s.feedLast(new int[] {text[i]});
            assertRow(naive.logits(text, i, seen), got, "seen " + seen + " token " + i);
          }
          s.rollback(text.length - 1);
          assertEquals(seen + 1, s.length(), "what was drafted from predictions is gone");
          s.rollback(seen / 2);
        }
      }
    }
  }

  @Test
  void chainsGivesTheRowsOfEverySession() {
    int[] text = TinyLlama.tokens(new Random(2), 14, VOCABULARY);
    int[] rows = new int[4];
    eagle.chains(
        text,
        3,
        4,
        (place, position, row) -> {
          rows[place]++;
          String where = "place " + place + " position " + position;
          assertRow(naive.logits(text, position, position - place), row, where);
        });
    assertArrayEquals(new int[] {11, 10, 9, 8}, rows);
  }

  @Test
  void greedyTextIsTheTargetsForEverySizeAndBlocksAreThoseOfTheTraces() {
    int gamma = 3;
    DecodeOptions options = new DecodeOptions(gamma, 24, 0, Set.of(4));
    int[] ranks = new Random(9).ints(0, VOCABULARY).distinct().limit(VOCABULARY).toArray();
    int accepted = 0;
    for (int seed = 0; seed < 4; seed++) {
      int[] prompt = TinyLlama.tokens(new Random(seed), 1 + 2 * seed, VOCABULARY);
      int[] alone = new PlainDecoder(target).generate(prompt, options, new SplittableRandom(1));
      int[] whole = IntStream.concat(Arrays.stream(prompt), Arrays.stream(alone)).toArray();
      boolean stopped = alone[alone.length - 1] == 4;
      GreedyTrace trace = new GreedyTrace(ranks, stopped, gamma);
      int[][][] preferred = new int[alone.length][gamma][0];
      int first = prompt.length - 1;
      eagle.chains(
          whole,
          first,
          gamma,
          (place, position, row) -> {
            int i = position - first;
            if (i < alone.length) {
              preferred[i][place] = GreedyTrace.preferred(row, alone[i]);
            }
          });
      for (int i = 0; i < alone.length; i++) {
        trace.accept(alone[i], preferred[i]);
      }
      for (int k = 1; k <= VOCABULARY; k += 4) {
        int size = k;
        int[] ids = IntStream.range(0, VOCABULARY).filter(v -> ranks[v] < size).toArray();
        try (Eagle trimmed = eagle.withHead(VocabularySubset.of(ids, VOCABULARY))) {
          SpeculativeDecoder decoder = new SpeculativeDecoder(target, trimmed);
          SpeculativeDecoder.Generation g =
              decoder.generate(prompt, options, new SplittableRandom(1));
          assertArrayEquals(alone, g.tokens(), "k " + k);
          BlockStatistics replayed = trace.blocks(k, gamma);
          assertEquals(replayed.calls(), g.statistics().calls(), "k " + k + " seed " + seed);
          assertArrayEquals(replayed.accepted(), g.statistics().accepted());
          assertEquals(replayed.outside(), g.statistics().outside());
          accepted += (int) Arrays.stream(replayed.accepted()).sum();
        }
      }
      double[] tau = GreedyTrace.tau(List.of(trace), gamma);
      for (int k = 1; k <= VOCABULARY; k++) {
        assertEquals(trace.blocks(k, gamma).tau(), tau[k], 1e-12);
      }
    }
    assertTrue(accepted > 0, "some drafts are accepted");
  }

  @Test
  void aBatchGivesTheTextsAndStatesOfSingleDecoding() throws IOException {
    Random random = new Random(3);
    List<int[]> prompts =
        IntStream.of(1, 9, 4, 4, 7, 2)
            .mapToObj(n -> TinyLlama.tokens(random, n, VOCABULARY))
            .toList();
    Set<Integer> stop = Set.of(1, 2, 3, 4);
    List<BatchDecoder.Text> texts = new BatchDecoder(target, 16, stop, true).generate(prompts);
    DecodeOptions options = new DecodeOptions(1, 16, 0, stop);
    int stopped = 0;
    try (TensorSource source = TensorSource.open(folder.resolve("model.safetensors"))) {
      NaiveLlama states = new NaiveLlama(config, source);
      for (int t = 0; t < texts.size(); t++) {
        BatchDecoder.Text text = texts.get(t);
        int[] prompt = prompts.get(t);
        int[] alone = new PlainDecoder(target).generate(prompt, options, new SplittableRandom(1));
        assertArrayEquals(prompt, text.prompt());
        assertArrayEquals(alone, text.tokens(), "text " + t);
        assertEquals(stop.contains(alone[alone.length - 1]), text.stopped());
        stopped += text.stopped() ? 1 : 0;
        int[] all = IntStream.concat(Arrays.stream(prompt), Arrays.stream(alone)).toArray();
        double[][] expected = states.states(all);
        assertEquals((all.length - 1) * config.width(), text.states().length);
        for (int i = 0; i < text.states().length; i++) {
          double e = expected[i / config.width()][i % config.width()];
          assertEquals(e, text.states()[i], 2e-4);
        }
      }
    }
    assertTrue(stopped > 0 && stopped < texts.size(), "some texts end before the others");
    assertTrue(Files.exists(folder.resolve("config.json")));
  }
}
