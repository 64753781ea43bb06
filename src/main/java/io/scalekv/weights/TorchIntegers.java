package io.scalekv.weights;

import static io.scalekv.weights.WeightsFileException.require;

import io.scalekv.tensor.TorchScriptArchive;
import io.scalekv.weights.StateDictPickle.RawTensor;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipOutputStream;

/** Integers in an archive of {@code torch.save}: a list, a vector, vectors by name, or counts. */
public sealed interface TorchIntegers {
  /** Python list of integers. */
  record Numbers(long[] values) implements TorchIntegers {}

  /** One-dimensional tensor. */
  record Vector(long[] values) implements TorchIntegers {}

  /** One-dimensional tensors by name; others are left out. */
  record Vectors(Map<String, long[]> byName) implements TorchIntegers {}

  /** Python dict from integers to integers. */
  record Counts(Map<Long, Long> byId) implements TorchIntegers {}

  /**
   * Reads an archive.
   *
   * @throws WeightsFileException if it holds none of the four
   */
  static TorchIntegers read(Path file) {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      TorchFile torch = TorchFile.read(file, channel);
      Object root = torch.root();
      if (root instanceof RawTensor tensor) {
        return new Vector(vector(file, channel, torch, tensor));
      } else if (root instanceof List<?> list) {
        return new Numbers(numbers(file, list));
      } else if (root instanceof Map<?, ?> map && !map.isEmpty()) {
        if (map.keySet().iterator().next() instanceof Long) {
          return new Counts(counts(file, map));
        }
        Map<String, long[]> vectors = new LinkedHashMap<>();
        for (Map.Entry<?, ?> e : map.entrySet()) {
          if (e.getValue() instanceof RawTensor t
              && t.shape().length == 1
              && t.type().stored().isInteger()) {
            vectors.put(e.getKey().toString(), vector(file, channel, torch, t));
          }
        }
        return new Vectors(vectors);
      }
      String condition = "a list, tensor or dict of integers";
      throw WeightsFileException.in(file, "saved object", condition, "another object");
    } catch (IOException e) {
      throw WeightsFileException.io(file, "cannot read", e);
    }
  }

  private static long[] numbers(Path file, List<?> list) {
    long[] values = new long[list.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = integer(file, "element " + i + " of the saved list", list.get(i));
    }
    return values;
  }

  private static long integer(Path file, String what, Object value) {
    require(value instanceof Long, file, what, "an integer", "another value");
    return (Long) value;
  }

  private static Map<Long, Long> counts(Path file, Map<?, ?> map) {
    Map<Long, Long> counts = new LinkedHashMap<>();
    map.forEach(
        (key, value) ->
            counts.put(
                integer(file, "key of the saved dict", key),
                integer(file, "value of the saved dict", value)));
    return counts;
  }

  private static long[] vector(Path file, FileChannel channel, TorchFile torch, RawTensor tensor)
      throws IOException {
    boolean fits = tensor.shape().length == 1 && tensor.type().stored().isInteger();
    require(fits, file, "saved tensor", "a vector of integers", "another tensor");
    StorageView view = StorageView.of(file, torch, "saved", tensor);
    return TensorBytes.longs(view.info(), view.open(channel));
  }

  /**
   * Returns the bytes of an archive of a list.
   *
   * @param name folder inside the archive; the name of the file without its ending
   * @param values the list, each within 32 bits
   */
  static byte[] archive(String name, int... values) throws IOException {
    ByteBuffer p = little(8 + 5 * values.length);
    p.put((byte) 0x80).put((byte) 2).put((byte) ']').put((byte) 'q').put((byte) 0).put((byte) '(');
    for (int value : values) {
      p.put((byte) 'J').putInt(value);
    }
    p.put((byte) 'e').put((byte) '.');
    return archive(name, p.array(), p.position(), List.of());
  }

  /** Returns the bytes of an archive of a vector of 64-bit integers. */
  static byte[] archive(String name, TensorData vector) throws IOException {
    ByteBuffer p = little(512).put((byte) 0x80).put((byte) 2);
    tensor(p, vector, 0);
    p.put((byte) '.');
    return archive(name, p.array(), p.position(), List.of(vector.all().array()));
  }

  /** Returns the bytes of an archive of vectors by name, 64-bit integers or truth values. */
  static byte[] archive(String name, Map<String, TensorData> vectors) throws IOException {
    ByteBuffer p = little(512 * (1 + vectors.size())).put((byte) 0x80).put((byte) 2);
    p.put((byte) '}').put((byte) '(');
    List<byte[]> storages = new java.util.ArrayList<>();
    vectors.forEach(
        (key, data) -> {
          text(p, key);
          tensor(p, data, storages.size());
          storages.add(data.all().array());
        });
    p.put((byte) 'u').put((byte) '.');
    return archive(name, p.array(), p.position(), storages);
  }

  /** Writes the call of {@code _rebuild_tensor_v2} for a vector (pickle protocol 2). */
  private static void tensor(ByteBuffer p, TensorData vector, int key) {
    int length = (int) vector.shape()[0];
    String storage = vector.type() == StoredType.I64 ? "LongStorage" : "BoolStorage";
    ascii(p, "ctorch._utils\n_rebuild_tensor_v2\n((");
    text(p, "storage");
    ascii(p, "ctorch\n" + storage + "\n");
    text(p, Integer.toString(key));
    text(p, "cpu");
    p.put((byte) 'J').putInt(length);
    ascii(p, "tQK");
    p.put((byte) 0).put((byte) 'J').putInt(length);
    p.put((byte) 0x85).put((byte) 'K').put((byte) 1).put((byte) 0x85).put((byte) 0x89);
    ascii(p, "ccollections\nOrderedDict\n)RtR");
  }

  private static void ascii(ByteBuffer p, String text) {
    p.put(text.getBytes(StandardCharsets.US_ASCII));
  }

  private static void text(ByteBuffer p, String text) {
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    p.put((byte) 'X').putInt(utf8.length).put(utf8);
  }

  private static ByteBuffer little(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static byte[] archive(String name, byte[] pickle, int length, List<byte[]> storages)
      throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
      zip.setMethod(ZipOutputStream.STORED);
      TorchScriptArchive.store(zip, name + "/data.pkl", java.util.Arrays.copyOf(pickle, length));
      byte[] little = "little".getBytes(StandardCharsets.US_ASCII);
      TorchScriptArchive.store(zip, name + "/byteorder", little);
      for (int i = 0; i < storages.size(); i++) {
        TorchScriptArchive.store(zip, name + "/data/" + i, storages.get(i));
      }
      byte[] version = "3\n".getBytes(StandardCharsets.US_ASCII);
      TorchScriptArchive.store(zip, name + "/version", version);
    }
    return bytes.toByteArray();
  }
}
