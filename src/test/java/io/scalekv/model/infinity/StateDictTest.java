package io.scalekv.model.infinity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import ai.djl.ndarray.types.Shape;
import io.scalekv.model.ModelCatalog;
import io.scalekv.model.vae.Vae;
import io.scalekv.model.vae.VaeConfig;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/** Names and shapes of the published models, as their constructors build them. */
class StateDictTest {
  static final InfinityConfig INFINITY_2B =
      new InfinityConfig(32, 2048, 16, 8192, 32, false, 2048, 512, 8);
  static final InfinityConfig INFINITY_8B =
      new InfinityConfig(40, 3584, 28, 14336, 14, true, 2048, 512, 8);
  private static final VaeConfig VAE_D32 =
      new VaeConfig(32, 16, 128, List.of(1, 2, 4, 4, 4), 2, 3, 32);
  private static final VaeConfig VAE_D56 = new VaeConfig(14, 8, 128, List.of(1, 2, 4, 4), 2, 3, 32);

  private static final Pattern BLOCK =
      Pattern.compile("^block_chunks\\.(\\d+)\\.module\\.(\\d+)\\.");

  @Test
  void infinity2b() throws IOException {
    Map<String, Shape> shapes = InfinityWeights.shapes(INFINITY_2B);
    assertSame(published("infinity_2b_state_dict.json"), shapes);
    assertEquals(694, shapes.size());
    assertEquals(2.2046e9, parameters(shapes), 5e4);
  }

  @Test
  void infinity8b() throws IOException {
    Map<String, Shape> shapes = InfinityWeights.shapes(INFINITY_8B);
    assertSame(published("infinity_8b_state_dict.json"), shapes);
    assertEquals(862, shapes.size());
    assertEquals(8.3758e9, parameters(shapes), 5e4);
  }

  /** The names and shapes of the 2B model with the sizes of the small one. */
  @Test
  void infinity125m() throws IOException {
    Map<String, Shape> expected = new TreeMap<>();
    Map<Long, Long> sizes = Map.of(2048L, 768L, 4096L, 1536L, 6144L, 2304L, 8192L, 3072L);
    published("infinity_2b_state_dict.json")
        .forEach(
            (name, shape) -> {
              long[] s = shape.getShape();
              boolean pool = name.endsWith("ca.mat_q") && s.length == 3;
              boolean fromText =
                  name.equals("text_norm.weight")
                      || name.equals("cfg_uncond")
                      || name.endsWith("ca.mat_kv.weight") && name.startsWith("text")
                      || name.equals("text_proj_for_ca.0.weight");
              for (int d = 0; d < s.length; d++) {
                boolean last = d == s.length - 1;
                s[d] = fromText && last ? s[d] : sizes.getOrDefault(s[d], s[d]);
                s[d] = s[d] == 12288 ? 6 * 768 : s[d];
              }
              if (pool) {
                s[2] = 48;
              } else if (name.endsWith("scale_mul_1H11")) {
                s[1] = 8;
              } else if (name.startsWith("word_embed.weight")) {
                s[1] = 16;
              } else if (name.startsWith("head.")) {
                s[0] = 32;
              }
              Matcher m = BLOCK.matcher(name);
              int layer =
                  m.find() ? 4 * Integer.parseInt(m.group(1)) + Integer.parseInt(m.group(2)) : 0;
              if (layer < 12) {
                // 12 layers in 4 chunks of 3
                String block = "block_chunks." + layer / 3 + ".module." + layer % 3 + ".";
                expected.put(m.reset().replaceFirst(block), new Shape(s));
              }
            });
    InfinityModelConfig config = InfinityModelConfig.cast(ModelCatalog.config("infinity-125m"));
    Map<String, Shape> shapes = InfinityWeights.shapes(config.transformer());
    assertSame(expected, shapes);
    assertEquals(274, shapes.size());
    assertEquals(125.1e6, parameters(shapes), 5e4);
    assertEquals(521, config.schedule(Optional.empty(), 1).totalTokens());
    assertEquals(7, config.schedule(Optional.empty(), 1).maps().size());
    assertEquals(64, config.rotaryMap(1).height());
  }

  @Test
  void infinity8b512() {
    InfinityModelConfig large = InfinityModelConfig.cast(ModelCatalog.config("infinity-8b"));
    InfinityModelConfig small = InfinityModelConfig.cast(ModelCatalog.config("infinity-8b-512"));
    assertEquals(large.transformer(), small.transformer());
    assertEquals(large.tokenizer(), small.tokenizer());
    assertEquals(2521, small.schedule(Optional.empty(), 1).totalTokens());
    assertEquals(10521, small.schedule(Optional.of("1M"), 1).totalTokens());
    assertEquals("infinity_8b_512x512_weights", small.files().transformer().get(0));
  }

  @Test
  void tokenizers() throws IOException {
    assertSame(published("vae_d32_state_dict.json"), Vae.shapes(VAE_D32));
    assertSame(published("vae_d56_state_dict.json"), Vae.shapes(VAE_D56));
  }

  /** Without the key biases, which are fixed at zero. */
  private static double parameters(Map<String, Shape> shapes) {
    return shapes.entrySet().stream()
        .filter(e -> !e.getKey().endsWith("zero_k_bias"))
        .mapToDouble(e -> e.getValue().size())
        .sum();
  }

  /** The published names without the buffers, which hold no weights. */
  private static Map<String, Shape> published(String file) throws IOException {
    try (InputStream in = StateDictTest.class.getResourceAsStream("/io/scalekv/model/" + file)) {
      JsonNode json = new ObjectMapper().readTree(in.readAllBytes());
      Map<String, Shape> shapes = new TreeMap<>();
      for (Map.Entry<String, JsonNode> e : json.properties()) {
        if (!e.getKey().endsWith("lfq.mask") && !e.getKey().startsWith("rope2d_freqs_grid")) {
          long[] sides = new long[e.getValue().size()];
          for (int i = 0; i < sides.length; i++) {
            sides[i] = e.getValue().get(i).asLong();
          }
          shapes.put(e.getKey(), new Shape(sides));
        }
      }
      assertFalse(shapes.isEmpty());
      return shapes;
    }
  }

  private static void assertSame(Map<String, Shape> expected, Map<String, Shape> got) {
    assertEquals(lines(expected), lines(new TreeMap<>(got)));
  }

  private static String lines(Map<String, Shape> shapes) {
    StringBuilder text = new StringBuilder();
    shapes.forEach((name, shape) -> text.append(name).append(' ').append(shape).append('\n'));
    return text.toString();
  }
}
