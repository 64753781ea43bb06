package io.scalekv.experiment;

import static io.scalekv.model.GenerationListener.NONE;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.cache.CachePolicy;
import io.scalekv.cache.CacheSettings;
import io.scalekv.cache.FullPolicy;
import io.scalekv.cache.KvCache;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.policy.Policies;
import io.scalekv.cache.policy.PolicyCalibration;
import io.scalekv.cache.policy.PolicyContext;
import io.scalekv.cache.policy.PolicySpec;
import io.scalekv.image.RgbImage;
import io.scalekv.model.Drawing;
import io.scalekv.model.GenerationListener;
import io.scalekv.model.ImageModel;
import io.scalekv.model.ModelCatalog;
import io.scalekv.model.ModelSource;
import io.scalekv.model.Prompt;
import io.scalekv.model.PromptSet;
import io.scalekv.profile.BlockMassTap;
import io.scalekv.profile.DrawnAttention;
import io.scalekv.profile.LayerStatistic;
import io.scalekv.profile.LayerStatistics;
import io.scalekv.profile.Measurements;
import io.scalekv.profile.ProfileOptions;
import io.scalekv.roles.CalibrationRun;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The shipped pocket model, calibrated on two prompts, with policies that need to know it. */
class CalibrationRunTest {
  private static final int SINKS = 1;
  private static final List<String> PROMPTS =
      List.of(
          "a small striped white circle right of a large solid pink triangle on a gradient blue"
              + " background",
          "a large striped orange triangle below a small solid green cross on a plain yellow"
              + " background");

  private static ImageModel model;
  private static ScaleSchedule schedule;
  private static Measurements measured;
  private static PolicyCalibration calibration;
  private static RgbImage full;

  @BeforeAll
  static void measure() {
    model = ImageModel.open(ModelCatalog.config("pocket"), new ModelSource.Shipped(), false);
    schedule = model.config().schedule(Optional.empty(), 1);
    CalibrationRun run = run(CalibrationRun.tappedParts());
    measured = run.measure(i -> {});
    calibration = run.forPolicies(measured);
    full = draw(new FullPolicy(schedule, model.geometry().layers()), NONE);
  }

  @AfterAll
  static void close() {
    model.close();
  }

  private static CalibrationRun run(Set<String> parts) {
    DrawnAttention source =
        new DrawnAttention(
            model, Drawing.defaults(model.config()).withSeed(7), PromptSet.ofTexts("two", PROMPTS));
    return new CalibrationRun(
        source, CalibrationRun.Options.of(ProfileOptions.defaults().withQuerySamples(4), parts));
  }

  @Test
  void numbersAreInTheirRanges() {
    int layers = model.geometry().layers();
    int heads = model.geometry().heads();
    double[] similarity = calibration.part(PolicyCalibration.AMS_KV, double[].class);
    double[][] variance = calibration.part(PolicyCalibration.HACK, double[][].class);
    double[][][] scores =
        BlockMassTap.scores(measured.values().get(PolicyCalibration.HEATKV), SINKS);
    assertEquals(layers, similarity.length);
    for (int l = 0; l < layers; l++) {
      assertTrue(Math.abs(similarity[l]) <= 1);
      for (int h = 0; h < heads; h++) {
        double sum = 0;
        for (int s = 0; s < schedule.scales(); s++) {
          boolean scored = s >= SINKS && s < schedule.scales() - 1;
          double mass = scores[l][h][s];
          assertEquals(scored, !Double.isNaN(mass));
          assertTrue(!scored || (mass > 0 && mass < 1));
          sum += scored ? mass * (schedule.scales() - 1 - s) : 0;
        }
        assertTrue(sum < schedule.scales() - 1 - SINKS, "at most 1 from every later map");
      }
    }
    double ranks = Arrays.stream(variance).flatMapToDouble(Arrays::stream).sum();
    int pairs = layers * heads;
    assertEquals(pairs * (pairs + 1) / 2.0, ranks, 1e-6);
    assertEquals(2, measured.profile().prompts().size());
  }

  @Test
  void onlyTheAskedPartsAreMeasured() {
    CalibrationRun one = run(Set.of(PolicyCalibration.AMS_KV));
    Measurements again = one.measure(i -> {});
    assertEquals(Set.of(PolicyCalibration.AMS_KV), again.values().keySet());
    assertArrayEquals(
        calibration.part(PolicyCalibration.AMS_KV, double[].class),
        one.forPolicies(again).part(PolicyCalibration.AMS_KV, double[].class),
        "the same bits");
    assertThrows(IllegalArgumentException.class, () -> run(Set.of("none")));
  }

  @Test
  void imagesMeasuredTogetherAreThoseMeasuredAlone() {
    CalibrationRun run = run(CalibrationRun.tappedParts());
    List<Integer> steps = new ArrayList<>();
    Measurements together = run.measure(2, steps::add, 1, 0);
    assertEquals(List.of(1, 2), steps);
    PolicyCalibration parts = run.forPolicies(together);
    assertArrayEquals(
        calibration.part(PolicyCalibration.AMS_KV, double[].class),
        parts.part(PolicyCalibration.AMS_KV, double[].class),
        1e-5);
    double[][][] alone =
        BlockMassTap.scores(measured.values().get(PolicyCalibration.HEATKV), SINKS);
    double[][][] both = BlockMassTap.scores(together.values().get(PolicyCalibration.HEATKV), SINKS);
    for (int l = 0; l < alone.length; l++) {
      for (int h = 0; h < alone[l].length; h++) {
        assertArrayEquals(alone[l][h], both[l][h], 1e-5);
      }
    }
    double[][] asi = LayerStatistics.of(measured.profile()).value(LayerStatistic.ASI);
    double[][] other = LayerStatistics.of(together.profile()).value(LayerStatistic.ASI);
    for (int l = 0; l < asi.length; l++) {
      assertArrayEquals(asi[l], other[l], 1e-5);
    }
  }

  /** Counts what all layers store after every layer's write. */
  private static final class Watch implements GenerationListener {
    private final int[] stored = new int[model.config().geometry().layers()];
    private final List<Integer> between = new ArrayList<>();
    private int most;

    @Override
    public void cached(int scale, int layer, int branch, KvCache cache) {
      stored[layer] = cache.tokens();
      most = Math.max(most, IntStream.of(stored).sum());
      if (layer == stored.length - 1) {
        between.add(IntStream.of(stored).sum());
      }
    }
  }

  private static RgbImage draw(CachePolicy policy, GenerationListener listener) {
    return model
        .draw(
            Drawing.defaults(model.config()),
            List.of(new Prompt(PROMPTS.get(0), 3)),
            CacheSettings.of(policy),
            List.of(),
            listener)
        .get(0);
  }

  private static CachePolicy policy(String spec, int budget) {
    return Policies.create(
        PolicySpec.parse(spec),
        new PolicyContext(schedule, model.config().geometry(), budget, 0, calibration));
  }

  @ParameterizedTest
  @ValueSource(strings = {"heatkv", "heatkv:strict=false", "ams-kv", "hack", "hack:phase=pre"})
  void imagesWithACompressedCache(String spec) {
    double share = spec.equals("ams-kv") ? 0.6 : 0.2; // one recent map takes 54 %
    int budget = (int) Math.round(share * schedule.historyTokens());
    int limit = budget * model.config().geometry().layers() * model.config().geometry().heads();
    CachePolicy policy = policy(spec, budget);
    Watch watch = new Watch();
    RgbImage image = draw(policy, watch);
    assertEquals(64, image.width());
    for (int stored : watch.between) {
      assertTrue(stored <= limit, spec + ": " + watch.between);
    }
    if (spec.equals("heatkv") || spec.equals("ams-kv")) {
      assertTrue(watch.most <= limit, "after every layer's write: " + watch.most);
    }
    int last = watch.between.get(watch.between.size() - 1);
    int pairs = limit / budget;
    assertEquals(policy.plan().mean(schedule.scales() - 1), (double) last / pairs, 1e-9);
    assertNotEquals(full, image, "a compressed cache changes the image");
  }
}
