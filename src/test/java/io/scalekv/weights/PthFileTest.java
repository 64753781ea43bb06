package io.scalekv.weights;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.scalekv.tensor.TorchOps;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class PthFileTest {
  @TempDir Path folder;

  private static TensorData floats(float[] values, long... shape) {
    return TensorData.of(values, shape);
  }

  /** An archive with one tensor "w" over one storage of the values. */
  private Path one(StoredType type, double[] values, long offset, long[] shape, long[] stride) {
    String c = TorchArchive.torchClass(type);
    byte[] pickle =
        RawPickle.start()
            .op('}')
            .text("w")
            .tensor(c, "0", values.length, offset, shape, stride)
            .op('s')
            .stop();
    return RawZip.of(folder.resolve("one.pth"))
        .add("one/data.pkl", pickle)
        .add("one/data/0", TorchArchive.bytes(type, values))
        .close();
  }

  @ParameterizedTest
  @EnumSource(
      value = StoredType.class,
      mode = EnumSource.Mode.EXCLUDE,
      names = {"U64", "C64", "U32", "U16", "F8_E8M0", "F8_E4M3", "F8_E5M2", "OTHER"})
  void everyTypeIsReadAndWidened(StoredType type) {
    double[] values = {0, 1, 1, 0, 1, 1};
    if (type != StoredType.BOOL) {
      values = new double[] {0, 1, 2, 100, 64, type == StoredType.U8 ? 255 : -3};
    }
    Path file = one(type, values, 0, new long[] {2, 3}, new long[] {3, 1});
    try (TensorSource source = TensorSource.open(file);
        NDManager manager = NDManager.newBaseManager("PyTorch")) {
      assertEquals(List.of("w"), List.copyOf(source.names()));
      assertEquals(type, source.info("w").type());
      assertEquals(6L * type.width(), source.info("w").byteLength());
      NDArray array = source.load("w", manager);
      assertEquals(type.loaded(), array.getDataType());
      assertEquals(new Shape(2, 3), array.getShape());
      Number[] got = array.toArray();
      for (int i = 0; i < values.length; i++) {
        assertEquals(values[i], got[i].doubleValue(), type.name());
      }
      if (type.isFloating()) {
        assertArrayEquals(values, source.doubles("w"));
        if (type != StoredType.F64) {
          NDArray half = source.loadBf16("w", manager);
          assertArrayEquals(
              array.toFloatArray(), TorchOps.call("to_fp32", half).toFloatArray(), type.name());
        }
      } else {
        assertArrayEquals(
            Arrays.stream(values).mapToLong(v -> (long) v).toArray(), source.longs("w"));
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8})
  void viewsOfSharedStoragesFollowOffsetAndStride(int seed) {
    Random random = new Random(seed);
    int dimensions = 1 + random.nextInt(4);
    long[] shape = new long[dimensions];
    long[] stride = new long[dimensions];
    long last = 0;
    for (int d = 0; d < dimensions; d++) {
      shape[d] = 1L + random.nextInt(5);
      stride[d] = random.nextInt(7);
      last += (shape[d] - 1) * stride[d];
    }
    long offset = random.nextInt(9);
    double[] values = random.doubles(offset + last + 1 + random.nextInt(3)).toArray();
    String c = TorchArchive.torchClass(StoredType.F64);
    byte[] pickle =
        RawPickle.start()
            .op('}', '(')
            .text("whole")
            .tensor(c, "k", values.length, 0, new long[] {values.length}, new long[] {1})
            .text("view")
            .tensor(c, "k", values.length, offset, shape, stride)
            .op('u')
            .stop();
    Path file =
        RawZip.of(folder.resolve("views"))
            .add("a/data.pkl", pickle)
            .add("a/data/k", TorchArchive.bytes(StoredType.F64, values))
            .close();
    double[] expected = new double[(int) Arrays.stream(shape).reduce(1, (a, b) -> a * b)];
    for (int i = 0; i < expected.length; i++) {
      long at = offset;
      int rest = i;
      for (int d = dimensions - 1; d >= 0; d--) {
        at += rest % shape[d] * stride[d];
        rest /= (int) shape[d];
      }
      expected[i] = values[(int) at];
    }
    try (TensorSource source = TensorSource.open(file);
        NDManager manager = NDManager.newBaseManager("PyTorch")) {
      assertArrayEquals(values, source.doubles("whole"));
      assertArrayEquals(expected, source.doubles("view"));
      assertArrayEquals(expected, source.load("view", manager).toDoubleArray());
    }
  }

  @Test
  void aTransposedHalfPrecisionMatrixOfManyChunksIsGathered() {
    int rows = 700;
    int columns = 401;
    double[] values = new double[rows * columns];
    Arrays.setAll(values, i -> i % 251);
    Path file =
        one(StoredType.BF16, values, 0, new long[] {columns, rows}, new long[] {1, columns});
    try (TensorSource source = TensorSource.open(file)) {
      float[] got = source.floats("w");
      for (int i = 0; i < got.length; i++) {
        assertEquals(values[i % rows * columns + i / rows], got[i]);
      }
    }
  }

  @Test
  void stateDictsAreFoundAtTheirPlaces() {
    Map<String, TensorData> tensors = new LinkedHashMap<>();
    tensors.put("b", floats(new float[] {1, 2}, 2));
    tensors.put("a", floats(new float[] {3}));
    tensors.put("empty", floats(new float[0], 0, 4));
    for (List<String> place :
        List.of(
            List.<String>of(),
            List.of("trainer", "gpt_fsdp"),
            List.of("state_dict"),
            List.of("model"),
            List.of("vae"))) {
      Path file = folder.resolve("place" + place.size() + String.join("", place));
      TorchArchive.write(file, tensors, StoredType.F32, place);
      try (TensorSource source = TensorSource.open(file)) {
        assertEquals(List.of("b", "a", "empty"), List.copyOf(source.names()));
        assertArrayEquals(new float[] {1, 2}, source.floats("b"));
        assertArrayEquals(new float[] {3}, source.floats("a"));
        assertEquals(0, source.floats("empty").length);
        assertEquals(0, source.info("a").shape().length);
        assertEquals(List.of(file), source.files());
      }
    }
    Path elsewhere = folder.resolve("elsewhere.pth");
    TorchArchive.write(elsewhere, tensors, StoredType.F32, List.of("optimizer"));
    Exception e = assertThrows(WeightsFileException.class, () -> TensorSource.open(elsewhere));
    assertTrue(e.getMessage().startsWith(elsewhere + ": state dict "), e.getMessage());
    assertTrue(e.getMessage().contains("epoch, note, optimizer"), e.getMessage());
  }

  @Test
  void parametersAreTheirTensors() {
    RawPickle p = RawPickle.start().op('}').text("w");
    p.global("torch._utils", "_rebuild_parameter").op('(');
    p.tensor("FloatStorage", "0", 2, 0, new long[] {2}, new long[] {1}).op(0x88).orderedDict();
    byte[] pickle = p.op('t', 'R', 's').stop();
    Path file =
        RawZip.of(folder.resolve("parameter.pth"))
            .add("p/data.pkl", pickle)
            .add("p/data/0", TorchArchive.bytes(StoredType.F32, 5, 6))
            .close();
    try (TensorSource source = TensorSource.open(file)) {
      assertArrayEquals(new float[] {5, 6}, source.floats("w"));
    }
  }

  @Test
  void aShardedTorchFolderIsOneSource() throws IOException {
    TorchArchive.write(
        folder.resolve("pytorch_model-00001-of-00002.bin"),
        Map.of("a", floats(new float[] {1}, 1)),
        StoredType.F16,
        List.of());
    SafetensorsWriter.writeData(
        folder.resolve("second.safetensors"),
        Map.of("b", TensorData.of(new float[] {2}, 1)),
        StoredType.F32,
        Map.of());
    Files.writeString(
        folder.resolve("pytorch_model.bin.index.json"),
        "{\"weight_map\":{\"a\":\"pytorch_model-00001-of-00002.bin\",\"b\":\"second.safetensors\"}}");
    try (TensorSource source = TensorSource.open(folder)) {
      assertArrayEquals(new float[] {1}, source.floats("a"));
      assertArrayEquals(new float[] {2}, source.floats("b"));
      assertEquals(2, source.files().size());
    }
    Files.delete(folder.resolve("second.safetensors"));
    assertThrows(WeightsFileException.class, () -> TensorSource.open(folder));
  }

  /** Most of the file is a hole, which takes no disk space. */
  @Test
  void placesBeyondFourGibibytesAreRead() {
    long elements = (1L << 30) + 50_000_000;
    RawPickle p = RawPickle.start().op('}', '(').text("far");
    p.tensor("FloatStorage", "0", elements, elements - 2, new long[] {2}, new long[] {1});
    p.text("next").tensor("FloatStorage", "1", 1, 0, new long[0], new long[0]).op('u');
    RawZip zip = RawZip.of(folder.resolve("large.pth")).add("l/data.pkl", p.stop());
    zip.addEntry("l/data/0", elements * 4, TorchArchive.bytes(StoredType.F32, 7, 8));
    Path file = zip.add("l/data/1", TorchArchive.bytes(StoredType.F32, 9)).close();
    try (TensorSource source = TensorSource.open(file)) {
      assertArrayEquals(new float[] {7, 8}, source.floats("far"));
      assertArrayEquals(new float[] {9}, source.floats("next"));
      assertTrue(source.info("next").offset() > 1L << 32);
    }
  }

  @Test
  void theContentDecidesTheForm() throws IOException {
    Path odd = folder.resolve("model.bin");
    // a header of 123 = '{' bytes
    String header = "{" + RawSafetensors.tensor("a", "F32", "[1]", 0, 4) + "}";
    byte[] padded = (header + " ".repeat('{' - header.length())).getBytes("US-ASCII");
    Files.write(odd, RawSafetensors.bytes(padded, new byte[4]));
    try (TensorSource source = TensorSource.open(odd)) {
      assertArrayEquals(new float[] {0}, source.floats("a"));
    }
    Map<String, String> kinds =
        Map.of(
            "version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "a Git LFS pointer",
            "\u0080\u0002}q\u0000.", "a bare pickle",
            "<!doctype html><html>", "a web page",
            "{}", "weight_map");
    kinds.forEach(
        (content, message) -> {
          RawSafetensors.write(folder, "x", content.getBytes(StandardCharsets.ISO_8859_1));
          Exception e =
              assertThrows(
                  WeightsFileException.class, () -> TensorSource.open(folder.resolve("x")));
          assertTrue(e.getMessage().contains(message), e.getMessage());
        });
    Path empty = Files.createDirectory(folder.resolve("empty"));
    Exception e = assertThrows(WeightsFileException.class, () -> TensorSource.open(empty));
    assertTrue(e.getMessage().contains("pytorch_model.bin.index.json"), e.getMessage());
    e = assertThrows(WeightsFileException.class, () -> TensorSource.open(folder.resolve("none")));
    assertTrue(e.getMessage().startsWith(folder.resolve("none") + ": "), e.getMessage());
  }

  @Test
  void aFileThatBecomesShorterIsAnErrorNotACrash() throws IOException {
    Path file = one(StoredType.F32, new double[] {1, 2, 3}, 0, new long[] {3}, new long[] {1});
    try (TensorSource source = TensorSource.open(file)) {
      byte[] bytes = Files.readAllBytes(file);
      Files.write(file, Arrays.copyOf(bytes, (int) source.info("w").offset() + 4));
      Exception e = assertThrows(WeightsFileException.class, () -> source.floats("w"));
      assertTrue(e.getMessage().contains("bytes of the open file"), e.getMessage());
      assertThrows(WeightsFileException.class, () -> source.floats("v"));
      source.close();
      source.close();
      assertThrows(WeightsFileException.class, () -> source.floats("w"));
    }
  }
}
