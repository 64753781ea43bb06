package io.scalekv.tensor;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

@EnabledOnOs(value = OS.LINUX, disabledReason = "glibc's heap is asked")
class NativeHeapTest {
  private static final int BLOCKS = 400;
  private static final long MIB = 1 << 20;

  private static long residentBytes() throws IOException {
    return Files.readAllLines(Path.of("/proc/self/status")).stream()
        .filter(line -> line.startsWith("VmRSS:"))
        .mapToLong(line -> 1024 * Long.parseLong(line.replaceAll("[^0-9]", "")))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void freePagesAreReturnedAndUsedOnesKept() throws IOException {
    assumeTrue(NativeHeap.usedBytes() != null, "mallinfo2 of glibc 2.33");
    try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
      List<NDArray> kept = new ArrayList<>();
      List<NDArray> freed = new ArrayList<>();
      for (int i = 0; i < BLOCKS; i++) {
        freed.add(manager.ones(new Shape(MIB / 4), DataType.FLOAT32));
        kept.add(manager.full(new Shape(2000), i, DataType.FLOAT32));
      }
      assertTrue(NativeHeap.usedBytes() >= BLOCKS * MIB);
      freed.forEach(NDArray::close);
      assertTrue(NativeHeap.freeBytes() >= BLOCKS * MIB / 2, NativeHeap.freeBytes() + " free");
      assertFalse(NativeHeap.giveBack(1L << 50));
      long full = residentBytes();
      assertTrue(NativeHeap.giveBack(MIB));
      long left = residentBytes();
      assertTrue(full - left >= BLOCKS * MIB / 2, full + " bytes resident, then " + left);
      for (int i = 0; i < BLOCKS; i++) {
        assertTrue(kept.get(i).eq(i).all().getBoolean(), "block " + i);
      }
    }
  }
}
