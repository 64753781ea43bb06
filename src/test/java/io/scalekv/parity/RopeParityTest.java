package io.scalekv.parity;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.model.Schedules;
import io.scalekv.model.attention.RotaryTable;
import io.scalekv.tensor.TorchOps;
import io.scalekv.weights.TensorSource;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import tools.jackson.databind.JsonNode;

/** Rotary tables and their application against the published definition. */
class RopeParityTest {
  @TestFactory
  Stream<DynamicTest> rotary() {
    return ParityFiles.tests(n -> n.startsWith("rope"), RopeParityTest::check);
  }

  private static void check(Path file, TensorSource t, NDManager scope) {
    int tables = 0;
    for (String name : t.names()) {
      if (name.startsWith("rope.")) {
        JsonNode meta = ParityFiles.json(t, name);
        NDArray table = table(meta, meta.get("scales"), scope);
        ParityFiles.assertClose(t, name, table.transpose(2, 0, 1), 1e-5);
        tables++;
      }
    }
    Assertions.assertTrue(tables > 0, "at least one table");
    for (String name : t.metadata().keySet()) {
      if (name.startsWith("apply_")) {
        JsonNode meta = ParityFiles.json(t, name);
        double ratio = meta.get("h_div_w").asDouble();
        ScaleSchedule all = Schedules.of(ratio, "1M");
        int start = meta.get("start").asInt();
        Assertions.assertEquals(all.tokensBefore(meta.get("scale_ind").asInt()), start, name);
        NDArray table =
            RotaryTable.of(
                    scope, all, Schedules.rotaryReference(ratio), meta.get("head_dim").asInt())
                .get(new NDIndex("{}:{}", start, start + meta.get("tokens").asInt()));
        for (String x : new String[] {"q", "k"}) {
          NDArray got = TorchOps.call("rotate", t.load(name + ".in." + x, scope), table);
          ParityFiles.assertClose(t, name + ".out." + x, got, 1e-5);
        }
      }
    }
  }

  private static NDArray table(JsonNode meta, JsonNode scales, NDManager scope) {
    double ratio = meta.get("h_div_w").asDouble();
    java.util.List<io.scalekv.cache.TokenMap> maps = new java.util.ArrayList<>();
    scales.forEach(
        s -> maps.add(new io.scalekv.cache.TokenMap(s.get(0).asInt(), s.get(1).asInt())));
    return RotaryTable.of(
        scope,
        new ScaleSchedule(maps),
        Schedules.rotaryReference(ratio),
        meta.get("head_dim").asInt());
  }
}
