package io.scalekv.weights;

import io.scalekv.io.AtomicFile;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Writer of GGUF files. Tensors keep their stored bytes; a file appears whole or not at all. Values
 * of new keys: {@link Integer} (uint32), {@link Float}, {@link Boolean}, {@link String} and lists
 * of them.
 */
public final class GgufWriter {
  /** Key-value pair with the bytes of its value. */
  private record Pair(int type, byte[] value) {}

  /** Tensor with the reader of its stored bytes; its offset is not used. */
  private record Tensor(GgufFile.Tensor at, TensorSource.Bytes bytes) {}

  private final Map<String, Pair> pairs = new LinkedHashMap<>();
  private final Map<String, Tensor> tensors = new LinkedHashMap<>();
  private int version = 3;
  private int alignment = GgufFile.DEFAULT_ALIGNMENT;

  /** Returns a writer of a copy: all pairs and tensors of a file, which must stay open. */
  public static GgufWriter copyOf(GgufFile source) {
    GgufWriter writer = new GgufWriter();
    writer.version = source.version();
    writer.alignment = source.alignment();
    for (GgufFile.Pair p : source.pairs().values()) {
      ByteBuffer value = ByteBuffer.allocate(Math.toIntExact(p.length()));
      source.read(p.at(), value, p.key());
      writer.pairs.put(p.key(), new Pair(p.type(), value.array()));
    }
    for (String name : source.names()) {
      GgufFile.Tensor t = source.tensorNamed(name);
      writer.put(name, t.type(), source.stored(name), t.sizes());
    }
    return writer;
  }

  /** Sets the value of a key. */
  public GgufWriter put(String key, Object value) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    int type = encode(value, bytes);
    pairs.put(key, new Pair(type, bytes.toByteArray()));
    return this;
  }

  private static int encode(Object value, ByteArrayOutputStream out) {
    if (value instanceof Integer number) {
      out.writeBytes(little(4).putInt(number).array());
      return 4;
    } else if (value instanceof Float number) {
      out.writeBytes(little(4).putFloat(number).array());
      return 6;
    } else if (value instanceof Boolean truth) {
      out.write(truth ? 1 : 0);
      return 7;
    } else if (value instanceof String text) {
      byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
      out.writeBytes(little(8).putLong(utf8.length).array());
      out.writeBytes(utf8);
      return 8;
    }
    List<?> list = (List<?>) value;
    ByteArrayOutputStream items = new ByteArrayOutputStream();
    int type = 4;
    for (Object item : list) {
      type = encode(item, items);
    }
    out.writeBytes(little(12).putInt(type).putLong(list.size()).array());
    out.writeBytes(items.toByteArray());
    return 9;
  }

  /**
   * Sets a tensor; a new name is appended.
   *
   * @param stored reader of its bytes
   * @param sizes innermost first
   */
  public GgufWriter put(String name, GgmlType type, TensorSource.Bytes stored, long... sizes) {
    tensors.put(name, new Tensor(new GgufFile.Tensor(name, type, sizes.clone(), 0), stored));
    return this;
  }

  /** Sets a vector of 64-bit integers. */
  public GgufWriter put(String name, long... values) {
    TensorData data = TensorData.of(values, values.length);
    return put(name, GgmlType.I64, data.bytes(), values.length);
  }

  /** Writes the file atomically. */
  public void write(Path file) {
    try {
      AtomicFile.write(file, this::writeTo);
    } catch (IOException e) {
      throw new UncheckedIOException(AtomicFile.named(file, e));
    }
  }

  private void writeTo(FileChannel channel) throws IOException {
    ByteArrayOutputStream header = new ByteArrayOutputStream();
    header.writeBytes(GgufFile.MAGIC);
    header.writeBytes(
        little(20).putInt(version).putLong(tensors.size()).putLong(pairs.size()).array());
    pairs.forEach(
        (key, pair) -> {
          encode(key, header);
          header.writeBytes(little(4).putInt(pair.type()).array());
          header.writeBytes(pair.value());
        });
    long offset = 0;
    for (Tensor tensor : tensors.values()) {
      GgufFile.Tensor t = tensor.at();
      encode(t.name(), header);
      ByteBuffer info = little(4 + 8 * t.sizes().length + 12).putInt(t.sizes().length);
      for (long size : t.sizes()) {
        info.putLong(size);
      }
      header.writeBytes(info.putInt(t.type().id()).putLong(offset).array());
      offset = GgufFile.aligned(offset + t.length(), alignment);
    }
    pad(header, header.size());
    Channels.writeFully(channel, ByteBuffer.wrap(header.toByteArray()));
    for (Tensor t : tensors.values()) {
      t.bytes().each(t.at().length(), (chunk, at) -> Channels.writeFully(channel, chunk));
      ByteArrayOutputStream padding = new ByteArrayOutputStream();
      pad(padding, t.at().length());
      Channels.writeFully(channel, ByteBuffer.wrap(padding.toByteArray()));
    }
  }

  private void pad(ByteArrayOutputStream out, long length) {
    out.writeBytes(new byte[(int) (GgufFile.aligned(length, alignment) - length)]);
  }

  private static ByteBuffer little(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }
}
