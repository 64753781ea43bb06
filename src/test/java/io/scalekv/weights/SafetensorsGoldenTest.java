package io.scalekv.weights;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Files written by the reference implementation in Python. */
class SafetensorsGoldenTest {
  private static Path parity(String name) throws URISyntaxException {
    return Path.of(SafetensorsGoldenTest.class.getResource("/io/scalekv/parity/" + name).toURI());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "rope",
        "infinity-tiny",
        "infinity-patchify-tiny",
        "infinity-scalekv-tiny",
        "vae-tiny",
        "t5-tiny",
        "scalekv",
        "scalekv-sequence"
      })
  void everyTensorEqualsTheBytesInTheFile(String name) throws Exception {
    Path file = parity(name + ".safetensors");
    ByteBuffer raw = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    try (TensorSource source = SafetensorsFile.open(file);
        NDManager manager = NDManager.newBaseManager()) {
      assertTrue(source.names().size() >= 20);
      for (String tensor : source.names()) {
        TensorInfo info = source.info(tensor);
        try (NDArray array = source.load(tensor, manager)) {
          assertArrayEquals(info.shape(), array.getShape().getShape());
          assertEquals(info.type().loaded(), array.getDataType());
          int at = (int) info.offset();
          int count = (int) info.elements();
          if (info.type() == StoredType.F32) {
            float[] expected = new float[count];
            raw.slice(at, 4 * count).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(expected);
            assertArrayEquals(expected, array.toFloatArray());
            assertArrayEquals(expected, source.floats(tensor));
          } else {
            long[] expected = new long[count];
            for (int i = 0; i < count; i++) {
              expected[i] =
                  switch (info.type()) {
                    case I32 -> raw.getInt(at + 4 * i);
                    case I64 -> raw.getLong(at + 8 * i);
                    case U8 -> raw.get(at + i) & 0xff;
                    default -> throw new AssertionError(info);
                  };
            }
            assertArrayEquals(expected, source.longs(tensor));
            assertArrayEquals(expected, array.toType(DataType.INT64, false).toLongArray());
          }
        }
      }
    }
  }

  @Test
  void metadataHoldsTheConfigurationAsText() throws Exception {
    try (TensorSource source = SafetensorsFile.open(parity("vae-tiny.safetensors"))) {
      assertTrue(source.metadata().get("config").startsWith("{\"codebook_dim\": 32,"));
    }
  }

  /** Bytes of the reference implementation except the random order of its metadata. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "rope",
        "infinity-patchify-tiny",
        "infinity-scalekv-tiny",
        "t5-tiny",
        "scalekv",
        "scalekv-sequence"
      })
  void aCopyHasTheSameBytesExceptTheOrderOfTheMetadata(String name, @TempDir Path folder)
      throws Exception {
    Path file = parity(name + ".safetensors");
    Path copy = folder.resolve("copy.safetensors");
    try (TensorSource source = SafetensorsFile.open(file);
        NDManager manager = NDManager.newBaseManager()) {
      Map<String, NDArray> tensors = new HashMap<>();
      source.names().forEach(tensor -> tensors.put(tensor, source.load(tensor, manager)));
      SafetensorsWriter.write(copy, tensors, StoredType.F32, source.metadata());
      try (TensorSource read = SafetensorsFile.open(copy)) {
        assertEquals(source.metadata(), read.metadata());
        assertEquals(List.copyOf(source.names()), List.copyOf(read.names()));
        TensorInfo first = source.info(source.names().iterator().next());
        byte[] expected = Files.readAllBytes(file);
        byte[] written = Files.readAllBytes(copy);
        String key = "\"" + first.name() + "\":{\"dtype\"";
        int start = text(expected, first).indexOf(key);
        assertEquals(start, text(written, first).indexOf(key));
        assertArrayEquals(
            Arrays.copyOfRange(expected, start, expected.length),
            Arrays.copyOfRange(written, start, written.length));
      }
    }
  }

  private static String text(byte[] file, TensorInfo first) {
    return new String(file, 0, (int) first.offset(), StandardCharsets.ISO_8859_1);
  }
}
