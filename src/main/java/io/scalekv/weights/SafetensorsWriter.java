package io.scalekv.weights;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import io.scalekv.io.AtomicFile;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import tools.jackson.core.JsonEncoding;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/**
 * Writes safetensors files. The bytes depend on the content alone: tensors are ordered by {@link
 * StoredType}, then by name, as the format's own library does, which keeps every tensor aligned;
 * metadata is ordered by key; the header is padded with spaces to a multiple of 8 bytes. A file
 * appears whole or not at all: it is written beside its place, forced to disk and moved; after a
 * failure the old file is still there.
 */
public final class SafetensorsWriter {
  private static final int CHUNK_ELEMENTS = 1 << 16;
  private static final JsonFactory JSON = new JsonFactory();

  private SafetensorsWriter() {}

  /**
   * Writes native arrays: FLOAT32 as {@code floatType}; FLOAT64, INT64, INT32, INT8, UINT8 and
   * BOOLEAN as they are.
   *
   * @param file the file to write or replace; its folder must exist
   * @param tensors by name
   * @param floatType F32, BF16 or F16, rounded to nearest, ties to even
   * @param metadata free text entries, may be empty
   * @throws WeightsFileException if a tensor cannot be stored or the file cannot be written
   */
  public static void write(
      Path file, Map<String, NDArray> tensors, StoredType floatType, Map<String, String> metadata) {
    List<Entry> entries = new ArrayList<>();
    tensors.forEach((name, array) -> entries.add(entry(file, name, array, floatType)));
    writeEntries(file, entries, floatType, metadata);
  }

  /** Like {@link #write}, from plain Java arrays and without the native engine. */
  public static void writeData(
      Path file,
      Map<String, TensorData> tensors,
      StoredType floatType,
      Map<String, String> metadata) {
    List<Entry> entries = new ArrayList<>();
    tensors.forEach((name, data) -> entries.add(entry(file, name, data, floatType)));
    writeEntries(file, entries, floatType, metadata);
  }

  /** One tensor to write. */
  private record Entry(String name, StoredType type, long[] shape, Content content) {
    long byteLength() {
      long bytes = type.width();
      for (long size : shape) {
        bytes = Math.multiplyExact(bytes, size);
      }
      return bytes;
    }
  }

  /** Puts the bytes of one tensor into the file. */
  @FunctionalInterface
  private interface Content {
    void writeTo(FileChannel channel) throws IOException;
  }

  private static Entry entry(Path file, String name, NDArray array, StoredType floatType) {
    DataType loaded = array.getDataType();
    StoredType type =
        switch (loaded) {
          case FLOAT32 -> floatType;
          case FLOAT64 -> StoredType.F64;
          case INT64 -> StoredType.I64;
          case INT32 -> StoredType.I32;
          case INT8 -> StoredType.I8;
          case UINT8 -> StoredType.U8;
          case BOOLEAN -> StoredType.BOOL;
          default ->
              throw WeightsFileException.in(
                  file,
                  "tensor " + WeightsFileException.quote(name) + " to write",
                  "FLOAT32, FLOAT64, INT64, INT32, INT8, UINT8 or BOOLEAN",
                  loaded);
        };
    Content content =
        channel -> {
          if (array.size() == 0) {
            return;
          }
          // A view in a manager of its own: a contiguous copy, if one is needed, is freed with it.
          try (NDManager scope = array.getManager().newSubManager()) {
            NDArray view = array.stopGradient();
            view.attach(scope);
            ByteBuffer bytes = view.toByteBuffer(true);
            if (loaded == DataType.FLOAT32 && type != StoredType.F32) {
              writeNarrowed(file, name, bytes, type, channel);
            } else {
              writeFully(channel, bytes);
            }
          }
        };
    return new Entry(name, type, array.getShape().getShape(), content);
  }

  private static Entry entry(Path file, String name, TensorData data, StoredType floatType) {
    if (data instanceof TensorData.Floats floats) {
      Content content =
          channel -> {
            ByteBuffer chunk = chunk();
            for (int at = 0; at < floats.values().length; at += CHUNK_ELEMENTS) {
              int count = Math.min(CHUNK_ELEMENTS, floats.values().length - at);
              chunk.clear().limit(4 * count);
              chunk.asFloatBuffer().put(floats.values(), at, count);
              if (floatType == StoredType.F32) {
                writeFully(channel, chunk);
              } else {
                writeNarrowed(file, name, chunk, floatType, channel);
              }
            }
          };
      return new Entry(name, floatType, floats.shape(), content);
    }
    if (data instanceof TensorData.Longs longs) {
      return new Entry(name, StoredType.I64, longs.shape(), c -> writeFully(c, bytes(longs)));
    }
    if (data instanceof TensorData.Booleans truths) {
      return new Entry(name, StoredType.BOOL, truths.shape(), c -> writeFully(c, bytes(truths)));
    }
    if (data instanceof TensorData.Doubles doubles) {
      Content content =
          channel -> {
            ByteBuffer chunk = chunk();
            for (int at = 0; at < doubles.values().length; at += CHUNK_ELEMENTS / 2) {
              int count = Math.min(CHUNK_ELEMENTS / 2, doubles.values().length - at);
              chunk.clear().limit(8 * count);
              chunk.asDoubleBuffer().put(doubles.values(), at, count);
              writeFully(channel, chunk);
            }
          };
      return new Entry(name, StoredType.F64, doubles.shape(), content);
    }
    TensorData.Ints ints = (TensorData.Ints) data;
    Content content =
        channel -> {
          ByteBuffer chunk = chunk();
          for (int at = 0; at < ints.values().length; at += CHUNK_ELEMENTS) {
            int count = Math.min(CHUNK_ELEMENTS, ints.values().length - at);
            chunk.clear().limit(4 * count);
            chunk.asIntBuffer().put(ints.values(), at, count);
            writeFully(channel, chunk);
          }
        };
    return new Entry(name, StoredType.I32, ints.shape(), content);
  }

  private static ByteBuffer bytes(TensorData.Longs longs) {
    ByteBuffer bytes =
        ByteBuffer.allocate(8 * longs.values().length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asLongBuffer().put(longs.values());
    return bytes;
  }

  private static ByteBuffer bytes(TensorData.Booleans truths) {
    ByteBuffer bytes = ByteBuffer.allocate(truths.values().length);
    for (boolean truth : truths.values()) {
      bytes.put((byte) (truth ? 1 : 0));
    }
    return bytes.flip();
  }

  private static ByteBuffer chunk() {
    return ByteBuffer.allocate(4 * CHUNK_ELEMENTS).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** Rounds 32-bit values to BF16 or F16 piece by piece. */
  private static void writeNarrowed(
      Path file, String name, ByteBuffer floats, StoredType type, FileChannel channel)
      throws IOException {
    var from = floats.asFloatBuffer();
    float[] values = new float[Math.min(CHUNK_ELEMENTS, from.remaining())];
    ByteBuffer chunk = ByteBuffer.allocate(2 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    while (from.hasRemaining()) {
      int count = Math.min(values.length, from.remaining());
      from.get(values, 0, count);
      chunk.clear();
      for (int i = 0; i < count; i++) {
        float value = values[i];
        short bits;
        float stored;
        if (type == StoredType.BF16) {
          bits = HalfPrecision.toBf16(value);
          stored = HalfPrecision.fromBf16(bits);
        } else {
          bits = HalfPrecision.toF16(value);
          stored = HalfPrecision.fromF16(bits);
        }
        if (Float.isInfinite(stored) && !Float.isInfinite(value)) {
          throw WeightsFileException.in(
              file,
              "tensor " + WeightsFileException.quote(name) + " to write",
              "values within the range of " + type,
              value);
        }
        chunk.putShort(bits);
      }
      writeFully(channel, chunk.flip());
    }
  }

  private static void writeEntries(
      Path file, List<Entry> entries, StoredType floatType, Map<String, String> metadata) {
    if (!floatType.isFloating() || floatType == StoredType.F64) {
      throw WeightsFileException.in(file, "float type to write", "F32, BF16 or F16", floatType);
    }
    entries.sort(Comparator.comparing(Entry::type).thenComparing(Entry::name));
    byte[] header = header(file, entries, metadata);
    if (Files.isDirectory(file)) {
      throw WeightsFileException.in(file, "file to write", "a file or nothing", "a folder");
    }
    Path target = file.toAbsolutePath();
    if (!Files.isDirectory(target.getParent())) {
      throw WeightsFileException.in(
          file, "folder to write into", "an existing folder", target.getParent());
    }
    Path temporary = AtomicFile.temporary(target);
    try {
      try (FileChannel channel =
          FileChannel.open(
              temporary,
              StandardOpenOption.CREATE,
              StandardOpenOption.TRUNCATE_EXISTING,
              StandardOpenOption.WRITE)) {
        writeFully(channel, ByteBuffer.wrap(header));
        for (Entry entry : entries) {
          entry.content().writeTo(channel);
        }
        channel.force(true);
      }
      Files.move(
          temporary, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new UncheckedIOException(AtomicFile.named(file, e));
    } finally {
      deleteQuietly(temporary);
    }
  }

  private static byte[] header(Path file, List<Entry> entries, Map<String, String> metadata) {
    checkNames(file, entries, metadata);
    ByteArrayOutputStream text = new ByteArrayOutputStream();
    try (JsonGenerator json =
        JSON.createGenerator(ObjectWriteContext.empty(), text, JsonEncoding.UTF8)) {
      json.writeStartObject();
      if (!metadata.isEmpty()) {
        json.writeName(SafetensorsHeader.METADATA);
        json.writeStartObject();
        new TreeMap<>(metadata).forEach(json::writeStringProperty);
        json.writeEndObject();
      }
      long offset = 0;
      for (Entry entry : entries) {
        json.writeName(entry.name());
        json.writeStartObject();
        json.writeStringProperty("dtype", entry.type().name());
        json.writeName("shape");
        json.writeArray(entry.shape(), 0, entry.shape().length);
        json.writeName("data_offsets");
        long end = offset + entry.byteLength();
        json.writeArray(new long[] {offset, end}, 0, 2);
        json.writeEndObject();
        offset = end;
      }
      json.writeEndObject();
    }
    int length = (text.size() + 7) / 8 * 8;
    if (length > StrictJson.LARGEST) {
      throw WeightsFileException.in(
          file, "header to write", "at most " + StrictJson.LARGEST + " bytes", length);
    }
    ByteBuffer whole = ByteBuffer.allocate(8 + length).order(ByteOrder.LITTLE_ENDIAN);
    whole.putLong(length).put(text.toByteArray());
    while (whole.hasRemaining()) {
      whole.put((byte) ' ');
    }
    return whole.array();
  }

  private static void checkNames(Path file, List<Entry> entries, Map<String, String> metadata) {
    for (Entry entry : entries) {
      if (entry.name().equals(SafetensorsHeader.METADATA)) {
        throw WeightsFileException.in(
            file, "tensor name", "any but " + SafetensorsHeader.METADATA, entry.name());
      }
      checkText(file, "tensor name", entry.name(), StrictJson.LONGEST_NAME);
    }
    metadata.forEach(
        (key, value) -> {
          checkText(file, "metadata key", key, StrictJson.LONGEST_NAME);
          checkText(file, "metadata value", value, StrictJson.LARGEST);
        });
  }

  private static void checkText(Path file, String what, String text, int longest) {
    if (text == null || text.length() > longest) {
      throw WeightsFileException.in(
          file,
          what,
          "text of at most " + longest + " characters",
          text == null ? "null" : text.length());
    }
    if (!StandardCharsets.UTF_8.newEncoder().canEncode(text)) {
      throw WeightsFileException.in(
          file, what, "text that UTF-8 can hold", WeightsFileException.quote(text));
    }
  }

  private static void writeFully(FileChannel channel, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }

  private static void deleteQuietly(Path temporary) {
    try {
      Files.deleteIfExists(temporary);
    } catch (IOException e) {
      // The failure that matters is already on its way.
    }
  }
}
