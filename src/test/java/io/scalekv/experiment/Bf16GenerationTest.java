package io.scalekv.experiment;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.cache.CachePolicy;
import io.scalekv.cache.CacheSettings;
import io.scalekv.cache.CacheType;
import io.scalekv.cache.Geometry;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.policy.Policies;
import io.scalekv.cache.policy.PolicyContext;
import io.scalekv.cache.policy.PolicySpec;
import io.scalekv.model.BitRecorder;
import io.scalekv.model.Drawing;
import io.scalekv.model.ImageModel;
import io.scalekv.model.ModelCatalog;
import io.scalekv.model.ModelConfig;
import io.scalekv.model.ModelSource;
import io.scalekv.model.Prompt;
import io.scalekv.roles.CalibrationFile;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The shipped model in bfloat16 against itself in float32. */
class Bf16GenerationTest {
  private static final List<Prompt> PROMPTS =
      List.of(
          new Prompt("a large solid red circle at center on a plain blue background", 1),
          new Prompt("a small striped green square at left on a plain white background", 2));

  private static List<List<boolean[]>> bits(ImageModel model, CacheSettings cache) {
    BitRecorder recorder = new BitRecorder();
    model.drawCodes(Drawing.defaults(model.config()), PROMPTS, cache, List.of(), recorder);
    return recorder.images();
  }

  private static double agreement(List<List<boolean[]>> a, List<List<boolean[]>> b) {
    double sum = 0;
    int maps = 0;
    for (int i = 0; i < a.size(); i++) {
      for (int k = 0; k < a.get(i).size(); k++) {
        sum += TokenBits.agreement(a.get(i).get(k), b.get(i).get(k));
        maps++;
      }
    }
    return sum / maps;
  }

  @Test
  void mostBitsAreThoseOfFloat32() {
    ModelConfig pocket = ModelCatalog.config("pocket");
    try (ImageModel exact = ImageModel.open(pocket, new ModelSource.Shipped(), false);
        ImageModel half = ImageModel.open(pocket, new ModelSource.Shipped(), true)) {
      ScaleSchedule schedule = pocket.schedule(Optional.empty(), 1);
      List<List<boolean[]>> want = bits(exact, exact.fullCache(schedule));
      CacheSettings full = half.fullCache(schedule);
      assertEquals(CacheType.BF16, full.values());
      List<List<boolean[]>> got = bits(half, full);
      double share = agreement(want, got);
      assertTrue(share >= 0.97, "at least 0.97 expected, got " + share);
      // values are computed as bfloat16, so that storing them as float32 changes nothing
      CacheSettings wide = new CacheSettings(full.policy(), null, CacheType.FP32, CacheType.FP32);
      assertEquals(1, agreement(got, bits(half, wide)));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "scalekv-released, FP32, BF16",
    "heatkv, FP32, BF16",
    "hack, BF16, INT8",
    "snapkv, INT8, FP32",
    "h2o, BF16, BF16"
  })
  void aCacheThatIsNotCutChangesNothing(String policy, CacheType keys, CacheType values) {
    ModelConfig pocket = ModelCatalog.config("pocket");
    ScaleSchedule schedule = pocket.schedule(Optional.empty(), 1);
    try (ImageModel model = ImageModel.open(pocket, new ModelSource.Shipped(), true)) {
      CacheSettings uncut =
          new CacheSettings(policy(policy, schedule.totalTokens()), null, keys, values);
      CacheSettings full =
          new CacheSettings(model.fullCache(schedule).policy(), null, keys, values);
      double share = agreement(bits(model, full), bits(model, uncut));
      assertEquals(1, share, policy);
      CacheSettings cut = new CacheSettings(policy(policy, 53), null, keys, values);
      double less = agreement(bits(model, full), bits(model, cut));
      assertTrue(less > 0.5 && less < 1, policy + ": " + less);
    }
  }

  private static CachePolicy policy(String name, int tokens) {
    ModelConfig pocket = ModelCatalog.config("pocket");
    Geometry c = pocket.geometry();
    ScaleSchedule schedule = pocket.schedule(Optional.empty(), 1);
    return Policies.create(
        PolicySpec.parse(name),
        new PolicyContext(
            schedule,
            pocket.geometry(),
            tokens,
            1,
            CalibrationFile.shipped(pocket.name())
                .orElseThrow()
                .forPolicies(
                    schedule, pocket.geometry().layers(), pocket.geometry().heads(), tokens)));
  }
}
