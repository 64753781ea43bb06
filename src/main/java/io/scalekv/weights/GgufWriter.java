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
import java.util.Map;

/** Writer of GGUF files. Tensors keep their stored bytes; a file appears whole or not at all. */
public final class GgufWriter {
  /** Value of a key: the number of its type in the file and its bytes. */
  public record Value(int type, byte[] bytes) {}

  /** Tensor with the reader of its stored bytes; its offset is not used. */
  private record Tensor(GgufFile.Tensor at, TensorSource.Bytes bytes) {}

  private static final int TEXT = 8;

  private final Map<String, Value> pairs = new LinkedHashMap<>();
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
      writer.put(p.key(), new Value(p.type(), value.array()));
    }
    for (String name : source.names()) {
      GgufFile.Tensor t = source.tensorNamed(name);
      writer.put(name, t.type(), source.stored(name), t.sizes());
    }
    return writer;
  }

  /** Sets the value of a key. */
  public GgufWriter put(String key, Value value) {
    pairs.put(key, value);
    return this;
  }

  /** Sets the text of a key. */
  public GgufWriter put(String key, String text) {
    return put(key, new Value(TEXT, text(text)));
  }

  private static byte[] text(String text) {
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    return little(8 + utf8.length).putLong(utf8.length).put(utf8).array();
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
          header.writeBytes(text(key));
          header.writeBytes(little(4).putInt(pair.type()).array());
          header.writeBytes(pair.bytes());
        });
    long offset = 0;
    for (Tensor tensor : tensors.values()) {
      GgufFile.Tensor t = tensor.at();
      header.writeBytes(text(t.name()));
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
