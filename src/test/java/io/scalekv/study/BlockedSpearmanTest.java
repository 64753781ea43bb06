package io.scalekv.study;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.metrics.RankCorrelation;
import java.util.Arrays;
import java.util.Random;
import java.util.SplittableRandom;
import org.apache.commons.statistics.descriptive.Quantile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class BlockedSpearmanTest {
  private static double[][] feature(int blocks, int places, long seed) {
    Random random = new Random(seed);
    double[][] x = new double[blocks][places];
    for (double[] row : x) {
      for (int k = 0; k < places; k++) {
        row[k] = random.nextInt(blocks); // few values, so that there are ties
      }
    }
    return x;
  }

  /** A quantity that follows x with some noise, [block][place][prompt]. */
  private static double[][][] quantity(double[][] x, int prompts, double noise, long seed) {
    Random random = new Random(seed);
    double[][][] y = new double[x.length][x[0].length][prompts];
    for (int b = 0; b < x.length; b++) {
      for (int k = 0; k < x[0].length; k++) {
        for (int p = 0; p < prompts; p++) {
          y[b][k][p] = -x[b][k] + 3 * k + noise * random.nextGaussian();
        }
      }
    }
    return y;
  }

  private static double[] flatMeans(double[][][] y) {
    double[] flat = new double[y.length * y[0].length];
    for (int i = 0; i < flat.length; i++) {
      double[] values = y[i / y[0].length][i % y[0].length];
      double sum = 0;
      int n = 0;
      for (double v : values) {
        if (!Double.isNaN(v)) {
          sum += v;
          n++;
        }
      }
      flat[i] = sum / n;
    }
    return flat;
  }

  private static double[] flat(double[][] x) {
    double[] flat = new double[x.length * x[0].length];
    for (int i = 0; i < flat.length; i++) {
      flat[i] = x[i / x[0].length][i % x[0].length];
    }
    return flat;
  }

  private static double[] place(double[] flat, int places, int k) {
    double[] own = new double[flat.length / places];
    for (int b = 0; b < own.length; b++) {
      own[b] = flat[b * places + k];
    }
    return own;
  }

  @ParameterizedTest
  @CsvSource({"12, 1, 5, 1", "7, 3, 4, 2", "20, 5, 2, 3", "4, 2, 1, 4"})
  void rhoIsSpearmansOfTheMeans(int blocks, int places, int prompts, long seed) {
    double[][] x = feature(blocks, places, seed);
    double[][][] y = quantity(x, prompts, blocks, seed + 10);
    BlockedSpearman.Result got = new BlockedSpearman(y, false, 100, 99, 0).of(x);
    assertEquals(RankCorrelation.spearman(flat(x), flatMeans(y)), got.rho(), 1e-12);
    assertEquals(blocks * places, got.n());
    assertEquals(blocks, got.blocks());
  }

  @Test
  void withinPlacesEveryPlaceIsRankedAlone() {
    double[][] x = feature(9, 3, 5);
    for (int b = 0; b < 9; b++) {
      for (int k = 0; k < 3; k++) {
        x[b][k] += 1e-3 * b + 100 * k; // no ties
      }
    }
    double[][][] y = quantity(x, 3, 4, 6);
    BlockedSpearman.Result got = new BlockedSpearman(y, true, 100, 99, 0).of(x);
    double mean = 0;
    for (int k = 0; k < 3; k++) {
      mean += RankCorrelation.spearman(place(flat(x), 3, k), place(flatMeans(y), 3, k)) / 3;
    }
    assertEquals(mean, got.rho(), 1e-12);
  }

  /** The p-value by all permutations of whole blocks. */
  private static double exact(double[][] x, double[][][] y) {
    int blocks = x.length;
    int places = x[0].length;
    double[] means = flatMeans(y);
    double rho = Math.abs(RankCorrelation.spearman(flat(x), means));
    int[] hits = new int[2];
    permute(
        new int[blocks],
        0,
        0,
        order -> {
          double[] moved = new double[means.length];
          for (int i = 0; i < moved.length; i++) {
            moved[i] = means[order[i / places] * places + i % places];
          }
          hits[0] += Math.abs(RankCorrelation.spearman(flat(x), moved)) >= rho - 1e-12 ? 1 : 0;
          hits[1]++;
        });
    return (double) hits[0] / hits[1];
  }

  private interface Visitor {
    void visit(int[] order);
  }

  private static void permute(int[] order, int at, int used, Visitor visitor) {
    if (at == order.length) {
      visitor.visit(order);
      return;
    }
    for (int b = 0; b < order.length; b++) {
      if ((used >> b & 1) == 0) {
        order[at] = b;
        permute(order, at + 1, used | 1 << b, visitor);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"1, 2", "2, 5", "3, 20"})
  void pIsThatOfPermutedBlocks(long seed, double noise) {
    double[][] x = feature(6, 2, seed);
    double[][][] y = quantity(x, 3, noise, seed + 20);
    double p = new BlockedSpearman(y, false, 100, 20_000, 0).of(x).p();
    assertEquals(exact(x, y), p, 0.015);
  }

  @Test
  void theIntervalIsThatOfNaiveResamples() {
    double[][] x = feature(10, 2, 8);
    double[][][] y = quantity(x, 6, 6, 9);
    BlockedSpearman.Result got = new BlockedSpearman(y, false, 4000, 99, 1).of(x);
    Random random = new Random(3);
    double[] joint = new double[4000];
    double[] byPrompts = new double[4000];
    for (int r = 0; r < joint.length; r++) {
      double[][][] drawn = new double[10][2][6];
      for (int p = 0; p < 6; p++) {
        int from = random.nextInt(6);
        for (int i = 0; i < 20; i++) {
          drawn[i / 2][i % 2][p] = y[i / 2][i % 2][from];
        }
      }
      byPrompts[r] = RankCorrelation.spearman(flat(x), flatMeans(drawn));
      double[][] ofX = new double[10][];
      double[][][] ofY = new double[10][][];
      for (int b = 0; b < 10; b++) {
        int from = random.nextInt(10);
        ofX[b] = x[from];
        ofY[b] = drawn[from];
      }
      joint[r] = RankCorrelation.spearman(flat(ofX), flatMeans(ofY));
    }
    Arrays.sort(joint);
    Arrays.sort(byPrompts);
    assertEquals(joint[100], got.low(), 0.03);
    assertEquals(joint[3900], got.high(), 0.03);
    assertEquals(byPrompts[100], got.promptLow(), 0.03);
    assertEquals(byPrompts[3900], got.promptHigh(), 0.03);
    assertTrue(got.low() < got.promptLow() && got.promptHigh() < got.high());
  }

  @Test
  void valuesThatAreMissingAreLeftOutOfTheMeans() {
    double[][] x = {{1}, {2}, {3}, {4}};
    double none = Double.NaN;
    double[][][] y = {{{9, none}}, {{none, 7}}, {{6, 6}}, {{none, none}}};
    assertEquals(-1, new BlockedSpearman(y, false, 100, 99, 0).of(x).rho(), 1e-12);
  }

  @Test
  void aConstantHasNoCorrelation() {
    double[][] x = {{1}, {1}, {1}};
    double[][][] y = {{{1}}, {{2}}, {{3}}};
    BlockedSpearman.Result got = new BlockedSpearman(y, false, 100, 99, 0).of(x);
    assertTrue(Double.isNaN(got.rho()) && Double.isNaN(got.p()) && Double.isNaN(got.low()));
  }

  @Test
  void refusesWhatCannotBeRanked() {
    double[][][] y = {{{1}}, {{2}}, {{3}}};
    BlockedSpearman three = new BlockedSpearman(y, false, 100, 99, 0);
    double[][] tooFew = {{1}, {2}};
    double[][] missing = {{1}, {Double.NaN}, {2}};
    double[][][] two = {{{1}}, {{2}}};
    refuses("2", () -> three.of(tooFew));
    refuses("NaN", () -> three.of(missing));
    refuses("block 2", () -> three.of(new double[][] {{1}, {2}, {3, 4}}));
    refuses("2 blocks", () -> new BlockedSpearman(two, false, 100, 99, 0));
    refuses("0 blocks", () -> new BlockedSpearman(new double[0][][], false, 100, 99, 0));
    refuses("3 blocks", () -> new BlockedSpearman(new double[3][0][1], false, 100, 99, 0));
    refuses("3 blocks", () -> new BlockedSpearman(new double[3][1][0], false, 100, 99, 0));
    refuses("99 and 99", () -> new BlockedSpearman(y, false, 99, 99, 0));
    refuses("100 and 98", () -> new BlockedSpearman(y, false, 100, 98, 0));
    refuses(
        "block 1",
        () -> new BlockedSpearman(new double[][][] {{{1}}, {{2}, {3}}, {{4}}}, false, 100, 99, 0));
    refuses(
        "block 2",
        () -> new BlockedSpearman(new double[][][] {{{1}}, {{2}}, {{4, 5}}}, false, 100, 99, 0));
  }

  private static void refuses(String value, Executable call) {
    String message = assertThrows(IllegalArgumentException.class, call).getMessage();
    assertTrue(message.contains(value), message);
  }

  /** The stated draws, prompts before blocks, written out with every observation repeated. */
  @ParameterizedTest
  @ValueSource(longs = {4, 5, 6})
  void theIntervalIsThatOfTheSameDraws(long seed) {
    double[][] x = feature(8, 2, seed);
    double[][][] y = quantity(x, 5, 6, seed + 30);
    y[3][1][2] = Double.NaN;
    BlockedSpearman.Result got = new BlockedSpearman(y, false, 100, 99, seed).of(x);
    SplittableRandom random = new SplittableRandom(seed);
    double[] joint = new double[100];
    double[] byPrompts = new double[100];
    for (int r = 0; r < 100; r++) {
      int[] prompts = new int[5];
      Arrays.setAll(prompts, i -> random.nextInt(5));
      int[] blocks = new int[8];
      Arrays.setAll(blocks, i -> random.nextInt(8));
      double[][][] drawn = new double[8][2][5];
      for (int i = 0; i < 80; i++) {
        drawn[i / 10][i / 5 % 2][i % 5] = y[i / 10][i / 5 % 2][prompts[i % 5]];
      }
      double[][] ofX = new double[8][];
      double[][][] ofY = new double[8][][];
      for (int b = 0; b < 8; b++) {
        ofX[b] = x[blocks[b]];
        ofY[b] = drawn[blocks[b]];
      }
      byPrompts[r] = RankCorrelation.spearman(flat(x), flatMeans(drawn));
      joint[r] = RankCorrelation.spearman(flat(ofX), flatMeans(ofY));
    }
    double[] ends = Quantile.withDefaults().evaluate(joint, 0.025, 0.975);
    double[] promptEnds = Quantile.withDefaults().evaluate(byPrompts, 0.025, 0.975);
    assertEquals(ends[0], got.low(), 1e-12);
    assertEquals(ends[1], got.high(), 1e-12);
    assertEquals(promptEnds[0], got.promptLow(), 1e-12);
    assertEquals(promptEnds[1], got.promptHigh(), 1e-12);
  }

  /** Of the six orders of three blocks, two give |ρ| = 1: as they are, and backwards. */
  @Test
  void thePermutationThatChangesNothingCounts() {
    double[][][] y = {{{1}}, {{2}}, {{3}}};
    double[][] x = {{10}, {20}, {30}};
    assertEquals(1 / 3.0, new BlockedSpearman(y, false, 100, 20_000, 0).of(x).p(), 0.015);
  }

  @Test
  void zerosOfEitherSignAreTied() {
    double[][] x = {{-0.0}, {0.0}, {1}};
    double[][][] y = {{{0.0, 0.0}}, {{-Double.MIN_VALUE, 0.0}}, {{1, 1}}};
    assertEquals(1, new BlockedSpearman(y, false, 100, 99, 0).of(x).rho(), 1e-12);
  }
}
