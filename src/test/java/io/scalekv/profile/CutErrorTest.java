package io.scalekv.profile;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.scalekv.cache.CacheListener;
import io.scalekv.cache.CacheManager;
import io.scalekv.cache.CachePolicy;
import io.scalekv.cache.CacheType;
import io.scalekv.cache.Geometry;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.policy.Policies;
import io.scalekv.cache.policy.PolicyCalibration;
import io.scalekv.cache.policy.PolicyContext;
import io.scalekv.cache.policy.PolicySpec;
import io.scalekv.model.AttentionSite;
import io.scalekv.tensor.NativeCopy;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CutErrorTest {
  private static final ScaleSchedule SCHEDULE = ScaleSchedule.ofSides(1, 2, 4, 5);
  private static final int HEADS = 2;
  private static final int LAYERS = 2;
  private static final int WIDTH = 6;

  /** Queries, keys and values of every map and layer, [map][layer][q, k, v], of B rows. */
  private static float[][][][] draw(int rows, long seed) {
    Random random = new Random(seed);
    float[][][][] x = new float[SCHEDULE.scales()][LAYERS][3][];
    for (int k = 0; k < SCHEDULE.scales(); k++) {
      for (int l = 0; l < LAYERS; l++) {
        for (int i = 0; i < 3; i++) {
          x[k][l][i] = new float[rows * HEADS * SCHEDULE.tokens(k) * WIDTH];
          for (int j = 0; j < x[k][l][i].length; j++) {
            x[k][l][i][j] = (float) random.nextGaussian();
          }
        }
      }
    }
    return x;
  }

  private static Shape shape(int rows, int map) {
    return new Shape(rows, HEADS, SCHEDULE.tokens(map), WIDTH);
  }

  /** The outputs [map][layer] of real caches under a policy. */
  private static float[][][] outputs(float[][][][] x, int rows, String policy, int budget) {
    float[][][] outputs = new float[SCHEDULE.scales()][LAYERS][];
    CachePolicy p =
        Policies.create(
            PolicySpec.parse(policy),
            new PolicyContext(
                SCHEDULE, new Geometry(LAYERS, HEADS, 1), budget, 0, PolicyCalibration.NONE));
    try (NDManager m = NDManager.newBaseManager("PyTorch");
        CacheManager caches =
            new CacheManager(
                m,
                p,
                CacheType.FP32,
                CacheType.FP32,
                CacheManager.Attention.FP32,
                CacheListener.NONE)) {
      for (int k = 0; k < outputs.length; k++) {
        caches.enter(k);
        for (int l = 0; l < LAYERS; l++) {
          try (NDManager scope = m.newSubManager()) {
            NDArray[] a = new NDArray[3];
            for (int i = 0; i < 3; i++) {
              a[i] = NativeCopy.of(scope, x[k][l][i], shape(rows, k));
            }
            outputs[k][l] = caches.attend(l, a[0], a[1], a[2], () -> a[0]).toFloatArray();
          }
        }
      }
    }
    return outputs;
  }

  /** Shows a generation with the full cache to a tap. */
  private static List<PromptStatistics> profile(
      float[][][][] x, int rows, boolean guided, ProfileOptions options) {
    int prompts = guided ? rows / 2 : rows;
    int[] index = new int[prompts];
    for (int i = 0; i < prompts; i++) {
      index[i] = i;
    }
    AttentionProfiler profiler =
        AttentionProfiler.create(new ProfileGeometry(LAYERS, HEADS, SCHEDULE), options, index);
    try (NDManager m = NDManager.newBaseManager("PyTorch")) {
      NDArray[][] history = new NDArray[LAYERS][2];
      for (int k = 0; k < SCHEDULE.scales(); k++) {
        for (int l = 0; l < LAYERS; l++) {
          for (int i = 0; i < 2; i++) {
            NDArray own = NativeCopy.of(m, x[k][l][i + 1], shape(rows, k));
            history[l][i] = k == 0 ? own : history[l][i].concat(own, 2);
          }
          NDArray query = NativeCopy.of(m, x[k][l][0], shape(rows, k));
          AttentionSite site = new AttentionSite(l, k, SCHEDULE, prompts, 1);
          profiler.attend(site, query, history[l][0], history[l][1]);
        }
      }
    }
    return profiler.statistics();
  }

  /** ‖a − b‖² and ‖a‖² over one head of one row, or over all heads for head H. */
  private static double[] squares(float[] a, float[] b, int row, int head, int tokens) {
    int size = tokens * WIDTH;
    int from = (row * HEADS + (head == HEADS ? 0 : head)) * size;
    int n = head == HEADS ? HEADS * size : size;
    double error = 0;
    double full = 0;
    for (int i = from; i < from + n; i++) {
      error += Math.pow((double) a[i] - b[i], 2);
      full += Math.pow(a[i], 2);
    }
    return new double[] {error, full, n};
  }

  @ParameterizedTest
  @CsvSource({"3, 1, false", "7, 2, true", "20, 4, true"})
  void itIsTheErrorOfARealCacheCutForThatMapAlone(int budget, int rows, boolean guided) {
    float[][][][] x = draw(rows, budget);
    List<PromptStatistics> seen =
        profile(x, rows, guided, ProfileOptions.defaults().withCutTokens(budget));
    float[][][] full = outputs(x, rows, "full", SCHEDULE.historyTokens());
    int compared = 0;
    for (int k = 0; k < SCHEDULE.scales(); k++) {
      for (int l = 0; l < LAYERS; l++) {
        boolean isCut = SCHEDULE.tokensBefore(k) > budget;
        float[] cut =
            isCut
                ? outputs(x, rows, "one-layer:layer=" + l + ",scale=" + (k + 1), budget)[k][l]
                : null;
        for (int row = 0; row < rows; row++) {
          PromptStatistics p = seen.get(row % seen.size());
          Branch branch = row < seen.size() ? Branch.CONDITIONAL : Branch.UNCONDITIONAL;
          for (int h = 0; h <= HEADS; h++) {
            double error = p.value(branch, HeadStatistic.CUT_ERROR, l, k, h);
            double change = p.value(branch, HeadStatistic.CUT_CHANGE, l, k, h);
            if (!isCut) {
              assertTrue(Double.isNaN(error) && Double.isNaN(change));
              continue;
            }
            double[] s = squares(full[k][l], cut, row, h, SCHEDULE.tokens(k));
            assertEquals(Math.sqrt(s[0] / s[1]), error, 1e-5);
            assertEquals(Math.sqrt(s[0] / s[2]), change, 1e-5);
            assertTrue(error > 1e-3);
            compared++;
          }
        }
      }
    }
    assertTrue(compared > 0);
  }

  @Test
  void nothingElseChangesAndWithoutACutThereIsNoError() {
    float[][][][] x = draw(2, 5);
    List<PromptStatistics> without = profile(x, 2, true, ProfileOptions.defaults());
    List<PromptStatistics> with = profile(x, 2, true, ProfileOptions.defaults().withCutTokens(4));
    for (HeadStatistic s : HeadStatistic.values()) {
      boolean ofCut = s == HeadStatistic.CUT_ERROR || s == HeadStatistic.CUT_CHANGE;
      double a = without.get(0).value(Branch.CONDITIONAL, s, 1, 3, 1);
      double b = with.get(0).value(Branch.CONDITIONAL, s, 1, 3, 1);
      if (ofCut) {
        assertTrue(Double.isNaN(a) && b > 0);
      } else {
        assertEquals(a, b);
      }
    }
  }

  @Test
  void metricsReadTheErrorOfAllHeadsTogether() {
    List<PromptStatistics> seen =
        profile(draw(1, 6), 1, false, ProfileOptions.defaults().withCutTokens(4));
    AttentionProfile profile =
        AttentionProfile.of(
            seen.get(0).geometry(), ProfileOptions.defaults().withCutTokens(4), seen);
    assertEquals(
        seen.get(0).value(Branch.CONDITIONAL, HeadStatistic.CUT_ERROR, 1, 2, HEADS),
        LayerStatistics.of(profile).value(LayerStatistic.CUT_ERROR)[1][2]);
    assertTrue(Double.isNaN(LayerStatistics.of(profile).value(LayerStatistic.CUT_ERROR)[0][1]));
    for (LayerStatistic m : LayerStatistic.values()) {
      assertEquals(m.cliName().startsWith("cut-"), m.needsBudget());
    }
  }
}
