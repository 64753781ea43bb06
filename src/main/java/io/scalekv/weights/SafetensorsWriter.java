package io.scalekv.weights;

import static io.scalekv.weights.Channels.writeFully;
import static io.scalekv.weights.WeightsFileException.atMost;
import static io.scalekv.weights.WeightsFileException.quote;
import static io.scalekv.weights.WeightsFileException.require;
import static io.scalekv.weights.WeightsFileException.tensor;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.util.Float16Utils;
import io.scalekv.io.AtomicFile;
import io.scalekv.io.Json;
import io.scalekv.io.JsonStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Writer of safetensors files. The bytes depend on the content alone: tensors are ordered by {@link
 * StoredType}, then by name, as the format's own library does, which keeps every tensor aligned;
 * metadata is ordered by key; the header is padded with spaces to a multiple of 8 bytes. A file
 * appears whole or not at all: a temporary file is forced to disk and moved; after a failure the
 * old file remains.
 */
public final class SafetensorsWriter {
  private static final int CHUNK_ELEMENTS = 1 << 16;

  private SafetensorsWriter() {}

  /**
   * Writes native arrays: FLOAT32 as {@code floatType}; FLOAT64, INT64, INT32, INT8, UINT8 and
   * BOOLEAN unchanged.
   *
   * @param file the file to write or replace; its folder must exist
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

  /** Writes plain Java arrays without the native engine. */
  public static void writeData(
      Path file,
      Map<String, TensorData> tensors,
      StoredType floatType,
      Map<String, String> metadata) {
    List<Entry> entries = new ArrayList<>();
    tensors.forEach((name, data) -> entries.add(entry(file, name, data, floatType)));
    writeEntries(file, entries, floatType, metadata);
  }

  /** Tensor to write. */
  private record Entry(String name, StoredType type, long[] shape, AtomicFile.Content content) {
    long byteLength() {
      return type.byteLength(shape);
    }
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
                  "type of " + tensor(name) + " to write",
                  "FLOAT32, FLOAT64, INT64, INT32, INT8, UINT8 or BOOLEAN",
                  loaded);
        };
    AtomicFile.Content content =
        channel -> {
          if (array.size() == 0) {
            return;
          }
          // The manager frees the view and a contiguous copy, if one is needed.
          try (NDManager scope = array.getManager().newSubManager()) {
            NDArray view = array.stopGradient();
            view.attach(scope);
            ByteBuffer bytes = view.toByteBuffer(true);
            if (loaded == DataType.FLOAT32 && type != StoredType.F32) {
              writeNarrowed(file, name, bytes.asFloatBuffer(), type, channel);
            } else {
              writeFully(channel, bytes);
            }
          }
        };
    return new Entry(name, type, array.getShape().getShape(), content);
  }

  private static Entry entry(Path file, String name, TensorData data, StoredType floatType) {
    StoredType type = data.type() == StoredType.F32 ? floatType : data.type();
    AtomicFile.Content content =
        type == data.type()
            ? channel -> data.bytes().each(data.byteLength(), (c, at) -> writeFully(channel, c))
            : channel ->
                data.bytes()
                    .each(
                        data.byteLength(),
                        (c, at) -> writeNarrowed(file, name, c.asFloatBuffer(), type, channel));
    return new Entry(name, type, data.shape(), content);
  }

  /** Rounds 32-bit values to BF16 or F16 piece by piece. */
  private static void writeNarrowed(
      Path file, String name, FloatBuffer from, StoredType type, FileChannel channel)
      throws IOException {
    float[] values = new float[Math.min(CHUNK_ELEMENTS, from.remaining())];
    ByteBuffer chunk = ByteBuffer.allocate(2 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    while (from.hasRemaining()) {
      int count = Math.min(values.length, from.remaining());
      from.get(values, 0, count);
      chunk.clear();
      for (int i = 0; i < count; i++) {
        float value = values[i];
        boolean brain = type == StoredType.BF16;
        short bits = brain ? HalfPrecision.toBf16(value) : HalfPrecision.toF16(value);
        float stored = brain ? HalfPrecision.fromBf16(bits) : Float16Utils.halfToFloat(bits);
        if (Float.isInfinite(stored) && !Float.isInfinite(value)) {
          throw WeightsFileException.in(
              file, "value of " + tensor(name), "within the range of " + type, value);
        }
        chunk.putShort(bits);
      }
      writeFully(channel, chunk.flip());
    }
  }

  private static void writeEntries(
      Path file, List<Entry> entries, StoredType floatType, Map<String, String> metadata) {
    require(floatType.isWeight(), file, "float type to write", "F32, BF16 or F16", floatType);
    entries.sort(Comparator.comparing(Entry::type).thenComparing(Entry::name));
    byte[] header = header(file, entries, metadata);
    require(!Files.isDirectory(file), file, "place to write", "free or a file", "a folder");
    Path folder = file.toAbsolutePath().getParent();
    require(Files.isDirectory(folder), file, "place to write", "in a folder", folder);
    try {
      AtomicFile.write(
          file,
          channel -> {
            writeFully(channel, ByteBuffer.wrap(header));
            for (Entry entry : entries) {
              entry.content().writeTo(channel);
            }
          });
    } catch (IOException e) {
      throw new UncheckedIOException(AtomicFile.named(file, e));
    }
  }

  private static byte[] header(Path file, List<Entry> entries, Map<String, String> metadata) {
    checkNames(file, entries, metadata);
    Map<String, Object> header = new LinkedHashMap<>();
    if (!metadata.isEmpty()) {
      header.put(SafetensorsHeader.METADATA, new TreeMap<>(metadata));
    }
    long offset = 0;
    for (Entry entry : entries) {
      long end = offset + entry.byteLength();
      Map<String, Object> tensor = new LinkedHashMap<>();
      tensor.put("dtype", entry.type().name());
      tensor.put("shape", entry.shape());
      tensor.put("data_offsets", new long[] {offset, end});
      header.put(entry.name(), tensor);
      offset = end;
    }
    byte[] text = Json.MAPPER.writeValueAsBytes(header);
    int length = (text.length + 7) / 8 * 8;
    atMost(JsonStream.LARGEST, file, "bytes of the header", length);
    ByteBuffer whole = ByteBuffer.allocate(8 + length).order(ByteOrder.LITTLE_ENDIAN);
    whole.putLong(length).put(text);
    while (whole.hasRemaining()) {
      whole.put((byte) ' ');
    }
    return whole.array();
  }

  private static void checkNames(Path file, List<Entry> entries, Map<String, String> metadata) {
    for (Entry entry : entries) {
      boolean plain = !entry.name().equals(SafetensorsHeader.METADATA);
      require(plain, file, "tensor name", "other than that of the metadata", entry.name());
      checkText(file, "tensor name", entry.name(), JsonStream.LONGEST_NAME);
    }
    metadata.forEach(
        (key, value) -> {
          checkText(file, "metadata key", key, JsonStream.LONGEST_NAME);
          checkText(file, "metadata value", value, JsonStream.LARGEST);
        });
  }

  private static void checkText(Path file, String what, String text, int longest) {
    require(text != null, file, what, "a text", "null");
    atMost(longest, file, "characters of the " + what, text.length());
    boolean encodable = StandardCharsets.UTF_8.newEncoder().canEncode(text);
    require(encodable, file, what, "encodable in UTF-8", quote(text));
  }
}
