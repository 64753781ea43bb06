package io.scalekv.weights;

import static io.scalekv.weights.GgufValues.value;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.io.Json;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** GGUF files: quantised blocks as in the format's own library, copies, damaged files. */
final class GgufFileTest {
  @TempDir Path folder;

  private static TensorSource.Bytes bytes(byte[] all) {
    return (target, at) -> target.put(all, (int) at, target.remaining());
  }

  private Path small() {
    Path file = folder.resolve("small.gguf");
    new GgufWriter()
        .put("general.architecture", "llama")
        .put("llama.block_count", value(3))
        .put("llama.rope.freq_base", value(1e5f))
        .put("tokenizer.ggml.add_bos_token", value(false))
        .put("tokenizer.ggml.tokens", value(List.of("a", "ü", "")))
        .put("a", GgmlType.F32, bytes(new byte[24]), 3, 2)
        .put("d2t", 5L, -1L)
        .write(file);
    return file;
  }

  /** Expected numbers: the Python package gguf 0.19, random blocks. */
  @Test
  void quantisedBlocksAreThoseOfTheReferenceLibrary() throws IOException {
    JsonNode golden;
    try (InputStream in = GgufFileTest.class.getResourceAsStream("ggml-blocks.json")) {
      golden = Json.parse(in.readAllBytes(), "ggml-blocks.json");
    }
    assertEquals(8, golden.size());
    for (Map.Entry<String, JsonNode> e : golden.properties()) {
      GgmlType type = GgmlType.valueOf(e.getKey());
      byte[] raw = HexFormat.of().parseHex(e.getValue().path("hex").stringValue());
      Path file = folder.resolve(type + ".gguf");
      new GgufWriter().put("w", type, bytes(raw), type.block(), 2).write(file);
      JsonNode values = e.getValue().path("values");
      try (GgufFile read = GgufFile.open(file)) {
        float[] all = read.floats("w");
        assertEquals(values.size(), all.length);
        for (int i = 0; i < all.length; i++) {
          float expected = (float) values.get(i).asDouble();
          assertEquals(expected, all[i], 1e-6f * (1 + Math.abs(expected)), type + " " + i);
        }
        // any part equals the same part of the whole
        ByteBuffer part = ByteBuffer.allocate(40).order(ByteOrder.LITTLE_ENDIAN);
        read.bytes("w").read(part, 4L * (type.block() - 3));
        for (int i = 0; i < 10; i++) {
          assertEquals(all[type.block() - 3 + i], part.getFloat(4 * i));
        }
      }
    }
  }

  @Test
  void valuesAndTensorsAreReadAndCopied() throws IOException {
    Path copy = folder.resolve("copy.gguf");
    try (GgufFile file = GgufFile.open(small())) {
      assertEquals(3, file.integer("llama.block_count"));
      assertEquals(1e5, file.number("llama.rope.freq_base", 0));
      assertEquals(List.of("a", "ü", ""), file.list("tokenizer.ggml.tokens"));
      assertEquals(Boolean.FALSE, file.value("tokenizer.ggml.add_bos_token"));
      assertArrayEquals(new long[] {2, 3}, file.info("a").shape());
      assertArrayEquals(new long[] {5, -1}, file.longs("d2t"));
      assertThrows(WeightsFileException.class, () -> file.integer("general.architecture"));
      GgufWriter.copyOf(file).write(copy);
    }
    assertArrayEquals(Files.readAllBytes(folder.resolve("small.gguf")), Files.readAllBytes(copy));
    assertTrue(GgufFile.starts(copy));
    try (TensorSource source = TensorSource.open(copy)) {
      assertEquals("llama", source.metadata().get("general.architecture"));
    }
  }

  /** Every damaged byte and every cut is read as something, or refused in one line. */
  @Test
  void damagedFilesAreRefusedInOneLine() throws IOException {
    byte[] whole = Files.readAllBytes(small());
    Random random = new Random(3);
    Path file = folder.resolve("damaged.gguf");
    int refused = 0;
    for (int i = 0; i < 600; i++) {
      byte[] bytes =
          i % 3 == 0 ? Arrays.copyOf(whole, random.nextInt(whole.length)) : whole.clone();
      if (i % 3 != 0) {
        bytes[random.nextInt(bytes.length)] =
            (byte) (random.nextBoolean() ? 0xff : random.nextInt());
      }
      Files.write(file, bytes);
      try (GgufFile read = GgufFile.open(file)) {
        read.names().forEach(read::info);
      } catch (WeightsFileException e) {
        refused++;
        assertFalse(e.getMessage().contains("\n"));
        assertTrue(e.getMessage().startsWith(file.toString()));
      }
    }
    assertTrue(refused > 200, "" + refused);
  }
}
