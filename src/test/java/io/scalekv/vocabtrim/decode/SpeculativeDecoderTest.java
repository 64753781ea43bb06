package io.scalekv.vocabtrim.decode;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.vocabtrim.lm.LanguageModel;
import io.scalekv.vocabtrim.lm.Llama;
import io.scalekv.vocabtrim.lm.RopeScaling;
import io.scalekv.vocabtrim.lm.TableModel;
import io.scalekv.vocabtrim.lm.TinyLlama;
import io.scalekv.vocabtrim.lm.VocabularySubset;
import io.scalekv.vocabtrim.measure.BlockStatistics;
import java.util.Arrays;
import java.util.Random;
import java.util.Set;
import java.util.SplittableRandom;
import org.apache.commons.statistics.inference.ChiSquareTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Speculative decoding gives the text of the target alone, and counts its blocks. */
class SpeculativeDecoderTest {
  private static VocabularySubset retained(Random random, int k, int vocabulary) {
    int[] ids = random.ints(0, vocabulary).distinct().limit(k).sorted().toArray();
    return VocabularySubset.of(ids, vocabulary);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 5, 12, 29})
  void greedyIsTheTargetAloneForEveryNumberOfRetainedTokens(int k) {
    TableModel target = TableModel.random(29, 1, 1);
    TableModel near = target.noisy(2, 0.5);
    Random random = new Random(k);
    for (int gamma = 1; gamma <= 6; gamma++) {
      TableModel draft = near.withHead(retained(random, k, 29));
      for (int p = 0; p < 10; p++) {
        int[] prompt = random.ints(1 + random.nextInt(5), 0, 29).toArray();
        Set<Integer> stop = random.nextBoolean() ? Set.of() : Set.of(random.nextInt(29));
        DecodeOptions o = new DecodeOptions(gamma, 1 + random.nextInt(40), 0, stop);
        int[] alone = new PlainDecoder(target).generate(prompt, o, null);
        SpeculativeDecoder.Generation g =
            new SpeculativeDecoder(target, draft).generate(prompt, o, null);
        assertArrayEquals(alone, g.tokens());
        check(g, o);
      }
    }
  }

  /** Checks the relations between the counts of any run. */
  private static void check(SpeculativeDecoder.Generation g, DecodeOptions o) {
    BlockStatistics s = g.statistics();
    assertEquals(g.tokens().length, s.tokens());
    double accepted = Arrays.stream(s.accepted()).sum();
    double rejected = s.outside() + s.wrong();
    assertEquals(Arrays.stream(s.judged()).sum(), accepted + rejected);
    // each call gives the accepted tokens and one more, unless an accepted token ends the text
    double more = s.tokens() - accepted;
    assertTrue(more == s.calls() || more == s.calls() - 1, s.toString());
    double tau = s.tau();
    assertTrue(tau >= 1 && tau <= o.draftTokens() + 1, "tau " + tau);
    for (int j = 0; j < o.draftTokens(); j++) {
      assertTrue(s.accepted()[j] <= s.judged()[j]);
      if (j > 0) {
        assertTrue(s.judged()[j] <= s.accepted()[j - 1]);
      }
    }
  }

  @Test
  void greedyIsTheTargetAloneOnSixtyPromptsOfRealNets() {
    Random random = new Random(3);
    BlockStatistics sum = BlockStatistics.none(4);
    try (Llama target = TinyLlama.random(TinyLlama.config(61, false, new RopeScaling.None()), 4);
        Llama small = TinyLlama.random(TinyLlama.config(61, false, new RopeScaling.None()), 5);
        LanguageModel other = small.withHead(retained(random, 20, 61));
        LanguageModel same = target.withHead(retained(random, 40, 61))) {
      for (int p = 0; p < 60; p++) {
        int[] prompt = TinyLlama.tokens(random, 1 + random.nextInt(12), 61);
        DecodeOptions o = new DecodeOptions(1 + p % 4, 20, 0, Set.of());
        int[] alone = new PlainDecoder(target).generate(prompt, o, null);
        for (LanguageModel draft : new LanguageModel[] {other, same}) {
          SpeculativeDecoder.Generation g =
              new SpeculativeDecoder(target, draft).generate(prompt, o, null);
          assertArrayEquals(alone, g.tokens(), "prompt " + p);
          check(g, o);
          if (o.draftTokens() == 4) {
            sum = sum.plus(g.statistics());
          }
        }
      }
    }
    assertTrue(sum.outside() > 0 && sum.wrong() > 0, sum.toString());
    assertTrue(sum.accepted()[3] > 0, "whole chains are accepted, too");
  }

  @Test
  void theTargetAsItsOwnDraftIsAlwaysRight() {
    TableModel target = TableModel.random(17, 6, 1);
    DecodeOptions o = new DecodeOptions(3, 40, 0, Set.of());
    SpeculativeDecoder.Generation g =
        new SpeculativeDecoder(target, target).generate(new int[] {4}, o, null);
    assertEquals(10, g.statistics().calls());
    assertEquals(4, g.statistics().tau());
    assertArrayEquals(new double[] {1, 1, 1}, g.statistics().acceptance());
    DecodeOptions sampled = new DecodeOptions(3, 40, 1, Set.of());
    SpeculativeDecoder.Generation s =
        new SpeculativeDecoder(target, target)
            .generate(new int[] {4}, sampled, new SplittableRandom(7));
    assertEquals(4, s.statistics().tau());
  }

  @Test
  void rejectionsAreSplitByTheReplacingToken() {
    TableModel target = TableModel.random(17, 8, 1);
    DecodeOptions o = new DecodeOptions(2, 60, 0, Set.of());
    int[] alone = new PlainDecoder(target).generate(new int[] {0}, o, null);
    int never = 0;
    while (indexOf(alone, never) >= 0) {
      never++;
    }
    LanguageModel one = target.withHead(VocabularySubset.of(new int[] {never}, 17));
    BlockStatistics s =
        new SpeculativeDecoder(target, one).generate(new int[] {0}, o, null).statistics();
    assertEquals(60, s.calls());
    assertEquals(59, s.outside());
    assertEquals(0, s.wrong());
    TableModel other = TableModel.random(17, 9, 1);
    s = new SpeculativeDecoder(target, other).generate(new int[] {0}, o, null).statistics();
    assertEquals(0, s.outside());
    assertTrue(s.wrong() > 20);
  }

  private static int indexOf(int[] values, int value) {
    for (int i = 0; i < values.length; i++) {
      if (values[i] == value) {
        return i;
      }
    }
    return -1;
  }

  /** Joint law of three sampled tokens against the product of the target's own probabilities. */
  @ParameterizedTest
  @CsvSource({"1,6,3", "1,2,2", "1,1,1", "0.7,3,2", "0.7,6,4", "1,4,1"})
  void sampledTokensHaveTheLawOfTheTarget(double temperature, int k, int gamma) {
    int v = 6;
    TableModel target = TableModel.random(v, 10, 1);
    TableModel draft = TableModel.random(v, 11, 1.5).withHead(retained(new Random(k), k, v));
    SpeculativeDecoder decoder = new SpeculativeDecoder(target, draft);
    DecodeOptions o = new DecodeOptions(gamma, 3, temperature, Set.of());
    SplittableRandom random = new SplittableRandom(12);
    int runs = 40_000;
    long[] seen = new long[v * v * v];
    BlockStatistics sum = BlockStatistics.none(gamma);
    for (int r = 0; r < runs; r++) {
      SpeculativeDecoder.Generation g = decoder.generate(new int[] {2, 5}, o, random);
      int[] t = g.tokens();
      seen[(t[0] * v + t[1]) * v + t[2]]++;
      sum = sum.plus(g.statistics());
    }
    double[] expected = new double[seen.length];
    for (int a = 0; a < v; a++) {
      for (int b = 0; b < v; b++) {
        for (int c = 0; c < v; c++) {
          expected[(a * v + b) * v + c] =
              probability(target.whole(2, 5), a, temperature)
                  * probability(target.whole(5, a), b, temperature)
                  * probability(target.whole(a, b), c, temperature);
        }
      }
    }
    // the test requires at least five expected counts per bin
    double[] e = new double[seen.length + 1];
    long[] s = new long[seen.length + 1];
    int n = 0;
    for (int i = 0; i < seen.length; i++) {
      int bin = expected[i] * runs < 5 ? seen.length : n++;
      e[bin] += expected[i];
      s[bin] += seen[i];
    }
    if (e[seen.length] > 0) {
      e[n] = e[seen.length];
      s[n] = s[seen.length];
      n++;
    }
    double p =
        ChiSquareTest.withDefaults().test(Arrays.copyOf(e, n), Arrays.copyOf(s, n)).getPValue();
    assertTrue(p > 1e-3, "chi-square over " + n + " bins: p = " + p);
    assertTrue(sum.wrong() + sum.outside() > 1000, "rejections were met");
    assertTrue(Arrays.stream(sum.accepted()).sum() > 1000 || k == 1, "acceptances were met");
  }

  private static double probability(float[] logits, int token, double temperature) {
    double sum = 0;
    for (float x : logits) {
      sum += Math.exp(x / temperature);
    }
    return Math.exp(logits[token] / temperature) / sum;
  }

  /** The same for real nets: the law of the second token. */
  @Test
  void sampledTokensOfRealNetsHaveTheLawOfTheTarget() {
    int v = 9;
    try (Llama target = TinyLlama.random(TinyLlama.config(v), 13);
        Llama small = TinyLlama.random(TinyLlama.config(v), 14);
        LanguageModel draft = small.withHead(VocabularySubset.of(new int[] {1, 2, 6}, v))) {
      double[] expected = new double[v];
      float[] first = TinyLlama.logits(target, 3);
      for (int a = 0; a < v; a++) {
        float[] both = TinyLlama.logits(target, 3, a);
        float[] second = Arrays.copyOfRange(both, v, 2 * v);
        for (int b = 0; b < v; b++) {
          expected[b] += probability(first, a, 1) * probability(second, b, 1);
        }
      }
      long[] seen = new long[v];
      SpeculativeDecoder decoder = new SpeculativeDecoder(target, draft);
      SplittableRandom random = new SplittableRandom(15);
      for (int r = 0; r < 300; r++) {
        seen[
            decoder.generate(new int[] {3}, new DecodeOptions(1, 2, 1, Set.of()), random)
                .tokens()[1]]++;
      }
      double p = ChiSquareTest.withDefaults().test(expected, seen).getPValue();
      assertTrue(p > 1e-3, "chi-square: p = " + p);
    }
  }

  @Test
  void theTargetIsAskedOncePerChain() {
    TableModel target = TableModel.random(11, 16, 1);
    TableModel draft = target.noisy(17, 1);
    DecodeOptions o = new DecodeOptions(3, 30, 0, Set.of());
    SpeculativeDecoder.Generation g =
        new SpeculativeDecoder(target, draft).generate(new int[] {1, 2, 3}, o, null);
    assertEquals(g.statistics().calls() + 1, target.passes(), "and once for the prompt");
    assertTrue(draft.passes() <= 3 * g.statistics().calls(), "and the draft model once per token");
  }

  @Test
  void wrongRequestsAreRefused() {
    TableModel target = TableModel.random(11, 1, 1);
    LanguageModel trimmed = target.withHead(VocabularySubset.of(new int[] {1}, 11));
    Exception e =
        assertThrows(IllegalArgumentException.class, () -> new SpeculativeDecoder(trimmed, target));
    assertTrue(e.getMessage().endsWith("got 1 of 11 tokens"), e.getMessage());
    e =
        assertThrows(
            IllegalArgumentException.class,
            () -> new SpeculativeDecoder(target, TableModel.random(12, 1, 1)));
    assertTrue(e.getMessage().contains("11") && e.getMessage().endsWith("got 12"), e.getMessage());
    SpeculativeDecoder decoder = new SpeculativeDecoder(target, target);
    DecodeOptions long4096 = new DecodeOptions(1, 4096, 0, Set.of());
    e =
        assertThrows(
            IllegalArgumentException.class, () -> decoder.generate(new int[2], long4096, null));
    assertTrue(
        e.getMessage().contains("4097") && e.getMessage().endsWith("got 4098"), e.getMessage());
    assertThrows(
        IllegalArgumentException.class, () -> decoder.generate(new int[0], long4096, null));
    assertThrows(IllegalArgumentException.class, () -> new DecodeOptions(0, 1, 0, Set.of()));
    assertThrows(IllegalArgumentException.class, () -> new DecodeOptions(1, 0, 0, Set.of()));
    assertThrows(
        IllegalArgumentException.class, () -> new DecodeOptions(1, 1, Double.NaN, Set.of()));
  }
}
