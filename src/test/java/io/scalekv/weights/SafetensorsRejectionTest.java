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
        arguments("got 0", new byte[0]),
        arguments("got 7", new byte[7]),
        arguments("got no header", EIGHT),
        arguments("header must be at most 5, got 6", length(6, new byte[5])),
        arguments("got 100000001", length(100_000_001, EIGHT)),
        arguments("got 9223372036854775808", length(Long.MIN_VALUE, EIGHT)),
        arguments("got 18446744073709551615", length(-1, EIGHT)),
        arguments("inside the file", Arrays.copyOf(sound, sound.length - 1)),
        arguments("bytes of the file", Arrays.copyOf(sound, sound.length + 1)),
        arguments("header", bytes(notUtf8, EIGHT)),
        arguments("header", bytes("{}  ".getBytes(StandardCharsets.UTF_16LE), new byte[0])),
        header(" {" + SOUND + "}", 8, "got byte 32"),
        header("[]", 0, "got byte 91"),
        header("{" + SOUND, 8, "header"),
        header("{" + SOUND + ",}", 8, "header"),
        header("{" + SOUND + "}{}", 8, "got an object after it"),
        header("{" + SOUND + "}\0", 8, "header"),
        header("{'a':1}", 0, "header"),
        header("{/**/}", 0, "header"),
        header("{" + SOUND + "," + SOUND + "}", 8, "got Duplicate"),
        header("{\"a\":{" + fields + ",\"dtype\":\"F32\"}}", 8, "got Duplicate"),
        header("{\"__metadata__\":{},\"__metadata__\":{}}", 0, "got Duplicate"),
        header("{\"__metadata__\":{\"k\":\"1\",\"k\":\"2\"}}", 0, "got Duplicate"),
        header("{\"__metadata__\":{\"k\":1}}", 0, "entry \"k\" must be a string, got 1"),
        header("{\"__metadata__\":[]}", 0, "got an array"),
        header("{\"a\":null}", 0, "got null"),
        header("{\"a\":[1]}", 0, "got an array"),
        header("{\"a\":\"F32\"}", 0, "got the text \"F32\""),
        header("{\"a\":{}}", 0, "missing field dtype"),
        header("{\"a\":{\"dtype\":\"F32\",\"shape\":[]}}", 0, "missing field data_offsets"),
        header("{\"a\":{" + fields + ",\"more\":1}}", 8, "got \"more\""),
        header("{\"x\\ny\":1}", 0, "tensor \"x\\u000Ay\""),
        header("{\"a\":" + "[".repeat(50_000), 0, "tensor \"a\""),
        header("{\"a\":{\"shape\":" + "[".repeat(50_000), 0, "got an array"),
        header("{\"" + "n".repeat(5_000) + "\":1}", 0, "header"),
        header("{\"a\":{\"dtype\":1}}", 0, "got 1"),
        one("F32", "2", 0, 8, "got 2"),
        one("F32", "[-2]", 0, 8, "got -2"),
        one("F32", "[2.0]", 0, 8, "got 2.0"),
        one("F32", "[2e0]", 0, 8, "got 2e0"),
        one("F32", "[\"2\"]", 0, 8, "got the text \"2\""),
        one("F32", "[null]", 0, 8, "got null"),
        one("F32", "[9223372036854775808]", 0, 8, "got 9223372036854775808"),
        one("F32", "[" + "9".repeat(200) + "]", 0, 8, "header"),
        one("F32", "[9223372036854775807]", 0, 8, "shape must be below 2^63"),
        one("F32", "[4294967296,4294967296]", 0, 8, "shape must be below 2^63"),
        one("F32", "[2147483648,2147483648,2]", 0, 8, "shape must be below 2^63"),
        one("F32", "[" + "1,".repeat(32) + "2]", 0, 8, "shape must be at most 32"),
        one("F32", "[3]", 0, 8, "byte length of F32 [3] must be 12, got 8"),
        one("F32", "[]", 0, 8, "byte length of F32 [] must be 4, got 8"),
        one("F32", "[0]", 0, 8, "byte length of F32 [0] must be 0, got 8"),
        one("F32", "[2]", 8, 0, "got [8, 0]"),
        one("F32", "[2]", 4, 12, "tensor \"a\" F32 [2] must be 0, got 4"),
        one("F32", "[4]", 0, 16, "inside the file"),
        one("U8", "[9223372036854775807]", 0, Long.MAX_VALUE, "got 9223372036854775807"),
        header("{\"a\":{" + fields.replace("0,8", "0") + "}}", 8, "got [0]"),
        header("{\"a\":{" + fields.replace("0,8", "0,8,8") + "}}", 8, "at most 2 numbers"),
        header("{\"a\":{" + fields.replace("0,8", "-8,0") + "}}", 8, "got -8"),
        header("{}", 1, "bytes of the file"),
        header(
            "{" + SOUND + "," + tensor("b", "F32", "[2]", 4, 12) + "}",
            12,
            "tensor \"b\" F32 [2] must be 8, got 4"),
        header("{" + SOUND + "," + tensor("b", "F32", "[2]", 0, 8) + "}", 8, "must be 8, got 0"),
        header(
            "{" + SOUND + "," + tensor("b", "F32", "[2]", 12, 20) + "}", 20, "must be 8, got 12"),
        header("{" + SOUND + "," + tensor("z", "F32", "[0]", 4, 4) + "}", 8, "must be 8, got 4"));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("unsound")
  void malformedFilesAreRefusedInOneLine(String message, byte[] content) {
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
    assertTrue(isFolder.getMessage().startsWith(folder + ": "));
    Path none = folder.resolve("none");
    var isMissing = assertThrows(WeightsFileException.class, () -> SafetensorsFile.open(none));
    assertTrue(isMissing.getMessage().startsWith(none + ": "));
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
      assertTrue(asArray.getMessage().endsWith("got " + large), asArray::getMessage);
      var loaded = assertThrows(WeightsFileException.class, () -> source.load("big", null));
      assertTrue(loaded.getMessage().endsWith("got " + 4 * large), loaded::getMessage);
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
  void readsOfAnotherTypeAreRefused() {
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
    assertMessage("tensor \"f\" F32 [1]", () -> source.ints("f"));
    assertMessage("tensor \"f\" F32 [1]", () -> source.longs("f"));
    assertMessage("tensor \"b\" BOOL [1]", () -> source.floats("b"));
    assertMessage("tensor \"b\" BOOL [1]", () -> source.doubles("b"));
    assertMessage("got 2", () -> source.ints("b"));
    assertMessage("element 0 of tensor \"l\"", () -> source.ints("l"));
    assertMessage("got \"g\"", () -> source.info("g"));
    source.close();
    source.close();
    assertMessage("got a closed one", () -> source.floats("f"));
  }

  @Test
  void aFileThatShrinksWhileOpenIsAnErrorNotACrash() throws IOException {
    byte[] content = bytes("{" + tensor("a", "F32", "[1000]", 0, 4000) + "}", new byte[4000]);
    Path file = RawSafetensors.write(folder, "shrinks", content);
    try (TensorSource source = SafetensorsFile.open(file)) {
      try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
        channel.truncate(200);
      }
      assertMessage("bytes of the open file", () -> source.floats("a"));
    }
  }

  private static void assertMessage(String expected, Executable question) {
    var error = assertThrows(WeightsFileException.class, question);
    assertTrue(error.getMessage().contains(expected), error::getMessage);
  }
}
