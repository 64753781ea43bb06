package io.scalekv.profile;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.TokenMap;
import io.scalekv.cache.TokenScorer;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What the error-curve policy is told, against the definitions written out in doubles. */
class ErrorCurveTapTest {
  private static final ScaleSchedule SCHEDULE =
      new ScaleSchedule(
          List.of(new TokenMap(1, 1), new TokenMap(2, 1), new TokenMap(2, 3), new TokenMap(3, 4)));
  private static final ProfileGeometry GEOMETRY = new ProfileGeometry(2, 2, SCHEDULE);
  private static final double SOFTMAX_SCALE = 0.7;
  private static final FakeAttention MODEL = new FakeAttention(GEOMETRY, SOFTMAX_SCALE, 1.1);

  /** Attention of one query over the keys that are there. */
  private static double[] softmax(float[] query, float[][] keys, boolean[] there) {
    double[] p = new double[keys.length];
    double sum = 0;
    for (int j = 0; j < keys.length; j++) {
      double s = 0;
      for (int d = 0; d < query.length; d++) {
        s += query[d] * keys[j][d] * SOFTMAX_SCALE;
      }
      p[j] = there[j] ? Math.exp(s) : 0;
      sum += p[j];
    }
    for (int j = 0; j < keys.length; j++) {
      p[j] /= sum;
    }
    return p;
  }

  private static double[] output(double[] p, float[][] values) {
    double[] o = new double[values[0].length];
    for (int j = 0; j < p.length; j++) {
      for (int d = 0; d < o.length; d++) {
        o[d] += p[j] * values[j][d];
      }
    }
    return o;
  }

  private static double square(double[] a, double[] b) {
    double sum = 0;
    for (int d = 0; d < a.length; d++) {
      sum += (a[d] - b[d]) * (a[d] - b[d]);
    }
    return sum;
  }

  /** Mean over two prompts, their two branches and the queries of a map. */
  private interface OfHead {
    double of(float[][] queries, float[][] keys);
  }

  private static double mean(int layer, int scale, int head, OfHead f) {
    double sum = 0;
    for (int prompt = 0; prompt < 2; prompt++) {
      for (boolean conditional : new boolean[] {true, false}) {
        sum +=
            f.of(
                MODEL.query(prompt, conditional, layer, scale)[head],
                MODEL.key(prompt, conditional, layer, scale)[head]);
      }
    }
    return sum / 4;
  }

  @Test
  void importanceIsTheMeanChangeWithoutAKey() {
    KeyImportanceTap tap = new KeyImportanceTap(GEOMETRY);
    MODEL.generate(tap, true, 0);
    assertThrows(IllegalStateException.class, () -> new KeyImportanceTap(GEOMETRY).importance());
    MODEL.generate(tap, true, 1);
    float[][][][] importance = tap.importance();
    for (int k = 0; k < SCHEDULE.scales(); k++) {
      for (int l = 0; l < 2; l++) {
        for (int h = 0; h < 2; h++) {
          assertEquals(SCHEDULE.tokensBefore(k), importance[k][l][h].length);
          for (int j = 0; j < importance[k][l][h].length; j++) {
            int key = j;
            double expected =
                mean(
                    l,
                    k,
                    h,
                    (queries, keys) -> {
                      boolean[] all = new boolean[keys.length];
                      Arrays.fill(all, true);
                      boolean[] others = all.clone();
                      others[key] = false;
                      double sum = 0;
                      for (float[] q : queries) {
                        double[] with = output(softmax(q, keys, all), keys);
                        double[] without = output(softmax(q, keys, others), keys);
                        sum += Math.sqrt(square(with, without));
                      }
                      return sum / queries.length;
                    });
            assertEquals(expected, importance[k][l][h][j], 1e-5 * Math.max(1, expected));
          }
        }
      }
    }
  }

  /** Tokens go from the back: the score of a token is its place from the end. */
  private static TokenScorer firstStay() {
    return a -> {
      float[] scores = new float[a.rows() * a.heads().length * a.tokens()];
      for (int i = 0; i < scores.length; i++) {
        scores[i] = -(i % a.tokens());
      }
      return scores;
    };
  }

  @Test
  void errorsAreThoseOfAttentionWithTheKeptTokens() {
    ErrorCurveTap tap = new ErrorCurveTap(GEOMETRY, layer -> firstStay());
    MODEL.generate(tap, true, 0);
    MODEL.generate(tap, true, 1);
    assertArrayEquals(new int[] {0, 1, 2, 3, 4, 5, 7, 9}, ladder(tap));
    double[][][][] error = tap.error();
    for (int k = 1; k < SCHEDULE.scales(); k++) {
      int history = SCHEDULE.tokensBefore(k);
      for (int l = 0; l < 2; l++) {
        for (int h = 0; h < 2; h++) {
          for (int i = 0; i < tap.tokens()[k].length; i++) {
            int b = tap.tokens()[k][i];
            double expected =
                mean(
                    l,
                    k,
                    h,
                    (queries, keys) -> {
                      boolean[] all = new boolean[keys.length];
                      boolean[] kept = new boolean[keys.length];
                      for (int j = 0; j < keys.length; j++) {
                        all[j] = true;
                        kept[j] = j < b || j >= history;
                      }
                      double sum = 0;
                      for (float[] q : queries) {
                        double[] with = output(softmax(q, keys, all), keys);
                        sum += square(with, output(softmax(q, keys, kept), keys));
                      }
                      return sum / queries.length;
                    });
            assertEquals(expected, error[k][l][h][i], 1e-5 * Math.max(1, expected));
          }
        }
      }
    }
  }

  private static int[] ladder(ErrorCurveTap tap) {
    int[] last = tap.tokens()[SCHEDULE.scales() - 1];
    for (int k = 0; k < SCHEDULE.scales(); k++) {
      int[] points = tap.tokens()[k];
      int[] sorted = IntStream.of(points).sorted().distinct().toArray();
      assertArrayEquals(sorted, points);
      assertEquals(k == 0 ? 0 : SCHEDULE.tokensBefore(k), k == 0 ? 0 : points[points.length - 1]);
    }
    return last;
  }
}
