package io.scalekv.experiment;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.cache.CacheType;
import io.scalekv.metrics.Frechet;
import io.scalekv.metrics.HaarPsi;
import io.scalekv.metrics.LpipsProxy;
import io.scalekv.metrics.Psnr;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Which policy is better than which. */
final class ComparisonTest {
  private static final RunResult GOOD = ResultFixtures.result("scalekv", "10%", 27, 25);
  private static final RunResult BAD = ResultFixtures.result("random", "10%", 27, 20);
  private static final RunResult SAME = ResultFixtures.result("snapkv", "10%", 27, 25);
  private static final RunResult SMALL = ResultFixtures.result("snapkv", "4%", 11, 10);

  @Test
  void onlyEqualBudgetsAreCompared() {
    Comparison c =
        Comparison.of(List.of(GOOD, BAD, SAME, SMALL), Map.of(GOOD.id(), "ScaleKV"), Psnr.METRIC);
    assertEquals(3, c.pairs().size());
    Comparison.Pair first = c.pairs().get(0);
    assertEquals("ScaleKV", first.labelA());
    assertEquals(BAD.id(), first.labelB());
    assertEquals(8, first.prompts());
    assertEquals(8, first.different());
    assertEquals(5, first.difference().mean(), 1e-12);
    assertEquals(36, first.wPlus());
    // all 8 signs alike: two of 2^8 patterns are as extreme
    assertEquals(2.0 / 256, first.p(), 1e-12);
    assertEquals(3 * 2.0 / 256, first.pHolm(), 1e-12);
    assertEquals(1, first.better());
    assertEquals(
        -1, Comparison.of(List.of(BAD, GOOD), Map.of(), Psnr.METRIC).pairs().get(0).better());
    Comparison.Pair equal = c.pairs().get(1);
    assertEquals(0, equal.different());
    assertEquals(1, equal.p());
    assertEquals(0, equal.better());
  }

  @Test
  void equalBytesAreComparedWhateverTokensTheyAre() {
    RunResult many = ResultFixtures.result("snapkv", "300kB", 27, 20);
    RunResult few = ResultFixtures.result("error-curve", "300000B", 24, 25);
    RunResult other = ResultFixtures.result("h2o", "299kB", 27, 22);
    Comparison c = Comparison.of(List.of(many, few, other, GOOD), Map.of(), Psnr.METRIC);
    assertEquals(1, c.pairs().size());
    assertEquals("300000 bytes", c.pairs().get(0).budget());
    assertEquals(-1, c.pairs().get(0).better());
  }

  /** A result in another number format, with a peak of stored bytes. */
  private static RunResult int8(RunResult like, long peak) {
    Run r = like.run();
    Run.Policy p = r.policy();
    Run.Policy policy =
        new Run.Policy(
            p.name(),
            p.budget(),
            p.budgetTokens(),
            null,
            null,
            CacheType.INT8,
            CacheType.INT8,
            null);
    Run run =
        new Run(
            r.kind(),
            r.model(),
            r.generation(),
            r.prompts(),
            policy,
            r.calibration(),
            r.distortion(),
            r.metrics(),
            r.nets(),
            r.repeats());
    RunResult.Memory m = like.memory();
    RunResult.Memory memory =
        new RunResult.Memory(
            m.budgetTokens(),
            m.tokensBetweenScales(),
            m.peakTokens(),
            m.kvBytes(),
            peak,
            m.allocatedBytes(),
            m.nominalKvBytes(),
            m.fullKvBytes(),
            m.percentOfFull(),
            CacheType.INT8,
            CacheType.INT8,
            m.branches(),
            m.batch());
    return new RunResult(
        like.schemaVersion(),
        run.id(),
        run,
        like.provenance(),
        memory,
        like.latency(),
        like.metrics(),
        like.bitAgreementByMap(),
        like.notes(),
        like.images(),
        like.attention());
  }

  /** Formats are compared at equal bytes, whatever their budgets; 2 % are equal, more are not. */
  @Test
  void otherFormatsAreComparedAtEqualBytes() {
    long bytes = GOOD.memory().peakKvBytes();
    RunResult equal = int8(BAD, bytes * 99 / 100);
    Comparison.Pair p = Comparison.of(List.of(equal, GOOD), Map.of(), Psnr.METRIC).pairs().get(0);
    assertEquals(GOOD.id(), p.b());
    assertEquals(-1, p.better());
    assertEquals("1.0 MiB peak", p.budget());
    RunResult more = int8(BAD, bytes * 103 / 100);
    assertEquals(List.of(), Comparison.of(List.of(more, GOOD), Map.of(), Psnr.METRIC).pairs());
  }

  @Test
  void aLowDistanceIsBetter() {
    Comparison.Pair p =
        Comparison.of(List.of(GOOD, BAD), Map.of(), LpipsProxy.METRIC).pairs().get(0);
    assertTrue(p.difference().mean() < 0);
    assertEquals(1, p.better());
  }

  @Test
  void whatWasNotMeasuredIsLeftOut() {
    assertEquals(List.of(), Comparison.of(List.of(GOOD, BAD), Map.of(), HaarPsi.METRIC).pairs());
    assertThrows(
        IllegalArgumentException.class,
        () -> Comparison.of(List.of(GOOD, BAD), Map.of(), Frechet.METRIC));
  }
}
