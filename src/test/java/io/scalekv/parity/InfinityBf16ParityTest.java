package io.scalekv.parity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import io.scalekv.cache.CacheListener;
import io.scalekv.cache.CacheManager;
import io.scalekv.cache.CacheType;
import io.scalekv.cache.FullPolicy;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.model.Precision;
import io.scalekv.model.Schedules;
import io.scalekv.model.attention.RotaryTable;
import io.scalekv.model.infinity.Infinity;
import io.scalekv.model.infinity.InfinityConfig;
import io.scalekv.model.infinity.InfinityWeights;
import io.scalekv.model.infinity.TextCondition;
import io.scalekv.model.text.TextEmbeddings;
import io.scalekv.weights.TensorSource;
import io.scalekv.weights.Weights;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * The bfloat16 transformer against the float32 values of the published definition, each map fed
 * with the published input so that errors do not add up over the maps. A bfloat16 has 8 bits of
 * fraction: the relative error of one rounding is at most 2⁻⁸ = 0.4 %.
 */
class InfinityBf16ParityTest {
  /** Largest relative error of a map's guided logits, ‖got − want‖ / ‖want‖. */
  private static final double LOGITS = 0.02;

  /** Smallest share of bits, all maps together, on the same side of zero. */
  private static final double BITS = 0.99;

  @TestFactory
  Stream<DynamicTest> teacherForced() {
    return ParityFiles.tests(
        n -> n.startsWith("infinity-") && !n.startsWith("infinity-scalekv-"),
        InfinityBf16ParityTest::check);
  }

  private static void check(Path file, TensorSource t, NDManager scope) {
    InfinityConfig config = InfinityParityTest.config(t);
    Infinity model = new Infinity(config, halved(t, scope), Precision.BF16).packed();
    ScaleSchedule schedule = ParityFiles.schedule(ParityFiles.json(t, "schedule"));
    TextEmbeddings text = ParityFiles.text(t, scope);
    double cfg = Double.parseDouble(t.metadata().get("cfg"));
    double tau = Double.parseDouble(t.metadata().get("tau"));
    TextEmbeddings rows = cfg == 1 ? text : text.concat(model.unconditional(text));
    TextCondition condition = model.condition(rows);
    double ratio = Double.parseDouble(t.metadata().get("h_div_w"));
    NDArray rotary =
        RotaryTable.of(scope, schedule, Schedules.rotaryReference(ratio), config.headWidth());
    int bits = 0;
    int same = 0;
    try (CacheManager caches =
        new CacheManager(
            scope,
            new FullPolicy(schedule, config.depth()),
            CacheType.FP32,
            CacheType.BF16,
            CacheManager.Attention.BF16,
            CacheListener.NONE)) {
      for (int k = 0; k < schedule.scales(); k++) {
        caches.enter(k);
        NDArray turn =
            rotary.get(
                new NDIndex("{}:{}", schedule.tokensBefore(k), schedule.tokensBefore(k + 1)));
        NDArray x = t.load("out.scale" + k + ".block_input", scope);
        for (int layer = 0; layer < config.depth(); layer++) {
          x = model.block(layer, x, condition, turn, caches::attend);
        }
        float[] got = guided(model.logits(x, condition), cfg).div(tau).toFloatArray();
        float[] want = t.floats("out.scale" + k + ".logits");
        double error = relativeError(want, got);
        int map = k;
        assertTrue(
            error <= LOGITS,
            () -> "map " + map + ": at most " + LOGITS + " expected, got " + error);
        for (int i = 0; i < want.length; i += 2) {
          bits++;
          same += want[i + 1] > want[i] == got[i + 1] > got[i] ? 1 : 0;
        }
      }
    }
    double share = (double) same / bits;
    assertTrue(share >= BITS, () -> "bits: at least " + BITS + " the same expected, got " + share);
  }

  private static Weights halved(TensorSource t, NDManager scope) {
    Weights w = InfinityWeights.none(scope, Precision.BF16);
    for (String name : t.names()) {
      if (name.startsWith("weights.") && !name.endsWith("lfq.mask")) {
        w.read(name.substring("weights.".length()), t, name);
      }
    }
    return w;
  }

  private static NDArray guided(NDArray logits, double cfg) {
    if (cfg == 1) {
      return logits;
    }
    long rows = logits.getShape().get(0) / 2;
    NDArray conditional = logits.get(new NDIndex("0:{}", rows));
    NDArray unconditional = logits.get(new NDIndex("{}:", rows));
    return conditional.mul(cfg).add(unconditional.mul(1 - cfg));
  }

  private static double relativeError(float[] want, float[] got) {
    assertEquals(want.length, got.length);
    double difference = 0;
    double size = 0;
    for (int i = 0; i < want.length; i++) {
      difference += Math.pow((double) want[i] - got[i], 2);
      size += Math.pow(want[i], 2);
    }
    return Math.sqrt(difference / size);
  }
}
