package io.scalekv.weights;

import static io.scalekv.weights.RawSafetensors.bytes;
import static io.scalekv.weights.RawSafetensors.tensor;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class SafetensorsRejectionTest {
  @TempDir Path folder;

  private static final String SOUND = tensor("a", "F32", "[2]", 0, 8);
  private static final byte[] EIGHT = new byte[8];

  private static Arguments header(String header, int dataBytes, String message) {
    return arguments(message, bytes(header, new byte[dataBytes]));
  }

  private static Arguments one(String type, String shape, long begin, long end, String message) {
    return header("{" + tensor("a", type, shape, begin, end) + "}", 8, message);
  }

  private static byte[] length(long length, byte[] rest) {
    return ByteBuffer.allocate(8 + rest.length)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(length)
        .put(rest)
        .array();
  }

  static Stream<Arguments> unsound() {
    byte[] sound = bytes("{" + SOUND + "}", EIGHT);
    byte[] notUtf8 = ("{" + SOUND.replace("a\":{", "?\":{") + "}").getBytes(StandardCharsets.UTF_8);
    notUtf8[2] = (byte) 0xc3;
    String fields = "\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]";
    return Stream.of(
        arguments("file size: expected at least 8 bytes, got 0", new byte[0]),
        arguments("file size: expected at least 8 bytes, got 7", new byte[7]),
        arguments("header: expected a JSON object that starts with '{', got no header", EIGHT),
        arguments("header length: expected at most the 5 bytes", length(6, new byte[5])),
        arguments("header length: expected at most 100000000", length(100_000_001, EIGHT)),
        arguments("got 9223372036854775808", length(Long.MIN_VALUE, EIGHT)),
        arguments("got 18446744073709551615", length(-1, EIGHT)),
        arguments("ends beyond the file", Arrays.copyOf(sound, sound.length - 1)),
        arguments("bytes after the last tensor", Arrays.copyOf(sound, sound.length + 1)),
        arguments("header: expected UTF-8 text", bytes(notUtf8, EIGHT)),
        arguments(
            "header: expected valid JSON",
            bytes("{}  ".getBytes(StandardCharsets.UTF_16LE), new byte[0])),
        header(" {" + SOUND + "}", 8, "starts with '{', got byte 32"),
        header("[]", 0, "starts with '{', got byte 91"),
        header("{" + SOUND, 8, "header: expected valid JSON"),
        header("{" + SOUND + ",}", 8, "header: expected valid JSON"),
        header("{" + SOUND + "}{}", 8, "nothing after the object, got an object"),
        header("{" + SOUND + "}\0", 8, "header: expected valid JSON"),
        header("{'a':1}", 0, "header: expected valid JSON"),
        header("{/**/}", 0, "header: expected valid JSON"),
        header("{" + SOUND + "," + SOUND + "}", 8, "header: expected valid JSON, got Duplicate"),
        header("{\"a\":{" + fields + ",\"dtype\":\"F32\"}}", 8, "got Duplicate"),
        header("{\"__metadata__\":{},\"__metadata__\":{}}", 0, "got Duplicate"),
        header("{\"__metadata__\":{\"k\":\"1\",\"k\":\"2\"}}", 0, "got Duplicate"),
        header("{\"__metadata__\":{\"k\":1}}", 0, "entry \"k\": expected a string, got 1"),
        header("{\"__metadata__\":[]}", 0, "__metadata__: expected an object, got an array"),
        header("{\"a\":null}", 0, "tensor \"a\": expected an object, got null"),
        header("{\"a\":[1]}", 0, "tensor \"a\": expected an object, got an array"),
        header("{\"a\":\"F32\"}", 0, "tensor \"a\": expected an object, got the text \"F32\""),
        header("{\"a\":{}}", 0, "expected the field dtype, got none"),
        header("{\"a\":{\"dtype\":\"F32\",\"shape\":[]}}", 0, "expected the field data_offsets"),
        header("{\"a\":{" + fields + ",\"more\":1}}", 8, "got field \"more\""),
        header("{\"x\\ny\":1}", 0, "tensor \"x?y\": expected an object"),
        header("{\"a\":" + "[".repeat(50_000), 0, "tensor \"a\": expected an object"),
        header("{\"a\":{\"shape\":" + "[".repeat(50_000), 0, "expected integers, got an array"),
        header("{\"" + "n".repeat(5_000) + "\":1}", 0, "header: expected valid JSON"),
        one("F8", "[8]", 0, 8, "dtype: expected one of [I64, F64, F32"),
        one("f32", "[2]", 0, 8, "got \"f32\""),
        header("{\"a\":{\"dtype\":1}}", 0, "dtype: expected a string, got 1"),
        one("F32", "2", 0, 8, "shape: expected an array, got 2"),
        one("F32", "[-2]", 0, 8, "shape: expected numbers from 0 to 2^63 − 1, got -2"),
        one("F32", "[2.0]", 0, 8, "shape: expected integers, got 2.0"),
        one("F32", "[2e0]", 0, 8, "shape: expected integers, got 2e0"),
        one("F32", "[\"2\"]", 0, 8, "shape: expected integers, got the text \"2\""),
        one("F32", "[null]", 0, 8, "shape: expected integers, got null"),
        one("F32", "[9223372036854775808]", 0, 8, "got 9223372036854775808"),
        one("F32", "[" + "9".repeat(200) + "]", 0, 8, "header: expected valid JSON"),
        one("F32", "[9223372036854775807]", 0, 8, "shape: expected a size below 2^63 bytes"),
        one("F32", "[4294967296,4294967296]", 0, 8, "shape: expected a size below 2^63 bytes"),
        one("F32", "[2147483648,2147483648,2]", 0, 8, "shape: expected a size below 2^63 bytes"),
        one("F32", "[" + "1,".repeat(32) + "2]", 0, 8, "shape: expected at most 32 numbers"),
        one("F32", "[3]", 0, 8, "byte length: expected 12 (F32 [3]), got 8"),
        one("F32", "[]", 0, 8, "byte length: expected 4 (F32 []), got 8"),
        one("F32", "[0]", 0, 8, "byte length: expected 0 (F32 [0]), got 8"),
        one("F32", "[2]", 8, 0, "data_offsets: expected [begin, end], begin ≤ end, got [8, 0]"),
        one("F32", "[2]", 4, 12, "leaves a hole before it: expected data offset 0, got 4"),
        one("F32", "[4]", 0, 16, "ends beyond the file"),
        one("U8", "[9223372036854775807]", 0, Long.MAX_VALUE, "an end inside the file"),
        header("{\"a\":{" + fields.replace("0,8", "0") + "}}", 8, "got [0]"),
        header("{\"a\":{" + fields.replace("0,8", "0,8,8") + "}}", 8, "at most 2 numbers"),
        header("{\"a\":{" + fields.replace("0,8", "-8,0") + "}}", 8, "got -8"),
        header("{}", 1, "bytes after the last tensor"),
        header(
            "{" + SOUND + "," + tensor("b", "F32", "[2]", 4, 12) + "}",
            12,
            "tensor \"b\" F32 [2] overlaps another: expected data offset 8, got 4"),
        header("{" + SOUND + "," + tensor("b", "F32", "[2]", 0, 8) + "}", 8, "overlaps another"),
        header("{" + SOUND + "," + tensor("b", "F32", "[2]", 12, 20) + "}", 20, "leaves a hole"),
        header("{" + SOUND + "," + tensor("z", "F32", "[0]", 4, 4) + "}", 8, "overlaps another"));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("unsound")
  void unsoundFilesAreRefusedWithOneClearLine(String message, byte[] content) {
    Path file = RawSafetensors.write(folder, "w.safetensors", content);
    var error = assertThrows(WeightsFileException.class, () -> SafetensorsFile.open(file));
    assertTrue(error.getMessage().contains(message), error::getMessage);
    assertTrue(error.getMessage().startsWith(file + ": "), error::getMessage);
    assertFalse(error.getMessage().contains("\n"), error::getMessage);
    assertTrue(error.getMessage().length() < 500 + file.toString().length(), error::getMessage);
  }

  @Test
  void foldersAndMissingFilesAreRefused() {
    var isFolder = assertThrows(WeightsFileException.class, () -> SafetensorsFile.open(folder));
    assertEquals(folder + ": safetensors: expected a file, got a folder", isFolder.getMessage());
    Path none = folder.resolve("none");
    var isMissing = assertThrows(WeightsFileException.class, () -> SafetensorsFile.open(none));
    assertEquals(
        none + ": safetensors: expected a file, got nothing there", isMissing.getMessage());
  }

  @Test
  void tensorsTooLargeForOneArrayAreNamedWithoutBeingRead() throws IOException {
    long large = (1L << 31) + 8;
    String header = "{" + tensor("big", "I8", "[" + large + "]", 0, large);
    header += "," + tensor("small", "I32", "[1]", large, large + 4) + "}";
    Path file = RawSafetensors.write(folder, "large", bytes(header, new byte[0]));
    long start = Files.size(file);
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.wrap(new byte[] {7, 0, 0, 0}), start + large);
    }
    try (TensorSource source = SafetensorsFile.open(file)) {
      assertEquals(large, source.info("big").elements());
      assertArrayEquals(new int[] {7}, source.ints("small"), "beyond 2 GiB");
      var asArray = assertThrows(WeightsFileException.class, () -> source.ints("big"));
      assertTrue(asArray.getMessage().endsWith("elements, got " + large), asArray::getMessage);
      var loaded = assertThrows(WeightsFileException.class, () -> source.load("big", null));
      assertTrue(loaded.getMessage().endsWith("bytes, got " + 4 * large), loaded::getMessage);
    }
  }

  @Test
  void emptyScalarAndZeroSizeAreLegal() {
    Path empty = RawSafetensors.write(folder, "empty", bytes("{}", new byte[0]));
    try (TensorSource source = SafetensorsFile.open(empty)) {
      assertEquals(0, source.names().size());
      assertEquals(0, source.metadata().size());
    }
    String header =
        "{"
            + tensor("z", "F32", "[3,0,9223372036854775807]", 4, 4)
            + ","
            + tensor("scalar", "F32", "[]", 0, 4)
            + ","
            + tensor("first", "BOOL", "[0]", 0, 0)
            + "}   \n";
    byte[] data = {0, 0, (byte) 0x80, 0x3f};
    Path file = RawSafetensors.write(folder, "zero", bytes(header, data));
    try (TensorSource source = SafetensorsFile.open(file)) {
      assertEquals(List.of("z", "scalar", "first"), List.copyOf(source.names()));
      assertArrayEquals(new float[] {1f}, source.floats("scalar"));
      assertEquals(0, source.info("scalar").shape().length);
      assertEquals(1, source.info("scalar").elements());
      assertArrayEquals(new float[0], source.floats("z"));
      assertArrayEquals(new int[0], source.ints("first"));
    }
  }

  @Test
  void wrongQuestionsAreAnsweredWithTheTypeAndTheFile() {
    byte[] data = {0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 1};
    String header =
        "{"
            + tensor("f", "F32", "[1]", 0, 4)
            + ","
            + tensor("b", "BOOL", "[1]", 4, 5)
            + ","
            + tensor("l", "I64", "[1]", 5, 13)
            + "}";
    Path file = RawSafetensors.write(folder, "types", bytes(header, data));
    TensorSource source = SafetensorsFile.open(file);
    assertMessage("tensor \"f\" F32 [1] as integers", () -> source.ints("f"));
    assertMessage("tensor \"f\" F32 [1] as integers", () -> source.longs("f"));
    assertMessage("tensor \"b\" BOOL [1] as float values", () -> source.floats("b"));
    assertMessage("tensor \"b\" BOOL [1] as double values", () -> source.doubles("b"));
    assertMessage("element 0: expected 0 or 1, got 2", () -> source.ints("b"));
    assertMessage("element 0: expected a 32-bit integer, got", () -> source.ints("l"));
    assertMessage("tensor \"g\": expected one of the file's 3 names", () -> source.info("g"));
    source.close();
    source.close();
    assertMessage("expected an open file, got a closed one", () -> source.floats("f"));
  }

  @Test
  void aFileThatShrinksWhileOpenIsAnErrorNotACrash() throws IOException {
    byte[] content = bytes("{" + tensor("a", "F32", "[1000]", 0, 4000) + "}", new byte[4000]);
    Path file = RawSafetensors.write(folder, "shrinks", content);
    try (TensorSource source = SafetensorsFile.open(file)) {
      try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
        channel.truncate(200);
      }
      assertMessage("file became shorter while open", () -> source.floats("a"));
    }
  }

  private static void assertMessage(String expected, Executable question) {
    var error = assertThrows(WeightsFileException.class, question);
    assertTrue(error.getMessage().contains(expected), error::getMessage);
  }
}
