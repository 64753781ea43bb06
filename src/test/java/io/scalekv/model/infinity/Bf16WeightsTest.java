package io.scalekv.model.infinity;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.scalekv.model.ModelCatalog;
import io.scalekv.model.Precision;
import io.scalekv.tensor.TorchOps;
import io.scalekv.weights.Weights;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** What is held as bfloat16, and with which numbers. */
class Bf16WeightsTest {
  @Test
  void nearlyAllNumbersAreFactorsOfProducts() {
    InfinityConfig c = InfinityModelConfig.cast(ModelCatalog.config("infinity-2b")).transformer();
    Set<String> others =
        InfinityWeights.shapes(c).keySet().stream()
            .filter(name -> !InfinityWeights.isProduct(name))
            .map(name -> name.replaceAll("block_chunks\\.\\d+\\.module\\.\\d+\\.", "block."))
            .collect(Collectors.toSet());
    assertEquals(
        Set.of(
            "cfg_uncond",
            "pos_start",
            "text_norm.weight",
            "text_proj_for_sos.ca.mat_q",
            "lvl_embed.weight",
            "block.ada_gss",
            "block.sa.scale_mul_1H11",
            "block.ca_norm.weight",
            "block.ca_norm.bias"),
        others);
    long all = 0;
    long products = 0;
    for (var e : InfinityWeights.shapes(c).entrySet()) {
      all += e.getValue().size();
      products += InfinityWeights.isProduct(e.getKey()) ? e.getValue().size() : 0;
    }
    assertTrue(products > 0.999 * all, products + " of " + all);
  }

  @Test
  void randomWeightsAreTheRoundedFloatOnes() {
    InfinityConfig c = new InfinityConfig(2, 1040, 2, 1025, 5, false, 128, 3, 1);
    try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
      Engine.getInstance().setRandomSeed(7);
      Weights exact = InfinityWeights.initial(manager, c, Precision.FP32);
      Engine.getInstance().setRandomSeed(7);
      Weights rounded = InfinityWeights.initial(manager, c, Precision.BF16);
      assertEquals(exact.names(), rounded.names());
      for (String name : exact.names()) {
        NDArray got = rounded.get(name);
        NDArray want = exact.get(name);
        boolean half = InfinityWeights.isProduct(name);
        int bytes = got.toByteBuffer(true).remaining();
        assertEquals((half ? 2 : 4) * got.size(), bytes, name);
        NDArray expected = half ? TorchOps.call("to_fp32", TorchOps.call("to_bf16", want)) : want;
        assertArrayEquals(
            expected.toFloatArray(), TorchOps.call("to_fp32", got).toFloatArray(), name);
      }
    }
  }
}
