package io.scalekv.model.var;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.ndarray.types.Shape;
import io.scalekv.io.Json;
import io.scalekv.model.ModelCatalog;
import java.io.IOException;
import java.io.InputStream;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Names and shapes of the published models, and files in the forms in which people have them. */
class VarStateDictTest {
  @ParameterizedTest
  @CsvSource({"var-d16,var_d16_state_dict.json,220", "var-d36-512,var_d36_state_dict.json,446"})
  void publishedNamesAndShapes(String model, String file, int count) throws IOException {
    Map<String, Shape> all = new TreeMap<>(VarWeights.shapes(config(model).transformer()));
    all.putAll(VarWeights.buffers(config(model).transformer()));
    assertEquals(count, all.size());
    assertEquals(published(file), all);
  }

  /** Parameters besides buffers, and bytes of all tensors of the published files. */
  @ParameterizedTest
  @CsvSource({
    "var-d12,168,534639744",
    "var-d16,220,1243054656",
    "var-d20,272,2405625984",
    "var-d24,324,4135599936",
    "var-d30,402,8042166864",
    "var-d36-512,446,9435995712"
  })
  void publishedSizes(String model, int keys, long bytes) {
    VarConfig c = config(model).transformer();
    Map<String, Shape> buffers = VarWeights.buffers(c);
    assertEquals(keys, VarWeights.shapes(c).size() + buffers.size());
    long sum = 4 * config(model).transformerWeights().parameters();
    for (Map.Entry<String, Shape> b : buffers.entrySet()) {
      sum += b.getValue().size() * (b.getKey().equals("lvl_1L") ? 8 : 4);
    }
    assertEquals(bytes, sum);
  }

  @Test
  void parametersOfD16() {
    assertEquals(310_283_520, config("var-d16").transformerWeights().parameters());
  }

  private static VarModelConfig config(String name) {
    return (VarModelConfig) ModelCatalog.config(name);
  }

  private static Map<String, Shape> published(String file) throws IOException {
    Map<String, Shape> shapes = new TreeMap<>();
    try (InputStream in = VarStateDictTest.class.getResourceAsStream("../" + file)) {
      Json.parse(in.readAllBytes(), file)
          .properties()
          .forEach(
              e -> {
                long[] sizes = new long[e.getValue().size()];
                for (int i = 0; i < sizes.length; i++) {
                  sizes[i] = e.getValue().get(i).asLong();
                }
                shapes.put(e.getKey(), new Shape(sizes));
              });
    }
    return shapes;
  }
}
