package io.scalekv.parity;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.scalekv.cache.BudgetPlan;
import io.scalekv.cache.CacheSettings;
import io.scalekv.cache.KvCache;
import io.scalekv.cache.RetainedTokens;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.SelectionInputs;
import io.scalekv.cache.policy.ReleasedScaleKv;
import io.scalekv.model.GenerationListener;
import io.scalekv.model.Precision;
import io.scalekv.model.Sampling;
import io.scalekv.model.Schedules;
import io.scalekv.model.attention.GenerationTrace;
import io.scalekv.model.infinity.Infinity;
import io.scalekv.model.infinity.InfinityConfig;
import io.scalekv.model.infinity.InfinityGenerator;
import io.scalekv.model.text.TextEmbeddings;
import io.scalekv.model.vae.MultiScaleBsq;
import io.scalekv.weights.SafetensorsFile;
import io.scalekv.weights.TensorSource;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import tools.jackson.databind.JsonNode;

/** A model that generates with cuts, against ScaleKV's released code inside Infinity. */
class InfinityScaleKvParityTest {
  @TestFactory
  Stream<DynamicTest> inAModel() {
    return ParityFiles.tests(
        n -> n.startsWith("infinity-scalekv-"), InfinityScaleKvParityTest::check);
  }

  private static void check(Path file, TensorSource t, NDManager scope) {
    Path base = file.resolveSibling(t.metadata().get("weights_and_inputs"));
    try (TensorSource model = SafetensorsFile.open(base)) {
      new ModelRun(t, model).check(scope);
    }
  }

  /** A generation with cuts before the last map, and one more after it. */
  private static final class ModelRun implements GenerationListener, GenerationTrace {
    private final TensorSource t;
    private final TensorSource model;
    private final ScaleSchedule schedule;
    private final ReleasedScaleKv scorer;
    private final int[][] capacities;
    private final ReleasedParity.Noted policy;
    private final Map<String, Integer> seen = new HashMap<>();

    ModelRun(TensorSource t, TensorSource model) {
      this.t = t;
      this.model = model;
      this.schedule = ParityFiles.schedule(ParityFiles.json(model, "schedule"));
      Map<String, String> m = t.metadata();
      this.scorer =
          ReleasedParity.scorer(
              Integer.parseInt(m.get("window")),
              Integer.parseInt(m.get("kernel")),
              m.get("pooling"));
      JsonNode given = ParityFiles.json(t, "capacities_by_layer");
      int layers = InfinityParityTest.config(model).depth();
      this.capacities = new int[schedule.scales()][layers];
      int[][] tokens = new int[schedule.scales()][layers];
      for (int k = 0; k < schedule.scales(); k++) {
        JsonNode after = given.get("scale_index_" + k);
        for (int l = 0; l < layers; l++) {
          capacities[k][l] = after == null ? -1 : after.get(l).asInt();
          if (k + 1 < tokens.length) {
            tokens[k + 1][l] = after == null ? schedule.tokensBefore(k + 1) : capacities[k][l];
          }
        }
      }
      int base = Integer.parseInt(m.get("base_capacity"));
      this.policy = new ReleasedParity.Noted(BudgetPlan.ofTokens(schedule, base, tokens), scorer);
    }

    void check(NDManager scope) {
      InfinityConfig config = InfinityParityTest.config(model);
      Infinity infinity = new Infinity(config, ParityFiles.weights(model, scope), Precision.FP32);
      TextEmbeddings text = ParityFiles.text(model, scope);
      double cfg = Double.parseDouble(t.metadata().get("cfg"));
      double ratio = Double.parseDouble(model.metadata().get("h_div_w"));
      new InfinityGenerator(infinity, new MultiScaleBsq(config.codeBits()), this)
          .generate(
              scope,
              text,
              null,
              schedule,
              Schedules.rotaryReference(ratio),
              new Sampling(cfg, 0, 0.97),
              CacheSettings.of(policy),
              new long[text.count()],
              List.of(),
              this);
      int layers = config.depth();
      assertEquals(
          Map.of(
              "output", 2, "logits", 2, "bits", 2, "codes", 2, "query", layers, "cut", 2 * layers),
          seen,
          "comparisons");
    }

    private boolean has(String name, String what) {
      boolean has = t.names().contains(name);
      if (has) {
        seen.merge(what, 1, Integer::sum);
      }
      return has;
    }

    @Override
    public void blockOutput(int scale, int layer, NDArray x) {
      String name = "out.scale" + scale + ".block" + layer + "_output";
      if (has(name, "output")) {
        ParityFiles.assertClose(t, name, x, 1e-4);
      }
    }

    @Override
    public void logits(int scale, NDArray logits) {
      String name = "out.scale" + scale + ".logits";
      if (has(name, "logits")) {
        double tau = Double.parseDouble(t.metadata().get("tau"));
        ParityFiles.assertClose(t, name, logits.div(tau), 1e-4);
      }
    }

    @Override
    public void codes(int scale, NDArray bits) {
      String name = "out.scale" + scale + ".bits";
      if (has(name, "bits")) {
        ParityFiles.assertSame(t, name, bits);
      }
    }

    @Override
    public void summed(int scale, NDArray codes) {
      String name = "out.scale" + scale + ".summed_codes";
      if (has(name, "codes")) {
        ParityFiles.assertClose(t, name, codes, 1e-6);
      }
    }

    @Override
    public void attended(int branch, SelectionInputs a) {
      String name = "out.scale" + a.scale() + ".layer" + a.layer();
      if (has(name + ".scoring_query", "query")) {
        ParityFiles.assertClose(t, name + ".scoring_query", a.projectedQuery().get(), 5e-5);
      }
      if (!has(name + ".kept_indices", "cut")) {
        return;
      }
      int[] budget = new int[a.heads().length];
      Arrays.fill(budget, capacities[a.scale()][a.layer()]);
      SelectionInputs cut = ReleasedParity.withBudget(a, budget);
      ReleasedParity.checkScores(t, name, scorer.score(cut));
      RetainedTokens kept = policy.selector(a.layer()).select(cut);
      assertArrayEquals(t.ints(name + ".kept_indices"), ReleasedParity.flat(kept, a.rows()), name);
      if (a.scale() == schedule.scales() - 1) {
        ReleasedParity.checkGathered(t, "out.cache_k.layer" + a.layer(), a.keys(), kept, 1e-5);
        ReleasedParity.checkGathered(t, "out.cache_v.layer" + a.layer(), a.values(), kept, 5e-5);
      }
    }

    @Override
    public void cached(int scale, int layer, int branch, KvCache cache) {
      int expected =
          capacities[scale][layer] < 0
              ? schedule.tokensBefore(scale + 1)
              : capacities[scale][layer];
      assertTrue(cache.tokens(0) == expected, "layer " + layer + " after map " + scale);
      RetainedTokens kept = policy.choice(scale, layer);
      assertEquals(capacities[scale][layer] >= 0, kept != null);
      if (kept != null) {
        String name = "out.scale" + scale + ".layer" + layer + ".kept_indices";
        assertArrayEquals(t.ints(name), ReleasedParity.flat(kept, 4), name);
      }
    }
  }
}
