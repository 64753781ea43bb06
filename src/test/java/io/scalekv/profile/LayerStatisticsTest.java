package io.scalekv.profile;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.cache.ScaleSchedule;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class LayerStatisticsTest {
  private static final int PROMPTS = 5;
  private static final int HEADS = 3;
  private static final ProfileGeometry GEOMETRY =
      new ProfileGeometry(2, HEADS, ScaleSchedule.ofSides(1, 2, 4));
  private static final ProfileOptions OPTIONS =
      ProfileOptions.defaults().withQuerySamples(ProfileOptions.ALL);
  private static final FakeAttention MODEL = new FakeAttention(GEOMETRY, 1, 1.2);

  private static AttentionProfile profile;
  private static LayerStatistics table;

  @BeforeAll
  static void measure() {
    List<PromptStatistics> seen = new ArrayList<>();
    for (int p = 0; p < PROMPTS; p++) {
      AttentionProfiler profiler = AttentionProfiler.create(GEOMETRY, OPTIONS, p);
      MODEL.generate(profiler, true, p);
      seen.addAll(profiler.statistics());
    }
    profile = AttentionProfile.of(GEOMETRY, OPTIONS, seen);
    table = LayerStatistics.of(profile);
  }

  /** Every feature of every prompt, from full attention matrices in double. */
  @ParameterizedTest
  @EnumSource(LayerStatistic.class)
  void agreesWithItsDefinition(LayerStatistic feature) {
    double[][][] seen = table.perPrompt(feature);
    for (int p = 0; p < PROMPTS; p++) {
      for (int l = 0; l < GEOMETRY.layers(); l++) {
        for (int k = 0; k < GEOMETRY.scales(); k++) {
          double expected = naive(feature, p, l, k);
          String where = feature + " prompt " + p + " layer " + l + " scale " + k;
          assertEquals(expected, seen[p][l][k], 1e-5 * (expected > 1 ? expected : 1), where);
        }
      }
    }
  }

  private static double naive(LayerStatistic feature, int prompt, int layer, int scale) {
    NaiveProfile own = full(prompt, true, layer, scale);
    NaiveProfile other = full(prompt, false, layer, scale);
    double[] current = heads(own, other, HeadStatistic.CURRENT_MASS);
    double top = mean(heads(own, other, HeadStatistic.HISTORY_TOP_K));
    double topOfMean = own.statistics(HEADS, true, other).get(HeadStatistic.HISTORY_TOP_K);
    return switch (feature) {
      case ASI -> mean(current) * top;
      case ASI_AVERAGED -> mean(current) * topOfMean;
      case CURRENT_RATIO -> mean(current);
      case HISTORY_TOPK -> top;
      case HISTORY_TOPK_AVERAGED -> topOfMean;
      case ENTROPY -> mean(heads(own, other, HeadStatistic.ENTROPY));
      case EFFECTIVE_KEYS -> mean(heads(own, other, HeadStatistic.EFFECTIVE_KEYS));
      case HISTORY_ENTROPY -> mean(heads(own, other, HeadStatistic.HISTORY_ENTROPY));
      case HISTORY_EFFECTIVE_KEYS -> mean(heads(own, other, HeadStatistic.HISTORY_EFFECTIVE_KEYS));
      case CURRENT_ENTROPY -> mean(heads(own, other, HeadStatistic.CURRENT_ENTROPY));
      case CURRENT_EFFECTIVE_KEYS -> mean(heads(own, other, HeadStatistic.CURRENT_EFFECTIVE_KEYS));
      case GINI -> mean(heads(own, other, HeadStatistic.GINI));
      case SINK_MASS -> mean(heads(own, other, HeadStatistic.SINK_MASS));
      case CURRENT_DISTANCE -> mean(heads(own, other, HeadStatistic.CURRENT_DISTANCE));
      case DISTANCE -> mean(heads(own, other, HeadStatistic.DISTANCE));
      case HEAD_DISAGREEMENT -> own.headDisagreement();
      case HEAD_SPREAD ->
          Math.sqrt(
              Arrays.stream(current).map(m -> (m - mean(current)) * (m - mean(current))).sum()
                  / HEADS);
      case PREVIOUS_MAP -> scale == 0 ? Double.NaN : own.sourceMass(HEADS, true, scale - 1);
      case EFFECTIVE_MAPS -> {
        double effective = 1;
        for (int s = 0; s <= scale; s++) {
          double share = own.sourceMass(HEADS, true, s);
          effective *= Math.pow(share, -share);
        }
        yield effective;
      }
      case BRANCH_DRIFT -> mean(heads(own, other, HeadStatistic.BRANCH_DRIFT));
      case CUT_ERROR, CUT_CHANGE -> Double.NaN; // no cut was asked for
    };
  }

  private static NaiveProfile full(int prompt, boolean conditional, int layer, int scale) {
    ScaleSchedule schedule = GEOMETRY.schedule();
    int tokens = schedule.tokens(scale);
    int[] rows = QuerySampler.draw(OPTIONS.seed(), prompt, layer, scale, tokens, tokens);
    return new NaiveProfile(
        schedule,
        scale,
        OPTIONS,
        rows,
        MODEL.query(prompt, conditional, layer, scale),
        MODEL.key(prompt, conditional, layer, scale),
        1);
  }

  private static double[] heads(NaiveProfile own, NaiveProfile other, HeadStatistic statistic) {
    double[] values = new double[HEADS];
    for (int h = 0; h < HEADS; h++) {
      Map<HeadStatistic, Double> means = own.statistics(h, true, other);
      values[h] = means.get(statistic);
    }
    return values;
  }

  private static double mean(double... values) {
    return Arrays.stream(values).sum() / values.length;
  }

  @ParameterizedTest
  @EnumSource(LayerStatistic.class)
  void aDrawHasTheValueOfItsPrompts(LayerStatistic statistic) {
    AttentionProfile some =
        AttentionProfile.of(
            profile.geometry(),
            profile.options(),
            List.of(profile.prompts().get(0), profile.prompts().get(2)));
    double[][] expected = LayerStatistics.of(some).value(statistic);
    double[][] actual = table.value(statistic, 0, 2);
    for (int l = 0; l < expected.length; l++) {
      assertArrayEquals(expected[l], actual[l], 1e-12);
    }
  }

  @Test
  void whatItHandsOutIsACopy() {
    table.perPrompt(LayerStatistic.ENTROPY)[0][0][0] = 17;
    assertTrue(table.perPrompt(LayerStatistic.ENTROPY)[0][0][0] < 1);
    assertEquals(PROMPTS, table.prompts());
    assertEquals(2, table.layers());
    assertEquals(3, table.scales());
  }

  /** Quantiles of Student's t from tables: t(0.975; 4) = 2.7764, t(0.95; 1) = 6.3138. */
  @Test
  void theMarginIsStudents() {
    assertEquals(2.7764 * Math.sqrt(2.5 / 5), Moments.of(1, 2, 3, 4, 5).margin(0.95), 1e-4);
    assertEquals(6.3138, Moments.of(-1, Double.NaN, 1).margin(0.9), 1e-4);
    assertTrue(Double.isNaN(Moments.of(3).margin(0.95)));
    assertThrows(IllegalArgumentException.class, () -> Moments.of(1, 2).margin(1));
  }
}
