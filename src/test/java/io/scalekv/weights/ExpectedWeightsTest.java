package io.scalekv.weights;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Weights found in training files and under the names of wrappers. */
class ExpectedWeightsTest {
  private static final Map<String, Shape> SHAPES =
      Map.of("a.weight", new Shape(2), "b.inner.bias", new Shape(1));

  @TempDir Path folder;

  /** Adds a state dict of the two weights, filled with a value, to a pickle. */
  private static RawPickle stateDict(RawPickle p, String prefix, int value) {
    String key = Integer.toString(value);
    p.orderedDict().op('(').text(prefix + "a.weight");
    p.tensor("FloatStorage", key, 3, 0, new long[] {2}, new long[] {1});
    p.text(prefix + "b.inner.bias");
    return p.tensor("FloatStorage", key, 3, 2, new long[] {1}, new long[] {1}).op('u');
  }

  private Path file(RawPickle p, int values) {
    RawZip zip = RawZip.of(folder.resolve("w.pth")).add("w/data.pkl", p.stop());
    for (int v = 0; v < values; v++) {
      zip.add("w/data/" + v, TorchArchive.bytes(StoredType.F32, v, v, v));
    }
    return zip.close();
  }

  /** An average, then the trained weights, then one tensor of a counter. */
  private Path training() {
    RawPickle p = RawPickle.start().op('}', '(').text("step");
    p.tensor("FloatStorage", "0", 3, 0, new long[0], new long[0]).text("trainer").op('}', '(');
    stateDict(p.text("gpt_ema_fsdp"), "", 1);
    stateDict(p.text("odd_name"), "", 2);
    return file(p.op('u', 'u'), 3);
  }

  /** Only what is read is checked; a weight that is not expected is another model's. */
  @ParameterizedTest
  @CsvSource({
    "F8_E4M3, 4, true",
    "U16, 2, true",
    "C64, 1, true",
    "BOOL, 4, true",
    "I64, 1, true",
    "F32, 2, false",
    "BF16, 4, false"
  })
  void tensorsThatNobodyReads(String type, int elements, boolean passed) throws IOException {
    int bytes =
        type.equals("C64") || type.equals("I64") || type.equals("F32") || type.equals("BF16")
            ? 8
            : 4;
    String header =
        "{\"__metadata__\":null,"
            + RawSafetensors.tensor("a.weight", "F32", "[2]", 0, 8)
            + ","
            + RawSafetensors.tensor("b.inner.bias", "F32", "[1]", 8, 12)
            + ","
            + RawSafetensors.tensor("other", type, "[" + elements + "]", 12, 12 + bytes)
            + "}";
    Path file =
        RawSafetensors.write(
            folder, "w.safetensors", RawSafetensors.bytes(header, new byte[12 + bytes]));
    ExpectedWeights expected = ExpectedWeights.of("m", SHAPES);
    if (passed) {
      assertArrayEquals(new float[2], read(expected, file, new ArrayList<>()));
    } else {
      WeightsFileException e =
          assertThrows(WeightsFileException.class, () -> read(expected, file, new ArrayList<>()));
      assertTrue(e.getMessage().contains("other"), e.getMessage());
    }
  }

  private static float[] read(ExpectedWeights expected, Path file, List<String> remarks) {
    LoadListener listener =
        new LoadListener() {
          @Override
          public void at(String what, long done, long total) {}

          @Override
          public void remark(String line) {
            remarks.add(line);
          }
        };
    try (NDManager manager = NDManager.newBaseManager("PyTorch");
        TensorSource source = expected.open(file)) {
      Weights weights = expected.load(new Weights(manager), file, source, listener);
      assertEquals(SHAPES.keySet(), weights.names());
      return weights.get("a.weight").toFloatArray();
    }
  }

  @Test
  void theTableWithTheWantedNamesIsReadAndAnAverageOnRequest() {
    Path file = training();
    ExpectedWeights expected = ExpectedWeights.of("m", SHAPES);
    List<String> remarks = new ArrayList<>();
    assertArrayEquals(new float[] {2, 2}, read(expected, file, remarks));
    assertEquals(1, remarks.size());
    assertTrue(remarks.get(0).contains("trainer.odd_name"), remarks.get(0));
    assertArrayEquals(new float[] {1, 1}, read(expected.in("gpt_ema_fsdp"), file, remarks));
    assertArrayEquals(new float[] {1, 1}, read(expected.in("trainer.gpt_ema_fsdp"), file, remarks));
    Exception e =
        assertThrows(WeightsFileException.class, () -> expected.in("gpt").open(file).close());
    assertTrue(e.getMessage().contains("trainer.gpt_ema_fsdp, trainer.odd_name"), e.getMessage());
  }

  @Test
  void anAverageAloneIsRead() {
    RawPickle p = RawPickle.start().op('}', '(');
    Path file = file(stateDict(p.text("ema"), "", 1).op('u'), 2);
    assertArrayEquals(
        new float[] {1, 1}, read(ExpectedWeights.of("m", SHAPES), file, new ArrayList<>()));
  }

  @ParameterizedTest
  @CsvSource({
    "'', ''",
    "module., module.",
    "_orig_mod., _orig_mod.",
    "module._orig_mod.module., module._orig_mod.module.",
    "any.thing., any.thing."
  })
  void sharedPrefixesAreRemovedAndSaid(String prefix, String said) {
    Path file = file(stateDict(RawPickle.start(), prefix, 1), 2);
    ExpectedWeights expected = ExpectedWeights.of("m", SHAPES);
    List<String> remarks = new ArrayList<>();
    assertArrayEquals(new float[] {1, 1}, read(expected, file, remarks));
    assertEquals(said.isEmpty() ? 0 : 1, remarks.size(), remarks::toString);
    try (TensorSource source = expected.open(file)) {
      Optional<String> remark = expected.remarks(source);
      assertEquals(
          said.isEmpty() ? Optional.empty() : Optional.of("names without " + said), remark);
    }
  }

  @Test
  void wrappersInsideNamesAreRemoved() {
    Map<String, TensorData> weights = new LinkedHashMap<>();
    weights.put("a._fsdp_wrapped_module.weight", TensorData.of(new float[] {5, 6}, 2));
    weights.put("b._orig_mod.inner.bias", TensorData.of(new float[] {7}, 1));
    Path file = folder.resolve("w");
    TorchArchive.write(file, weights, StoredType.F32, List.of());
    assertArrayEquals(
        new float[] {5, 6}, read(ExpectedWeights.of("m", SHAPES), file, new ArrayList<>()));
  }

  @Test
  void aPrefixThatNotAllNamesShareStays() {
    Map<String, TensorData> weights = new LinkedHashMap<>();
    weights.put("module.a.weight", TensorData.of(new float[] {5, 6}, 2));
    weights.put("b.inner.bias", TensorData.of(new float[] {7}, 1));
    Path file = folder.resolve("w");
    TorchArchive.write(file, weights, StoredType.F32, List.of());
    assertThrows(
        WeightsFileException.class,
        () -> read(ExpectedWeights.of("m", SHAPES), file, new ArrayList<>()));
  }

  /** A family passes over weights by name. */
  @Test
  void unreadTensorsArePassedOver() {
    String header =
        "{\"__metadata__\":null,"
            + RawSafetensors.tensor("a.weight", "F32", "[2]", 0, 8)
            + ","
            + RawSafetensors.tensor("b.inner.bias", "F32", "[1]", 8, 12)
            + ","
            + RawSafetensors.tensor("x.odd", "F32", "[1]", 12, 16)
            + ","
            + RawSafetensors.tensor("x.complex", "C64", "[1]", 16, 24)
            + "}";
    Path file = RawSafetensors.write(folder, "w", RawSafetensors.bytes(header, new byte[24]));
    ExpectedWeights expected = ExpectedWeights.of("m", SHAPES);
    assertThrows(WeightsFileException.class, () -> read(expected, file, new ArrayList<>()));
    assertArrayEquals(
        new float[2], read(expected.passingOver(n -> n.startsWith("x.")), file, new ArrayList<>()));
  }
}
