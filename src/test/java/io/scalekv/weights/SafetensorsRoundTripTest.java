package io.scalekv.weights;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.util.Float16Utils;
import io.scalekv.tensor.TorchOps;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
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

class SafetensorsRoundTripTest {
  @TempDir Path folder;

  private static long[] randomShape(Random random) {
    return random.longs(random.nextInt(5), 0, 6).toArray();
  }

  private static int elements(long[] shape) {
    return (int) Arrays.stream(shape).reduce(1, (a, b) -> a * b);
  }

  private static float expected(float value, StoredType type) {
    return switch (type) {
      case BF16 -> HalfPrecision.fromBf16(HalfPrecision.toBf16(value));
      case F16 -> Float16Utils.halfToFloat(HalfPrecision.toF16(value));
      default -> value;
    };
  }

  private static float[] expected(float[] values, StoredType type) {
    float[] stored = values.clone();
    for (int i = 0; i < stored.length; i++) {
      stored[i] = expected(stored[i], type);
    }
    return stored;
  }

  private static float[] randomFloats(Random random, int count) {
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) random.nextGaussian() * 100;
    }
    return values;
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6})
  void plainArraysOfRandomShapes(long seed) {
    Random random = new Random(seed);
    StoredType type = List.of(StoredType.F32, StoredType.BF16, StoredType.F16).get((int) seed % 3);
    Map<String, TensorData> tensors = new LinkedHashMap<>();
    for (int i = 0; i < 30; i++) {
      long[] shape = randomShape(random);
      tensors.put(
          "layer." + random.nextInt(1_000_000) + ".µ" + i,
          random.nextBoolean()
              ? TensorData.of(randomFloats(random, elements(shape)), shape)
              : TensorData.of(random.ints(elements(shape)).toArray(), shape));
    }
    Map<String, String> metadata = Map.of("config", "{\"a\": 1}\n\t\u2028\"", "", "");
    Path file = folder.resolve("w.safetensors");
    SafetensorsWriter.writeData(file, tensors, type, metadata);
    try (TensorSource source = SafetensorsFile.open(file)) {
      assertEquals(tensors.keySet(), source.names());
      assertEquals(metadata, source.metadata());
      tensors.forEach(
          (name, data) -> {
            assertArrayEquals(data.shape(), source.info(name).shape());
            assertEquals(0, source.info(name).offset() % source.info(name).type().width());
            if (data.type() == StoredType.F32) {
              float[] values = new float[(int) source.info(name).elements()];
              data.all().asFloatBuffer().get(values);
              assertEquals(type, source.info(name).type());
              assertArrayEquals(expected(values, type), source.floats(name));
            } else {
              int[] values = new int[(int) source.info(name).elements()];
              data.all().asIntBuffer().get(values);
              assertArrayEquals(values, source.ints(name));
            }
          });
    }
  }

  @ParameterizedTest
  @EnumSource
  void singleAndHalfAreReadAsBf16(StoredType type) {
    float[] values = randomFloats(new Random(type.ordinal()), 2 * 70_001); // crosses chunks
    values[0] = Float.NEGATIVE_INFINITY;
    values[1] = 1.00390625f; // half way between two bfloat16: to the even one, 1
    values[2] = 1.01171875f; // to 1.015625
    Map<String, TensorData> one = Map.of("x", TensorData.of(values, 70_001, 2));
    Path file = folder.resolve("w.safetensors");
    boolean possible = type == StoredType.F32 || type == StoredType.F16 || type == StoredType.BF16;
    if (possible) {
      SafetensorsWriter.writeData(file, one, type, Map.of());
    } else {
      String header = "{" + RawSafetensors.tensor("x", type.name(), "[1]", 0, type.width()) + "}";
      file =
          RawSafetensors.write(folder, "x", RawSafetensors.bytes(header, new byte[type.width()]));
    }
    try (TensorSource source = SafetensorsFile.open(file);
        NDManager manager = NDManager.newBaseManager("PyTorch")) {
      if (!possible) {
        Exception e =
            assertThrows(WeightsFileException.class, () -> source.loadBf16("x", manager).close());
        assertTrue(e.getMessage().contains("F32, F16 or BF16"), e.getMessage());
        return;
      }
      NDArray half = source.loadBf16("x", manager);
      assertEquals(new Shape(70_001, 2), half.getShape());
      assertEquals(2 * half.size(), half.toByteBuffer(true).remaining());
      assertArrayEquals(
          expected(expected(values, type), StoredType.BF16),
          TorchOps.call("to_fp32", half).toFloatArray());
    }
  }

  /** Types that are only copied: their bytes come back under the same type; loading is refused. */
  @ParameterizedTest
  @EnumSource(names = "U64|C64|F8_E8M0", mode = EnumSource.Mode.MATCH_ANY)
  void otherTypesAreCopied(StoredType type) {
    byte[] data = new byte[3 * type.width()];
    new Random(1).nextBytes(data);
    String header = "{" + RawSafetensors.tensor("x", type.name(), "[3]", 0, data.length) + "}";
    Path file = RawSafetensors.write(folder, "x", RawSafetensors.bytes(header, data));
    Path copy = folder.resolve("copy");
    try (TensorSource source = SafetensorsFile.open(file);
        NDManager manager = NDManager.newBaseManager("PyTorch")) {
      assertThrows(WeightsFileException.class, () -> source.load("x", manager));
      TensorData stored = new TensorData(type, source.bytes("x"), 3);
      SafetensorsWriter.writeData(copy, Map.of("x", stored), StoredType.F32, Map.of());
    }
    try (TensorSource source = SafetensorsFile.open(copy)) {
      assertEquals(type, source.info("x").type());
      ByteBuffer read = ByteBuffer.allocate(data.length);
      source.bytes("x").read(read, 0);
      assertArrayEquals(data, read.array());
    }
  }

  /** Every type, read as Java arrays and as a native array, against bytes written by hand. */
  @ParameterizedTest
  @EnumSource(names = "U64|C64|F8_E8M0|OTHER", mode = EnumSource.Mode.MATCH_NONE)
  void everyStoredTypeReadsItsBytes(StoredType type) {
    Random random = new Random(type.ordinal());
    int count = (1 << 18) / type.width() + 77; // crosses a border between chunks
    ByteBuffer data = ByteBuffer.allocate(count * type.width()).order(ByteOrder.LITTLE_ENDIAN);
    double[] numbers = new double[count];
    for (int i = 0; i < count; i++) {
      float small = (float) (random.nextInt(201) - 100) / 4;
      switch (type) {
        case F64 -> data.putDouble(numbers[i] = random.nextGaussian());
        case F32 -> data.putFloat((float) (numbers[i] = (float) random.nextGaussian()));
        case BF16 -> data.putShort((short) (Float.floatToIntBits(small) >>> 16));
        case F16 -> data.putShort(HalfPrecision.toF16(small));
        case I64 -> data.putLong((long) (numbers[i] = random.nextInt()));
        case I32 -> data.putInt((int) (numbers[i] = random.nextInt()));
        case U32 -> data.putInt((int) (long) (numbers[i] = random.nextInt(1 << 30)));
        case U16 -> data.putShort((short) (int) (numbers[i] = random.nextInt(1 << 16)));
        case F8_E4M3 -> {
          // sign, 4 bits of exponent with bias 7, 3 bits of fraction
          data.put((byte) (0x80 | 9 << 3 | i % 8));
          numbers[i] = -(1 + i % 8 / 8.0) * 4;
        }
        case F8_E5M2 -> {
          data.put((byte) (17 << 2 | i % 4));
          numbers[i] = (1 + i % 4 / 4.0) * 4;
        }
        case I16 -> data.putShort((short) (numbers[i] = random.nextInt(1 << 16) - (1 << 15)));
        case I8 -> data.put((byte) (numbers[i] = random.nextInt(256) - 128));
        case U8 -> data.put((byte) (int) (numbers[i] = random.nextInt(256)));
        case BOOL -> data.put((byte) (numbers[i] = random.nextInt(2)));
        default -> throw new IllegalArgumentException(type.name());
      }
      if (type == StoredType.BF16 || type == StoredType.F16) {
        numbers[i] = small;
      }
    }
    // One byte before the tensor, so that it is not aligned in the file.
    String header =
        "{"
            + RawSafetensors.tensor("pad", "U8", "[1]", 0, 1)
            + ","
            + RawSafetensors.tensor("x", type.name(), "[" + count + "]", 1, 1 + data.capacity())
            + "}";
    byte[] content = ByteBuffer.allocate(1 + data.capacity()).put(1, data.array()).array();
    Path file = RawSafetensors.write(folder, "x", RawSafetensors.bytes(header, content));
    try (TensorSource source = SafetensorsFile.open(file);
        NDManager manager = NDManager.newBaseManager()) {
      NDArray loaded = source.load("x", manager);
      assertEquals(type.loaded(), loaded.getDataType());
      double[] read;
      if (type.isFloating()) {
        read = source.doubles("x");
      } else {
        read = Arrays.stream(source.longs("x")).asDoubleStream().toArray();
        assertArrayEquals(numbers, Arrays.stream(source.ints("x")).asDoubleStream().toArray());
      }
      assertArrayEquals(numbers, read);
      assertArrayEquals(numbers, loaded.toType(DataType.FLOAT64, false).toDoubleArray());
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"F32", "BF16", "F16"})
  void nativeArraysOfEveryKind(StoredType type) {
    Random random = new Random(9);
    Path file = folder.resolve("native");
    float[] many = randomFloats(random, 70_000);
    float[] matrix = randomFloats(random, 12);
    try (NDManager manager = NDManager.newBaseManager()) {
      Map<String, NDArray> tensors = new LinkedHashMap<>();
      tensors.put("many", manager.create(many));
      tensors.put("transposed", manager.create(matrix, new Shape(3, 4)).transpose());
      tensors.put("slice", manager.create(matrix, new Shape(3, 4)).get(":, 1:3"));
      tensors.put("scalar", manager.create(2.5f));
      tensors.put("empty", manager.create(new Shape(0, 3)));
      tensors.put("f64", manager.create(new double[] {Math.PI, -0.0}));
      tensors.put("i64", manager.create(new long[] {Long.MIN_VALUE, 5}));
      tensors.put("i32", manager.create(new int[] {Integer.MIN_VALUE, 5}));
      tensors.put("i8", manager.create(new byte[] {-128, 5}));
      tensors.put("u8", manager.create(new int[] {200, 5}).toType(DataType.UINT8, false));
      tensors.put("bool", manager.create(new boolean[] {true, false}));
      NDArray trained = manager.create(new float[] {1, 2});
      trained.setRequiresGradient(true);
      tensors.put("trained", trained);
      SafetensorsWriter.write(file, tensors, type, Map.of());
    }
    try (TensorSource source = SafetensorsFile.open(file)) {
      assertArrayEquals(expected(many, type), source.floats("many"));
      float[] transposed = new float[12];
      float[] slice = new float[6];
      for (int row = 0; row < 3; row++) {
        for (int column = 0; column < 4; column++) {
          transposed[column * 3 + row] = matrix[row * 4 + column];
          if (column == 1 || column == 2) {
            slice[row * 2 + column - 1] = matrix[row * 4 + column];
          }
        }
      }
      assertArrayEquals(expected(transposed, type), source.floats("transposed"));
      assertArrayEquals(expected(slice, type), source.floats("slice"));
      assertArrayEquals(new long[] {4, 3}, source.info("transposed").shape());
      assertArrayEquals(new float[] {2.5f}, source.floats("scalar"));
      assertArrayEquals(new long[0], source.info("scalar").shape());
      assertArrayEquals(new long[] {0, 3}, source.info("empty").shape());
      assertArrayEquals(new double[] {Math.PI, -0.0}, source.doubles("f64"));
      assertArrayEquals(new long[] {Long.MIN_VALUE, 5}, source.longs("i64"));
      assertArrayEquals(new int[] {Integer.MIN_VALUE, 5}, source.ints("i32"));
      assertArrayEquals(new int[] {-128, 5}, source.ints("i8"));
      assertArrayEquals(new int[] {200, 5}, source.ints("u8"));
      assertArrayEquals(new int[] {1, 0}, source.ints("bool"));
      assertArrayEquals(new float[] {1, 2}, source.floats("trained"));
      assertEquals(StoredType.U8, source.info("u8").type());
      assertEquals(StoredType.BOOL, source.info("bool").type());
    }
  }

  @Test
  void loadedArraysAndTheirViewsOutliveTheSource() {
    Path file = folder.resolve("w");
    int count = 300_000;
    float[] values = randomFloats(new Random(4), count);
    SafetensorsWriter.writeData(
        file, Map.of("w", TensorData.of(values, 3, count / 3)), StoredType.F32, Map.of());
    try (NDManager manager = NDManager.newBaseManager()) {
      List<NDArray> views = new ArrayList<>();
      try (TensorSource source = SafetensorsFile.open(file)) {
        for (int i = 0; i < 20; i++) {
          try (NDArray loaded = source.load("w", manager)) {
            views.add(loaded.reshape(count));
          }
        }
      }
      System.gc();
      List<ByteBuffer> others = new ArrayList<>(); // would take over memory that was freed
      for (int i = 0; i < 40; i++) {
        others.add(ByteBuffer.allocateDirect(4 * count).putInt(4 * count - 4, i));
      }
      for (NDArray view : views) {
        assertArrayEquals(values, view.toFloatArray());
      }
      assertEquals(39, others.get(39).getInt(4 * count - 4));
    }
  }

  @Test
  void zeroSizeAndScalarLoadAsNativeArrays() {
    Path file = folder.resolve("z");
    SafetensorsWriter.writeData(
        file,
        Map.of("z", TensorData.of(new float[0], 0, 4), "s", TensorData.of(new int[] {3})),
        StoredType.BF16,
        Map.of());
    try (TensorSource source = SafetensorsFile.open(file);
        NDManager manager = NDManager.newBaseManager()) {
      NDArray empty = source.load("z", manager);
      assertEquals(new Shape(0, 4), empty.getShape());
      assertEquals(DataType.FLOAT32, empty.getDataType());
      NDArray scalar = source.load("s", manager);
      assertEquals(new Shape(), scalar.getShape());
      assertEquals(3, scalar.getInt());
    }
  }
}
