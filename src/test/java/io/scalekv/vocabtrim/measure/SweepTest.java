package io.scalekv.vocabtrim.measure;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The replay for all k against loops over table models that draft and verify token by token. */
final class SweepTest {
  private static final int V = 40;
  private static final int N = 60;

  /** Two models whose logits are tables of the last two tokens. */
  private static final class Tables {
    final float[][] target;
    final float[][] draft;
    final int[] ranks;

    Tables(long seed) {
      Random random = new Random(seed);
      target = new float[V * V][V];
      draft = new float[V * V][V];
      for (int i = 0; i < V * V; i++) {
        for (int v = 0; v < V; v++) {
          target[i][v] = (float) (2 * random.nextGaussian());
          // coarse steps, so that equal logits occur
          draft[i][v] = Math.round(2 * (target[i][v] + 1.2 * random.nextGaussian())) / 2f;
        }
      }
      List<Integer> order = new ArrayList<>(IntStream.range(0, V).boxed().toList());
      Collections.shuffle(order, random);
      ranks = new int[V];
      for (int r = 0; r < V; r++) {
        ranks[order.get(r)] = r;
      }
    }

    float[] row(float[][] model, List<Integer> text) {
      int n = text.size();
      return model[text.get(n - 2) * V + text.get(n - 1)];
    }

    /** The most likely token of those below rank k; of equal ones the lower id. */
    int top(float[] logits, int k) {
      int best = -1;
      for (int v = 0; v < V; v++) {
        if (ranks[v] < k && (best < 0 || logits[v] > logits[best])) {
          best = v;
        }
      }
      return best;
    }

    List<Integer> greedy() {
      List<Integer> text = new ArrayList<>(List.of(0, 1));
      for (int i = 0; i < N; i++) {
        text.add(top(row(target, text), V));
      }
      return text;
    }

    GreedyTrace trace(List<Integer> text) {
      GreedyTrace trace = new GreedyTrace(ranks, false, 1);
      for (int i = 2; i < text.size(); i++) {
        trace.accept(1, row(draft, text.subList(0, i)), text.get(i));
      }
      return trace;
    }

    /** The real loop: drafts, then verifies; gives calls of the target and fills the text. */
    int loop(int k, int gamma, List<Integer> text) {
      int calls = 0;
      while (text.size() < N + 2) {
        List<Integer> drafted = new ArrayList<>(text);
        for (int j = 0; j < gamma; j++) {
          drafted.add(top(row(draft, drafted), k));
        }
        calls++;
        for (int j = 0; j <= gamma && text.size() < N + 2; j++) {
          int own = top(row(target, text), V);
          int at = text.size();
          text.add(own);
          if (j < gamma && drafted.get(at) != own) {
            break;
          }
        }
      }
      return calls;
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6})
  void everySizeMakesTheBlocksOfTheRealLoop(long seed) {
    Tables tables = new Tables(seed);
    List<Integer> text = tables.greedy();
    GreedyTrace trace = tables.trace(text);
    for (int gamma : new int[] {1, 2, 3, 5}) {
      double[] tau = GreedyTrace.tau(List.of(trace), gamma);
      boolean differs = false;
      for (int k = 1; k <= V; k++) {
        List<Integer> looped = new ArrayList<>(List.of(0, 1));
        int real = tables.loop(k, gamma, looped);
        assertEquals(text, looped, "lossless");
        assertEquals((double) N / real, tau[k], "k " + k + ", gamma " + gamma);
        assertEquals(real, trace.blocks(k, gamma).calls(), "k " + k);
        differs |= tau[k] != tau[1];
      }
      assertTrue(differs, "some size must matter");
    }
  }

  @Test
  void theSweepEqualsTheWalkOverManyTexts() {
    Random random = new Random(9);
    List<GreedyTrace> traces = new ArrayList<>();
    int vocabulary = 300;
    for (int t = 0; t < 20; t++) {
      int n = 1 + random.nextInt(80);
      GreedyTrace trace = new GreedyTrace(new int[vocabulary], t % 2 == 0, 1);
      for (int i = 0; i < n; i++) {
        int own = (int) (vocabulary * Math.pow(random.nextDouble(), 3));
        int beaten = random.nextInt(vocabulary + 1);
        while (beaten == own) {
          beaten = random.nextInt(vocabulary + 1);
        }
        trace.accept(own, beaten);
      }
      traces.add(trace);
    }
    for (int gamma = 1; gamma < 6; gamma++) {
      int g = gamma;
      double[] tau = GreedyTrace.tau(traces, gamma);
      for (int k = 1; k <= vocabulary; k++) {
        int size = k;
        BlockStatistics walked =
            traces.stream()
                .map(t -> t.blocks(size, g))
                .reduce(BlockStatistics.none(g), BlockStatistics::plus);
        assertEquals(walked.tau(), tau[k], 1e-12);
        double lost = Arrays.stream(walked.judged()).sum() - Arrays.stream(walked.accepted()).sum();
        assertEquals(lost, walked.outside() + walked.wrong());
      }
    }
  }

  @Test
  void twoRanksDecideAMatch() {
    // retained from k = 4 on, beaten by a token of rank 5: matches for k of 4 and 5 only
    GreedyTrace trace = new GreedyTrace(new int[8], true, 1);
    trace.accept(3, 5);
    boolean[] expected = {false, false, false, true, true, false, false, false};
    for (int k = 1; k <= 8; k++) {
      assertEquals(expected[k - 1], trace.matches(0, 0, k), "k " + k);
    }
    GreedyTrace never = new GreedyTrace(new int[4], true, 1);
    never.accept(3, 1);
    assertArrayEquals(new double[] {Double.NaN, 1, 1, 1, 1}, GreedyTrace.tau(List.of(never), 2));
  }

  /** Sampled drafts thrown many times on table models, the text the target's own each time. */
  @Test
  void expectedCallsAreThoseOfTheSamplingLoop() {
    Tables tables = new Tables(11);
    Random random = new Random(12);
    int[] sizes = {6, 20, V};
    int gamma = 3;
    int texts = 400;
    double temperature = 0.7;
    for (int s = 0; s < sizes.length; s++) {
      double expected = 0;
      double thrown = 0;
      double squares = 0;
      for (int t = 0; t < texts; t++) {
        List<Integer> text = new ArrayList<>(List.of(0, 1));
        int calls = sampledLoop(tables, sizes[s], gamma, temperature, text, random);
        SampledTrace trace = new SampledTrace(tables.ranks, sizes, temperature, false);
        for (int i = 2; i < text.size(); i++) {
          float[] target = tables.row(tables.target, text.subList(0, i));
          trace.accept(
              SampledTrace.probability(target, text.get(i), temperature),
              tables.row(tables.draft, text.subList(0, i)),
              text.get(i));
        }
        double e = trace.blocks(sizes[s], gamma).calls();
        expected += e;
        thrown += calls;
        squares += (calls - e) * (calls - e);
      }
      double error = Math.sqrt(squares);
      assertTrue(
          Math.abs(expected - thrown) < 4 * error,
          "size " + sizes[s] + ": " + expected + " expected, " + thrown + " thrown ± " + error);
      assertTrue(error < 0.05 * thrown, "enough texts");
    }
  }

  private static int sampledLoop(
      Tables m, int k, int gamma, double temperature, List<Integer> text, Random random) {
    int calls = 0;
    while (text.size() < N + 2) {
      calls++;
      boolean rejected = false;
      for (int j = 0; j < gamma && !rejected && text.size() < N + 2; j++) {
        double[] p = softmax(m, m.row(m.target, text), V, temperature);
        double[] q = softmax(m, m.row(m.draft, text), k, temperature);
        int draft = draw(q, random);
        if (random.nextDouble() < p[draft] / q[draft]) {
          text.add(draft);
        } else {
          double[] rest = new double[V];
          for (int v = 0; v < V; v++) {
            rest[v] = Math.max(0, p[v] - q[v]);
          }
          text.add(draw(rest, random));
          rejected = true;
        }
      }
      if (!rejected && text.size() < N + 2) {
        text.add(draw(softmax(m, m.row(m.target, text), V, temperature), random));
      }
    }
    return calls;
  }

  private static double[] softmax(Tables m, float[] logits, int k, double temperature) {
    double[] p = new double[V];
    double sum = 0;
    for (int v = 0; v < V; v++) {
      p[v] = m.ranks[v] < k ? Math.exp(logits[v] / temperature) : 0;
      sum += p[v];
    }
    for (int v = 0; v < V; v++) {
      p[v] /= sum;
    }
    return p;
  }

  private static int draw(double[] weights, Random random) {
    double u = random.nextDouble() * Arrays.stream(weights).sum();
    int v = 0;
    while (v < V - 1 && u >= weights[v]) {
      u -= weights[v++];
    }
    return v;
  }

  @Test
  void loopsAreCalledCollapsed() {
    int[] loop = new int[400];
    Arrays.setAll(loop, i -> i % 7);
    TextVariety collapsed = TextVariety.of(List.of(loop));
    assertTrue(collapsed.collapsed(), collapsed.toString());
    assertTrue(collapsed.line().startsWith("COLLAPSED"));
    Random random = new Random(3);
    int[] varied = random.ints(400, 0, 2000).toArray();
    assertTrue(!TextVariety.of(List.of(varied)).collapsed());
  }
}
