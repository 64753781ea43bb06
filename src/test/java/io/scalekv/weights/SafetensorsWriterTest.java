package io.scalekv.weights;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.scalekv.io.AtomicFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

class SafetensorsWriterTest {
  @TempDir Path folder;

  private static final Map<String, TensorData> ONE =
      Map.of("w", TensorData.of(new float[] {1f, -2f}, 2));

  private List<String> files() throws IOException {
    try (var list = Files.list(folder)) {
      return list.map(p -> p.getFileName().toString()).sorted().toList();
    }
  }

  private static WeightsFileException assertMessage(String expected, Executable action) {
    var error = assertThrows(WeightsFileException.class, action);
    assertTrue(error.getMessage().contains(expected), error::getMessage);
    assertFalse(error.getMessage().contains("\n"), error::getMessage);
    return error;
  }

  @Test
  void theBytesOfASmallFile() throws IOException {
    Path file = folder.resolve("w");
    SafetensorsWriter.writeData(
        file,
        Map.of("b", TensorData.of(new int[] {3}), "a", TensorData.of(new float[] {1f, -2f}, 2)),
        StoredType.BF16,
        Map.of("y", "2", "x", "1"));
    String header =
        "{\"__metadata__\":{\"x\":\"1\",\"y\":\"2\"},"
            + "\"b\":{\"dtype\":\"I32\",\"shape\":[],\"data_offsets\":[0,4]},"
            + "\"a\":{\"dtype\":\"BF16\",\"shape\":[2],\"data_offsets\":[4,8]}}";
    header += " ".repeat(-header.length() & 7);
    byte[] data = {3, 0, 0, 0, (byte) 0x80, 0x3f, 0, (byte) 0xc0};
    assertArrayEquals(RawSafetensors.bytes(header, data), Files.readAllBytes(file));
  }

  @Test
  void theOrderOfTheMapDoesNotMatter() throws IOException {
    Map<String, TensorData> one = new LinkedHashMap<>();
    Map<String, TensorData> other = new LinkedHashMap<>();
    for (int i = 0; i < 20; i++) {
      one.put("t" + i, TensorData.of(new float[] {i}, 1));
      other.put("t" + (19 - i), TensorData.of(new float[] {19 - i}, 1));
    }
    SafetensorsWriter.writeData(folder.resolve("1"), one, StoredType.F32, Map.of());
    SafetensorsWriter.writeData(folder.resolve("2"), other, StoredType.F32, Map.of());
    assertEquals(-1, Files.mismatch(folder.resolve("1"), folder.resolve("2")));
  }

  @Test
  void anExistingFileIsReplacedAndNothingElseIsLeft() throws IOException {
    Path file = RawSafetensors.write(folder, "w", new byte[100]);
    SafetensorsWriter.writeData(file, ONE, StoredType.F32, Map.of());
    try (TensorSource source = SafetensorsFile.open(file)) {
      assertArrayEquals(new float[] {1f, -2f}, source.floats("w"));
    }
    assertEquals(List.of("w"), files());
  }

  @Test
  void aSourceOpenBeforeTheReplacementStillReadsTheOldValues() {
    Path file = folder.resolve("w");
    SafetensorsWriter.writeData(file, ONE, StoredType.F32, Map.of());
    try (TensorSource source = SafetensorsFile.open(file)) {
      Map<String, TensorData> other = Map.of("w", TensorData.of(new float[] {7f, 7f}, 2));
      SafetensorsWriter.writeData(file, other, StoredType.F32, Map.of());
      assertArrayEquals(new float[] {1f, -2f}, source.floats("w"));
    }
  }

  @Test
  void aFailureHalfwayLeavesTheOldFile() throws IOException {
    Path file = RawSafetensors.write(folder, "w", new byte[] {1, 2, 3});
    Map<String, TensorData> tooLarge =
        Map.of(
            "a", TensorData.of(new float[100_000], 100_000),
            "b", TensorData.of(new float[] {1f, 1e6f}, 2));
    assertMessage(
        "tensor \"b\" must be within the range of F16, got 1000000.0",
        () -> SafetensorsWriter.writeData(file, tooLarge, StoredType.F16, Map.of()));
    assertArrayEquals(new byte[] {1, 2, 3}, Files.readAllBytes(file));
    assertEquals(List.of("w"), files());
  }

  /** In a container a resumed process has the id of the killed one. */
  @Test
  void temporaryFilesOfAKilledProcessAreReplaced() throws IOException {
    Path file = folder.resolve("w");
    String name = AtomicFile.temporary(file).getFileName().toString();
    int dash = name.lastIndexOf('-');
    long next = Long.parseLong(name.substring(dash + 1, name.length() - ".part".length())) + 1;
    Files.write(folder.resolve(name.substring(0, dash + 1) + next + ".part"), new byte[9999]);
    SafetensorsWriter.writeData(file, ONE, StoredType.F32, Map.of());
    assertEquals(List.of("w"), files());
    SafetensorsFile.open(file).close();
  }

  @Test
  void aClosedArrayLeavesTheOldFile() throws IOException {
    Path file = RawSafetensors.write(folder, "w", new byte[] {1, 2, 3});
    try (NDManager manager = NDManager.newBaseManager()) {
      Map<String, NDArray> tensors = new LinkedHashMap<>();
      tensors.put("a", manager.create(new float[] {1f}));
      NDArray closed = manager.create(new float[] {1f});
      closed.close();
      tensors.put("b", closed);
      assertThrows(
          RuntimeException.class,
          () -> SafetensorsWriter.write(file, tensors, StoredType.F32, Map.of()));
    }
    assertArrayEquals(new byte[] {1, 2, 3}, Files.readAllBytes(file));
    assertEquals(List.of("w"), files());
  }

  @Test
  void infinityAndNanAreKept() {
    Path file = folder.resolve("w");
    float[] special = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, -0f};
    for (StoredType type : List.of(StoredType.F32, StoredType.BF16, StoredType.F16)) {
      SafetensorsWriter.writeData(file, Map.of("w", TensorData.of(special, 4)), type, Map.of());
      try (TensorSource source = SafetensorsFile.open(file)) {
        assertArrayEquals(special, source.floats("w"));
      }
    }
  }

  @ParameterizedTest
  @EnumSource(
      mode = Mode.EXCLUDE,
      names = {"F32", "BF16", "F16"})
  void onlyThreeTypesCanHoldFloats(StoredType type) throws IOException {
    assertMessage(
        "got " + type, () -> SafetensorsWriter.writeData(folder.resolve("w"), ONE, type, Map.of()));
    assertEquals(List.of(), files());
  }

  @Test
  void placesThatCannotBeWrittenAreNamed() throws IOException {
    assertMessage(
        folder + ": ", () -> SafetensorsWriter.writeData(folder, ONE, StoredType.F32, Map.of()));
    Path missing = folder.resolve("none").resolve("w");
    assertMessage(
        "got " + folder.resolve("none"),
        () -> SafetensorsWriter.writeData(missing, ONE, StoredType.F32, Map.of()));
    assertEquals(List.of(), files());
  }

  @Test
  void namesThatCouldNotBeReadBackAreRefused() throws IOException {
    TensorData data = TensorData.of(new int[] {1}, 1);
    Path file = folder.resolve("w");
    for (String name : List.of("__metadata__", "n".repeat(4_097), "\ud800")) {
      assertMessage(
          "tensor name must be ",
          () -> SafetensorsWriter.writeData(file, Map.of(name, data), StoredType.F32, Map.of()));
    }
    Map<String, String> nothing = new LinkedHashMap<>();
    nothing.put("k", null);
    assertMessage(
        "metadata value",
        () -> SafetensorsWriter.writeData(file, Map.of(), StoredType.F32, nothing));
    assertEquals(List.of(), files());
  }

  @Test
  void shapesThatDoNotMatchTheValuesAreRefused() {
    for (long[] shape : new long[][] {{2}, {-1, -3}, {3, 0}, {1L << 62, 4, 3}, {}}) {
      var error =
          assertThrows(IllegalArgumentException.class, () -> TensorData.of(new float[3], shape));
      assertTrue(error.getMessage().endsWith("got 3"), error::getMessage);
    }
  }
}
