package io.scalekv.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is said where a GPU cannot be used. */
class ComputeDeviceTest {
  @ParameterizedTest
  @CsvSource({
    "'', '', set PYTORCH_LIBRARY_PATH",
    "/torch/lib, '', PYTORCH_FLAVOR must be cu128",
    "/torch/lib, cpu, got cpu",
    "/torch/lib, cu128, missing NVIDIA GPU or driver"
  })
  void missingPartIsNamedInOneLine(String path, String flavor, String part) {
    Map<String, String> environment = new HashMap<>();
    if (!path.isEmpty()) {
      environment.put("PYTORCH_LIBRARY_PATH", path);
    }
    if (!flavor.isEmpty()) {
      environment.put("PYTORCH_FLAVOR", flavor);
    }
    String line = ComputeDevice.missing("2.7.1", environment);
    assertTrue(line.contains(part), line);
    assertEquals(1, line.lines().count());
  }
}
