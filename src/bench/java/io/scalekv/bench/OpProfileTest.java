package io.scalekv.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.scalekv.tensor.TorchOps;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class OpProfileTest {
  @Test
  void whatAnOperationCallsCountsForItself() throws IOException {
    String trace =
        """
        [{"name": "outer", "ph": "X", "ts": 10, "dur": 100, "tid": 1, "args": {"x": [1, {"y": 2}]}},
         {"name": "leaf", "ph": "X", "ts": 20.5, "dur": 30, "tid": 1, "args": {}},
         {"name": "leaf", "ph": "X", "ts": 60, "dur": 10, "tid": 1},
         {"name": "deep", "ph": "X", "ts": 61, "dur": 4, "tid": 1},
         {"name": "leaf", "ph": "X", "ts": 15, "dur": 7, "tid": 2},
         {"name": "memory", "ph": "i", "ts": 15, "tid": 2}]
        """;
    List<OpProfile.Op> ops =
        OpProfile.table(new ByteArrayInputStream(trace.getBytes(StandardCharsets.UTF_8)));
    assertEquals(
        List.of(
            new OpProfile.Op("outer", 1, 60 / 1e6),
            new OpProfile.Op("leaf", 3, 43 / 1e6),
            new OpProfile.Op("deep", 1, 4 / 1e6)),
        ops);
  }

  @Test
  void productsAreSeen() throws IOException {
    try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
      NDArray x = manager.randomNormal(0, 1, new Shape(64, 64), DataType.FLOAT32);
      for (int run = 0; run < 2; run++) {
        List<OpProfile.Op> ops =
            OpProfile.of(
                () -> {
                  for (int i = 0; i < 5; i++) {
                    TorchOps.call("product", x, x).close();
                  }
                });
        OpProfile.Op product =
            ops.stream().filter(o -> o.name().equals("aten::mm")).findFirst().orElseThrow();
        assertEquals(5, product.calls(), ops.toString());
        assertTrue(product.seconds() > 0, ops.toString());
      }
    }
  }
}
