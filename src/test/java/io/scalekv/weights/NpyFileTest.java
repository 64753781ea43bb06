package io.scalekv.weights;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Vectors of NumPy. */
final class NpyFileTest {
  @TempDir Path folder;

  @Test
  void writtenVectorsAreRead() throws IOException {
    Path file = folder.resolve("a.npy");
    NpyFile.write(file, TensorData.of(new long[] {1L, -5L, 1L << 40}, 3));
    assertArrayEquals(new long[] {1, -5, 1L << 40}, NpyFile.read(file));
    NpyFile.write(file, TensorData.of(new boolean[] {true, false}, 2));
    assertArrayEquals(new long[] {1, 0}, NpyFile.read(file));
  }

  /** Files written by NumPy 2: arrays [0, 3, 7] of other types, and others that are refused. */
  @ParameterizedTest
  @CsvSource({
    "i4, k05VTVBZAQB2AHsnZGVzY3InOiAnPGk0JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBl"
        + "JzogKDMsKSwgfSAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAg"
        + "ICAgICAgICAgIAoAAAAAAwAAAAcAAAA=",
    "u2, k05VTVBZAQB2AHsnZGVzY3InOiAnPHUyJywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBl"
        + "JzogKDMsKSwgfSAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAg"
        + "ICAgICAgICAgIAoAAAMABwA=",
    "i8, k05VTVBZAQB2AHsnZGVzY3InOiAnPGk4JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBl"
        + "JzogKDMsKSwgfSAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAg"
        + "ICAgICAgICAgIAoAAAAAAAAAAAMAAAAAAAAABwAAAAAAAAA=",
    "u1, k05VTVBZAQB2AHsnZGVzY3InOiAnfHUxJywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBl"
        + "JzogKDMsKSwgfSAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAg"
        + "ICAgICAgICAgIAoAAwc=",
    "f4, k05VTVBZAQB2AHsnZGVzY3InOiAnPGY0JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBl"
        + "JzogKDMsKSwgfSAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAg"
        + "ICAgICAgICAgIAoAAAAAAABAQAAA4EA=",
    "2d, k05VTVBZAQB2AHsnZGVzY3InOiAnPGk0JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBl"
        + "JzogKDIsIDIpLCB9ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAg"
        + "ICAgICAgICAgIAoAAAAAAAAAAAAAAAAAAAAA"
  })
  void filesOfNumpyAreRead(String type, String base64) throws IOException {
    Path file = folder.resolve("n.npy");
    Files.write(file, Base64.getDecoder().decode(base64));
    if (type.startsWith("f") || type.startsWith("2d")) {
      assertThrows(WeightsFileException.class, () -> NpyFile.read(file));
    } else {
      assertArrayEquals(new long[] {0, 3, 7}, NpyFile.read(file));
    }
  }
}
