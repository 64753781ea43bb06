package io.scalekv.model.infinity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import ai.djl.ndarray.types.Shape;
import io.scalekv.model.vae.Vae;
import io.scalekv.model.vae.VaeConfig;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
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
