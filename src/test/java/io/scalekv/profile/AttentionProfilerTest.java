package io.scalekv.profile;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.TokenMap;
import io.scalekv.model.AttentionSite;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class AttentionProfilerTest {
  private static final ProfileOptions EVERY_ROW =
      ProfileOptions.defaults().withQuerySamples(ProfileOptions.ALL);
  private static final ScaleSchedule WIDE =
      new ScaleSchedule(
          List.of(new TokenMap(1, 1), new TokenMap(1, 2), new TokenMap(2, 5), new TokenMap(5, 7)));

  static Stream<Arguments> oracleCases() {
    ScaleSchedule small = ScaleSchedule.ofSides(1, 2, 4);
    ScaleSchedule pocket = ScaleSchedule.ofSides(1, 2, 4, 6, 8);
    ProfileOptions sampled = ProfileOptions.defaults().withSeed(7).withQuerySamples(9);
    return Stream.of(
        Arguments.of(small, 1, 1.0, 1.0, false, EVERY_ROW, new int[] {0}),
        Arguments.of(small, 3, 0.35, 2.0, true, EVERY_ROW, new int[] {4}),
        Arguments.of(WIDE, 2, 1.0, 1.5, true, EVERY_ROW, new int[] {0, 3}),
        Arguments.of(
            WIDE,
            2,
            0.35,
            1.0,
            true,
            sampled.withHistoryTopK(new TopKeys.Count(6)),
            new int[] {2, 0, 1}),
        Arguments.of(pocket, 4, 0.35, 1.0, true, sampled, new int[] {5}),
        Arguments.of(pocket, 3, 1.0, 1.5, true, sampled.withDetailRows(4), new int[] {3, 6}),
        Arguments.of(WIDE, 2, 1.0, 1.0, false, ProfileOptions.light(), new int[] {1}),
        Arguments.of(pocket, 4, 1.0, 2.0, false, sampled, new int[] {1, 2}));
  }

  @ParameterizedTest
  @MethodSource("oracleCases")
  void agreesWithFullMatrices(
      ScaleSchedule schedule,
      int heads,
      double softmaxScale,
      double spread,
      boolean guided,
      ProfileOptions options,
      int[] prompts) {
    ProfileGeometry geometry = new ProfileGeometry(2, heads, schedule);
    FakeAttention model = new FakeAttention(geometry, softmaxScale, spread);
    for (int block : new int[] {1 << 20, 500}) {
      AttentionProfiler profiler = AttentionProfiler.withBlocks(geometry, options, block, prompts);
      model.generate(profiler, guided, prompts);
      List<PromptStatistics> seen = profiler.statistics();
      for (int c = 0; c < prompts.length; c++) {
        assertEquals(prompts[c], seen.get(c).prompt());
        assertEquals(guided, seen.get(c).guided());
        for (int l = 0; l < geometry.layers(); l++) {
          for (int k = 0; k < geometry.scales(); k++) {
            compare(seen.get(c), model, softmaxScale, guided, options, l, k);
          }
        }
      }
    }
  }

  private static void compare(
      PromptStatistics seen,
      FakeAttention model,
      double softmaxScale,
      boolean guided,
      ProfileOptions options,
      int layer,
      int scale) {
    int prompt = seen.prompt();
    ScaleSchedule schedule = seen.geometry().schedule();
    int[] rows =
        QuerySampler.draw(
            options.seed(), prompt, layer, scale, schedule.tokens(scale), options.querySamples());
    NaiveProfile[] branches = new NaiveProfile[2];
    for (Branch b : Branch.values()) {
      boolean conditional = b == Branch.CONDITIONAL;
      branches[b.ordinal()] =
          new NaiveProfile(
              schedule,
              scale,
              options,
              rows,
              model.query(prompt, conditional, layer, scale),
              model.key(prompt, conditional, layer, scale),
              softmaxScale);
    }
    for (Branch b : Branch.values()) {
      boolean conditional = b == Branch.CONDITIONAL;
      for (int h = 0; h <= seen.averagedRow(); h++) {
        String where = prompt + " " + b + " layer " + layer + " scale " + scale + " head " + h;
        Map<HeadStatistic, Double> naive =
            branches[b.ordinal()].statistics(
                h, conditional, guided && conditional ? branches[1] : null);
        for (HeadStatistic s : HeadStatistic.values()) {
          double expected = guided || conditional ? naive.get(s) : Double.NaN;
          double actual = seen.value(b, s, layer, scale, h);
          assertEquals(expected, actual, 1e-5 * (expected > 1 ? expected : 1), where + " " + s);
        }
        double total = 0;
        for (int source = 0; source <= scale && (guided || conditional); source++) {
          double mass = seen.sourceMass(b, layer, scale, h, source);
          assertEquals(branches[b.ordinal()].sourceMass(h, conditional, source), mass, 1e-5, where);
          total += mass;
        }
        assertEquals(guided || conditional ? 1 : 0, total, 1e-5, where);
      }
    }
    AttentionProfile profile = AttentionProfile.of(seen.geometry(), options, List.of(seen));
    assertEquals(
        branches[0].headDisagreement(),
        LayerStatistics.of(profile).value(LayerStatistic.HEAD_DISAGREEMENT)[layer][scale],
        1e-5,
        prompt + " head disagreement");
  }

  @Test
  void uniformAttentionIsKnownByHand() {
    ProfileGeometry geometry = new ProfileGeometry(1, 2, ScaleSchedule.ofSides(1, 2, 4));
    AttentionProfiler profiler = AttentionProfiler.create(geometry, EVERY_ROW, 0);
    new FakeAttention(geometry, 1, 0).generate(profiler, true, 0);
    PromptStatistics s = profiler.statistics().get(0);
    for (Branch b : Branch.values()) {
      for (int h = 0; h <= 2; h++) {
        assertEquals(Math.log(21), s.value(b, HeadStatistic.ENTROPY, 0, 2, h), 1e-6);
        assertEquals(21, s.value(b, HeadStatistic.EFFECTIVE_KEYS, 0, 2, h), 1e-4);
        assertEquals(5, s.value(b, HeadStatistic.HISTORY_EFFECTIVE_KEYS, 0, 2, h), 1e-4);
        assertEquals(16, s.value(b, HeadStatistic.CURRENT_EFFECTIVE_KEYS, 0, 2, h), 1e-4);
        double gini = b == Branch.CONDITIONAL ? 0 : Double.NaN;
        assertEquals(gini, s.value(b, HeadStatistic.GINI, 0, 2, h), 1e-6);
        assertEquals(16 / 21., s.value(b, HeadStatistic.CURRENT_MASS, 0, 2, h), 1e-6);
        assertEquals(1 / 21., s.value(b, HeadStatistic.HISTORY_TOP_K, 0, 2, h), 1e-6);
        assertEquals(5 / 21., s.value(b, HeadStatistic.SINK_MASS, 0, 2, h), 1e-6);
        assertEquals(4 / 21., s.sourceMass(b, 0, 2, h, 1), 1e-6);
        assertEquals(0, s.value(b, HeadStatistic.ENTROPY, 0, 0, h), 1e-6);
      }
    }
    assertEquals(0, s.value(Branch.CONDITIONAL, HeadStatistic.BRANCH_DRIFT, 0, 2, 0), 1e-6);
    // map 1 is 2x2: to its own four centres 0, 1/2, 1/2, 1/√2; to the centre of map 0 √(1/8)
    double current = (1 + Math.sqrt(0.5)) / 4;
    assertEquals(
        current, s.value(Branch.CONDITIONAL, HeadStatistic.CURRENT_DISTANCE, 0, 1, 0), 1e-6);
    assertEquals(
        (4 * current + Math.sqrt(0.125)) / 5,
        s.value(Branch.CONDITIONAL, HeadStatistic.DISTANCE, 0, 1, 0),
        1e-6);
  }

  /** Head 0 looks at the first token alone, head 1 at the query itself; both far above the rest. */
  @Test
  void oneHotAttentionIsKnownByHand() {
    ProfileGeometry geometry = new ProfileGeometry(1, 2, ScaleSchedule.ofSides(1, 2));
    AttentionProfiler profiler = AttentionProfiler.create(geometry, EVERY_ROW, 0);
    for (int k = 0; k < 2; k++) {
      int keys = k == 0 ? 1 : 5;
      int tokens = k == 0 ? 1 : 4;
      float[][][][] query = new float[1][2][tokens][5];
      float[][][][] key = new float[1][2][keys][5];
      for (int j = 0; j < keys; j++) {
        key[0][0][j][j] = 1;
        key[0][1][j][j] = 1;
      }
      for (int i = 0; i < tokens; i++) {
        query[0][0][i][0] = 200;
        query[0][1][i][keys - tokens + i] = 200;
      }
      try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
        NDArray q = FakeAttention.array(manager, query);
        NDArray kk = FakeAttention.array(manager, key);
        profiler.attend(new AttentionSite(0, k, geometry.schedule(), 1, 1), q, kk, kk);
      }
    }
    PromptStatistics s = profiler.statistics().get(0);
    Branch c = Branch.CONDITIONAL;
    assertEquals(0, s.value(c, HeadStatistic.CURRENT_MASS, 0, 1, 0), 1e-6);
    assertEquals(1, s.value(c, HeadStatistic.CURRENT_MASS, 0, 1, 1), 1e-6);
    assertEquals(1, s.value(c, HeadStatistic.HISTORY_TOP_K, 0, 1, 0), 1e-6);
    assertEquals(1, s.value(c, HeadStatistic.EFFECTIVE_KEYS, 0, 1, 0), 1e-6);
    assertEquals(0.8, s.value(c, HeadStatistic.GINI, 0, 1, 1), 1e-6);
    assertEquals(0, s.value(c, HeadStatistic.DISTANCE, 0, 1, 1), 1e-6);
    assertEquals(Math.sqrt(0.125), s.value(c, HeadStatistic.DISTANCE, 0, 1, 0), 1e-6);
    // a part of the row that holds nothing has no entropy of its own
    assertTrue(Double.isNaN(s.value(c, HeadStatistic.CURRENT_ENTROPY, 0, 1, 0)));
    assertTrue(Double.isNaN(s.value(c, HeadStatistic.HISTORY_ENTROPY, 0, 1, 1)));
    AttentionProfile profile = AttentionProfile.of(geometry, EVERY_ROW, profiler.statistics());
    assertEquals(
        Math.log(2),
        LayerStatistics.of(profile).value(LayerStatistic.HEAD_DISAGREEMENT)[0][1],
        1e-6);
    assertEquals(0.25, LayerStatistics.of(profile).value(LayerStatistic.ASI)[0][1], 1e-6);
    assertEquals(0.25, LayerStatistics.of(profile).value(LayerStatistic.ASI_AVERAGED)[0][1], 1e-6);
  }

  @Test
  void sameSeedSameBitsAndOtherSeedOtherRows() {
    ProfileGeometry geometry = new ProfileGeometry(2, 2, ScaleSchedule.ofSides(1, 2, 4, 6));
    FakeAttention model = new FakeAttention(geometry, 1, 1);
    ProfileOptions options = ProfileOptions.defaults().withQuerySamples(5);
    PromptStatistics first = profile(model, geometry, options);
    assertEquals(first, profile(model, geometry, options));
    assertNotEquals(first, profile(model, geometry, options.withSeed(1)));
  }

  /** Layers may come in any order: the draw belongs to the place, not to the time. */
  @Test
  void orderOfCallsDoesNotMatter() {
    ProfileGeometry geometry = new ProfileGeometry(2, 2, ScaleSchedule.ofSides(1, 2, 4, 6));
    FakeAttention model = new FakeAttention(geometry, 1, 1);
    ProfileOptions options = ProfileOptions.defaults().withQuerySamples(5);
    AttentionProfiler backwards = AttentionProfiler.create(geometry, options, 3);
    for (int l = 1; l >= 0; l--) {
      for (int k = 3; k >= 0; k--) {
        model.attend(backwards, true, l, k, 3);
      }
    }
    assertEquals(profile(model, geometry, options), backwards.statistics().get(0));
  }

  @Test
  void theUnconditionalBranchCanBeLeftOut() {
    ProfileGeometry geometry = new ProfileGeometry(2, 2, ScaleSchedule.ofSides(1, 2, 4));
    FakeAttention model = new FakeAttention(geometry, 1, 1);
    PromptStatistics both = profile(model, geometry, EVERY_ROW);
    PromptStatistics one = profile(model, geometry, EVERY_ROW.withUnconditional(false));
    Branch c = Branch.CONDITIONAL;
    double expected = both.value(c, HeadStatistic.ENTROPY, 1, 2, 0);
    assertEquals(expected, one.value(c, HeadStatistic.ENTROPY, 1, 2, 0), 1e-6);
    assertTrue(Double.isNaN(one.value(Branch.UNCONDITIONAL, HeadStatistic.ENTROPY, 1, 2, 0)));
    assertTrue(both.guided() && !one.guided());
  }

  private static PromptStatistics profile(
      FakeAttention model, ProfileGeometry geometry, ProfileOptions options) {
    AttentionProfiler profiler = AttentionProfiler.create(geometry, options, 3);
    model.generate(profiler, true, 3);
    return profiler.statistics().get(0);
  }

  @Test
  void leavesQueriesAndKeysAsTheyWere() {
    ProfileGeometry geometry = new ProfileGeometry(1, 2, ScaleSchedule.ofSides(1));
    try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
      NDArray q = manager.randomNormal(new Shape(2, 2, 1, 4));
      NDArray k = manager.randomNormal(new Shape(2, 2, 1, 4));
      float[] before = q.toFloatArray();
      int arrays = manager.getManagedArrays().size();
      AttentionProfiler.create(geometry, ProfileOptions.defaults(), 0)
          .attend(new AttentionSite(0, 0, geometry.schedule(), 1, 0.5), q, k, k);
      assertArrayEquals(before, q.toFloatArray());
      assertEquals(arrays, manager.getManagedArrays().size(), "arrays left behind");
    }
  }

  @Test
  void refusesWhatItCannotProfile() {
    ProfileGeometry geometry = new ProfileGeometry(1, 2, ScaleSchedule.ofSides(1, 2));
    AttentionProfiler profiler = AttentionProfiler.create(geometry, ProfileOptions.defaults(), 0);
    FakeAttention model = new FakeAttention(geometry, 1, 1);
    model.attend(profiler, true, 0, 0, 0);
    assertMessage(
        "must be measured once",
        assertThrows(IllegalStateException.class, () -> model.attend(profiler, true, 0, 0, 0)));
    assertMessage(
        "missing layer 0 scale 2", assertThrows(IllegalStateException.class, profiler::statistics));
    assertMessage(
        "prompts must be 1, got 2",
        assertThrows(
            IllegalArgumentException.class, () -> model.attend(profiler, true, 0, 1, 0, 1)));
    try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
      NDArray q = manager.zeros(new Shape(1, 2, 4, 8));
      NDArray cut = manager.zeros(new Shape(1, 2, 4, 8));
      AttentionSite site = new AttentionSite(0, 1, geometry.schedule(), 1, 1);
      assertMessage(
          "layer 0 scale 2: keys of the full cache must be (1, 2, 5, 8), got" + " (1, 2, 4, 8)",
          assertThrows(IllegalArgumentException.class, () -> profiler.attend(site, q, cut, cut)));
    }
  }

  private static void assertMessage(String part, Exception e) {
    assertTrue(e.getMessage().contains(part), e.getMessage());
  }
}
