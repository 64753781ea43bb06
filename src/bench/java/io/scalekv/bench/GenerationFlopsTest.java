package io.scalekv.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.ndarray.types.Shape;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.model.ModelCatalog;
import io.scalekv.model.infinity.InfinityConfig;
import io.scalekv.model.infinity.InfinityModelConfig;
import io.scalekv.model.infinity.InfinityWeights;
import io.scalekv.model.vae.Vae;
import io.scalekv.model.vae.VaeConfig;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Operations against a count by hand, and against the shapes of the weights. */
final class GenerationFlopsTest {
  /** 2 layers, C = 8, F = 12, d = 3, W = 128. */
  private static final InfinityConfig TINY = new InfinityConfig(2, 8, 2, 12, 3, false, 128, 4, 1);

  private static final ScaleSchedule MAPS = ScaleSchedule.ofSides(1, 2);

  @Test
  void handCountOfTheTransformer() {
    // a token in a layer: qkv 8x24, projection 8x8, query 8x8, projection 8x8, 8x12, 12x8
    int layer = 2 * (8 * 24 + 3 * 8 * 8 + 2 * 8 * 12);
    assertEquals(2 * 5 * 2 * layer, GenerationFlops.blocks(TINY, 2, 5));
    // logits 8x6 of 2 rows and 5 tokens; embedding 3x8 of the second map's 4 tokens, once
    assertEquals(2 * 5 * 2 * 48 + 4 * 2 * 24, GenerationFlops.head(TINY, 2, 1, MAPS));
    // a text token: 128x8, 8x8, pool 128x16, in each of two layers 8x16; of 2 rows and 3 tokens
    int token = 2 * (128 * 8 + 8 * 8 + 128 * 16 + 2 * 8 * 16);
    // the pool: one query, scores and values 8 wide; its projection 8x8, modulation 8x48 and 8x16
    int once = 2 * 2 * 3 * 8 + 2 * (8 * 8 + 8 * 48 + 8 * 16);
    assertEquals(6 * token + 2 * once, GenerationFlops.text(TINY, 2, 3));
    // scores and values, a multiply-add each, of 4 queries and 5 keys, 2 rows 8 wide
    assertEquals(2 * 2 * 16 * 4 * 5, GenerationFlops.attention(16, 4, 5));
    assertEquals(2 * (2 * 2 * 16 * 5 * 3), GenerationFlops.crossAttention(TINY, 2, 3, MAPS));
  }

  @Test
  void handCountOfTheDecoder() {
    VaeConfig v = new VaeConfig(3, 2, 4, List.of(1, 2), 1, 1, 2);
    int coarse = 2 * 9 * (3 * 8 + 2 * 2 * 8 * 8 + 2 * 8 * 8);
    int up = 2 * 9 * 8 * 8;
    int fine = 2 * (9 * (8 * 4 + 4 * 4) + 8 * 4) + 2 * 9 * 4 * 3;
    assertEquals(6 * coarse + 24 * (up + fine), GenerationFlops.decoder(v, 1, 2, 3));
    assertEquals(5 * (6 * coarse + 24 * (up + fine)), GenerationFlops.decoder(v, 5, 2, 3));
  }

  private static double products(Map<String, Shape> weights, Predicate<String> which) {
    return weights.entrySet().stream()
        .filter(w -> which.test(w.getKey()) && w.getValue().dimension() >= 2)
        .mapToDouble(w -> 2.0 * w.getValue().size())
        .sum();
  }

  @ParameterizedTest
  @ValueSource(strings = {"infinity-2b", "infinity-8b", "pocket"})
  void everyWeightOfAProductIsCounted(String name) {
    InfinityConfig c = config(name).transformer();
    Map<String, Shape> all = InfinityWeights.shapes(c);
    Predicate<String> product = w -> InfinityWeights.isProduct(w) && w.endsWith(".weight");
    Predicate<String> block = w -> w.startsWith("block") && !w.contains("ca.mat_kv");
    assertEquals(products(all, product.and(block)), GenerationFlops.blocks(c, 1, 1));
    ScaleSchedule two = ScaleSchedule.ofSides(1, 1);
    double head =
        2 * products(all, w -> w.equals("head.weight"))
            + products(all, w -> w.equals("word_embed.weight"));
    assertEquals(head, GenerationFlops.head(c, 1, 1, two));
    Predicate<String> text =
        product.and(
            w -> w.contains("ca.mat_kv") || w.startsWith("text_proj") || w.contains("ada_lin.1"));
    double poolAttention = 4.0 * c.width();
    assertEquals(products(all, text) + poolAttention, GenerationFlops.text(c, 1, 1));
  }

  private static InfinityModelConfig config(String name) {
    return InfinityModelConfig.cast(ModelCatalog.config(name));
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void everyConvolutionOfTheDecoderIsCounted(boolean pocket) {
    VaeConfig v = config(pocket ? "pocket" : "infinity-2b").tokenizer();
    double sum = 0;
    for (Map.Entry<String, Shape> w : Vae.shapes(v).entrySet()) {
      if (w.getKey().startsWith("decoder.") && w.getValue().dimension() == 4) {
        sum += 2.0 * w.getValue().size() * positions(v, w.getKey());
      }
    }
    assertEquals(sum, GenerationFlops.decoder(v, 1, 1, 1), 1e-9 * sum);
  }

  /** Positions at which a convolution works, of a latent of one. */
  private static double positions(VaeConfig v, String name) {
    if (name.startsWith("decoder.conv_in") || name.startsWith("decoder.mid")) {
      return 1;
    }
    if (name.startsWith("decoder.conv_out")) {
      return Math.pow(4, v.halvings());
    }
    int level = Integer.parseInt(name.split("\\.")[2]);
    int doubled = Math.max(0, v.halvings() - level);
    boolean after = name.contains("upsample");
    return Math.pow(4, Math.min(v.halvings(), doubled + (after ? 1 : 0)));
  }
}
