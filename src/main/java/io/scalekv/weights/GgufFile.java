package io.scalekv.weights;

import static io.scalekv.weights.WeightsFileException.atMost;
import static io.scalekv.weights.WeightsFileException.quote;
import static io.scalekv.weights.WeightsFileException.require;
import static io.scalekv.weights.WeightsFileException.tensor;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * GGUF file, versions 2 and 3, little-endian: typed key-value pairs and tensors. As a {@link
 * TensorSource} its shapes have the outermost size first, as in other files, and quantised tensors
 * read as F32. Names are those of the file.
 *
 * @see <a href="https://github.com/ggml-org/ggml/blob/master/docs/gguf.md">GGUF</a>
 */
public final class GgufFile implements TensorSource {
  /** First four bytes of a file. */
  static final byte[] MAGIC = "GGUF".getBytes(StandardCharsets.US_ASCII);

  /** Key of the alignment of tensors. */
  static final String ALIGNMENT = "general.alignment";

  static final int DEFAULT_ALIGNMENT = 32;
  private static final int MOST_ITEMS = 1 << 25;
  private static final int MOST_DIMENSIONS = 8;
  private static final int DEEPEST = 4;
  private static final int LONGEST = 1 << 26;
  private static final int CHUNK_BLOCKS = 1 << 12;

  /**
   * Key-value pair.
   *
   * @param type number of the value's type in the file
   * @param value {@link Long}, {@link Double}, {@link Boolean}, {@link String} or {@link List}
   * @param at first byte of the value
   * @param length of the value in bytes
   */
  record Pair(String key, int type, Object value, long at, long length) {}

  /**
   * Tensor.
   *
   * @param sizes innermost first, as stored
   * @param offset first byte in the file
   */
  public record Tensor(String name, GgmlType type, long[] sizes, long offset) {
    /** Returns the bytes of one row, the numbers along the innermost size. */
    public long rowBytes() {
      return sizes[0] / type.block() * type.bytes();
    }

    /** Returns the number of rows. */
    private long rows() {
      return Arrays.stream(sizes).skip(1).reduce(1, (a, b) -> a * b);
    }

    /** Returns the bytes of all rows. */
    long length() {
      return rowBytes() * rows();
    }
  }

  private final Path file;
  private final FileChannel channel;
  private final int version;
  private final int alignment;
  private final Map<String, Pair> pairs;
  private final Map<String, Tensor> tensors;

  private GgufFile(Path file, FileChannel channel, Header header) throws IOException {
    this.file = file;
    this.channel = channel;
    this.version = header.version;
    this.pairs = Collections.unmodifiableMap(header.pairs);
    this.alignment = header.alignment();
    this.tensors = Collections.unmodifiableMap(header.tensors(channel.size()));
  }

  /**
   * Opens a file and checks its header.
   *
   * @throws WeightsFileException if it cannot be read or is malformed
   */
  public static GgufFile open(Path file) {
    FileChannel channel = null;
    try (InputStream in = new BufferedInputStream(Files.newInputStream(file), 1 << 16)) {
      Header header = new Header(file, in, Files.size(file));
      header.read();
      channel = FileChannel.open(file, StandardOpenOption.READ);
      GgufFile opened = new GgufFile(file, channel, header);
      channel = null;
      return opened;
    } catch (EOFException e) {
      throw WeightsFileException.in(file, "header", "complete", "the end of the file");
    } catch (IOException e) {
      throw WeightsFileException.io(file, "cannot read", e);
    } finally {
      Channels.closeQuietly(channel);
    }
  }

  /** Returns whether a file begins as a GGUF file does. */
  public static boolean starts(Path file) throws IOException {
    if (!Files.isRegularFile(file)) {
      return false;
    }
    try (InputStream in = Files.newInputStream(file)) {
      return Arrays.equals(in.readNBytes(MAGIC.length), MAGIC);
    }
  }

  /** Header in the order of the file. */
  private static final class Header {
    private final Path file;
    private final InputStream in;
    private final long size;
    private final Map<String, Pair> pairs = new LinkedHashMap<>();
    private final List<Tensor> relative = new ArrayList<>();
    private long at;
    private int version;

    Header(Path file, InputStream in, long size) {
      this.file = file;
      this.in = in;
      this.size = size;
    }

    void read() throws IOException {
      byte[] magic = bytes(4);
      boolean gguf = Arrays.equals(magic, MAGIC);
      require(gguf, file, "first bytes", "GGUF", "others");
      version = (int) number(4);
      boolean known = version == 2 || version == 3;
      require(known, file, "version", "2 or 3, little-endian", version);
      long tensorCount = count("tensors", number(8));
      long pairCount = count("key-value pairs", number(8));
      for (long i = 0; i < pairCount; i++) {
        String key = text();
        int type = (int) number(4);
        long from = at;
        Object value = value(key, type, 0);
        Pair before = pairs.put(key, new Pair(key, type, value, from, at - from));
        require(before == null, file, "key " + quote(key), "given once", "twice");
      }
      for (long i = 0; i < tensorCount; i++) {
        readTensor();
      }
    }

    private void readTensor() throws IOException {
      String name = text();
      int dimensions = (int) number(4);
      String what = tensor(name);
      boolean few = dimensions >= 1 && dimensions <= MOST_DIMENSIONS;
      require(few, file, "dimensions of " + what, "1 to " + MOST_DIMENSIONS, dimensions);
      long[] sizes = new long[dimensions];
      long elements = 1;
      for (int d = 0; d < dimensions; d++) {
        sizes[d] = number(8);
        boolean fits = sizes[d] >= 1 && sizes[d] <= Long.MAX_VALUE / 8 / elements;
        require(fits, file, "size of " + what, "at least 1 and below 2^60", sizes[d]);
        elements *= sizes[d];
      }
      long id = number(4);
      GgmlType type = GgmlType.of(id);
      require(type != null, file, "type of " + what, "a known number of ggml", id);
      boolean whole = sizes[0] % type.block() == 0;
      require(whole, file, "row of " + what, "whole blocks of " + type.block(), sizes[0]);
      relative.add(new Tensor(name, type, sizes, number(8)));
    }

    int alignment() {
      Object value = pairs.containsKey(ALIGNMENT) ? pairs.get(ALIGNMENT).value() : 32L;
      boolean power = value instanceof Long n && n >= 1 && n <= 1 << 20 && Long.bitCount(n) == 1;
      require(power, file, ALIGNMENT, "a power of two", value);
      return (int) (long) (Long) value;
    }

    Map<String, Tensor> tensors(long length) {
      Map<String, Tensor> tensors = new LinkedHashMap<>();
      long data = aligned(at, alignment());
      for (Tensor t : relative) {
        String what = tensor(t.name());
        long bytes = t.length();
        boolean inside = t.offset() >= 0 && t.offset() <= length - data - bytes;
        require(inside, file, "end of " + what, "inside the file", "offset " + t.offset());
        Tensor placed = new Tensor(t.name(), t.type(), t.sizes(), data + t.offset());
        require(tensors.put(t.name(), placed) == null, file, what, "given once", "twice");
      }
      return tensors;
    }

    private long count(String what, long count) {
      atMost(Math.min(MOST_ITEMS, size), file, "number of " + what, count);
      return count;
    }

    private Object value(String key, int type, int depth) throws IOException {
      return switch (type) {
        case 0 -> number(1);
        case 1 -> (long) (byte) number(1);
        case 2 -> number(2);
        case 3 -> (long) (short) number(2);
        case 4 -> number(4);
        case 5 -> (long) (int) number(4);
        case 6 -> (double) Float.intBitsToFloat((int) number(4));
        case 7 -> number(1) != 0;
        case 8 -> text();
        case 9 -> {
          require(depth < DEEPEST, file, "nesting of " + quote(key), "at most 4 deep", "deeper");
          int of = (int) number(4);
          long count = count("values of " + quote(key), number(8));
          List<Object> values = new ArrayList<>();
          for (long i = 0; i < count; i++) {
            values.add(value(key, of, depth + 1));
          }
          yield values;
        }
        case 10, 11 -> number(8);
        case 12 -> Double.longBitsToDouble(number(8));
        default ->
            throw WeightsFileException.in(file, "type of " + quote(key), "0 to 12 (GGUF)", type);
      };
    }

    private String text() throws IOException {
      long length = number(8);
      atMost(Math.min(LONGEST, size), file, "bytes of a text in the header", length);
      return new String(bytes((int) length), StandardCharsets.UTF_8);
    }

    private byte[] bytes(int count) throws IOException {
      byte[] bytes = in.readNBytes(count);
      if (bytes.length < count) {
        throw new EOFException();
      }
      at += count;
      return bytes;
    }

    private long number(int width) throws IOException {
      long value = 0;
      for (int i = 0; i < width; i++) {
        int next = in.read();
        if (next < 0) {
          throw new EOFException();
        }
        value |= (long) next << 8 * i;
      }
      at += width;
      return value;
    }
  }

  static long aligned(long at, int alignment) {
    return (at + alignment - 1) / alignment * alignment;
  }

  int version() {
    return version;
  }

  int alignment() {
    return alignment;
  }

  Map<String, Pair> pairs() {
    return pairs;
  }

  /** Returns the value of a key: number, truth value, text or list; null if it is absent. */
  public Object value(String key) {
    return pairs.containsKey(key) ? pairs.get(key).value() : null;
  }

  /** Returns the text of a key, or the given one if it is absent. */
  public String text(String key, String otherwise) {
    return value(key) == null ? otherwise : typed(key, String.class, "a text");
  }

  /** Returns the number of a key, or the given one if it is absent. */
  public double number(String key, double otherwise) {
    return value(key) == null ? otherwise : typed(key, Number.class, "a number").doubleValue();
  }

  /** Returns the whole number of a key. */
  public int integer(String key) {
    long value = typed(key, Long.class, "a whole number");
    require(value == (int) value, file, key, "a 32-bit integer", value);
    return (int) value;
  }

  /** Returns the list of a key. */
  public List<?> list(String key) {
    return typed(key, List.class, "a list");
  }

  private <T> T typed(String key, Class<T> type, String what) {
    Object value = value(key);
    String got = value == null ? "nothing" : value.getClass().getSimpleName();
    require(type.isInstance(value), file, "key " + key, what, got);
    return type.cast(value);
  }

  /** Returns a tensor as stored. */
  public Tensor tensorNamed(String name) {
    Tensor tensor = tensors.get(name);
    require(tensor != null, file, "tensor", "in the file", quote(name));
    return tensor;
  }

  @Override
  public Set<String> names() {
    return tensors.keySet();
  }

  @Override
  public TensorInfo info(String name) {
    Tensor t = tensorNamed(name);
    StoredType type = t.type().plain() == null ? StoredType.F32 : t.type().plain();
    long[] shape = new long[t.sizes().length];
    for (int d = 0; d < shape.length; d++) {
      shape[d] = t.sizes()[shape.length - 1 - d];
    }
    long bytes = type.byteLength(shape);
    return new TensorInfo(name, type, type.name(), shape, bytes, t.offset(), file);
  }

  @Override
  public Map<String, String> metadata() {
    Map<String, String> texts = new LinkedHashMap<>();
    pairs.values().stream()
        .filter(p -> p.value() instanceof String)
        .forEach(p -> texts.put(p.key(), (String) p.value()));
    return texts;
  }

  /** Returns a reader of the stored bytes of a tensor, quantised or not. */
  public Bytes stored(String name) {
    Tensor t = tensorNamed(name);
    return (target, position) -> read(t.offset() + position, target, name);
  }

  void read(long at, ByteBuffer target, String what) {
    require(channel.isOpen(), file, "file of " + quote(what), "open", "a closed one");
    try {
      Channels.readFully(file, channel, target, at);
    } catch (IOException e) {
      throw WeightsFileException.io(file, "cannot read " + quote(what), e);
    }
  }

  @Override
  public Bytes bytes(String name) {
    Tensor t = tensorNamed(name);
    if (t.type().plain() != null) {
      return stored(name);
    }
    boolean readable = t.type().dequantises();
    String types = "one that is dequantised (Q4_0 to Q8_0, Q4_K, Q5_K, Q6_K)";
    require(readable, file, "type of " + tensor(name), types, t.type());
    return (target, position) -> dequantise(t, target, position);
  }

  /** Fills {@code target} with float32 values from byte {@code position} on. */
  private void dequantise(Tensor t, ByteBuffer target, long position) {
    int block = t.type().block();
    ByteBuffer out = target.slice().order(ByteOrder.LITTLE_ENDIAN);
    long first = position / Float.BYTES;
    long end = first + out.remaining() / Float.BYTES;
    ByteBuffer in = ByteBuffer.allocate(CHUNK_BLOCKS * t.type().bytes());
    in.order(ByteOrder.LITTLE_ENDIAN);
    float[] values = new float[CHUNK_BLOCKS * block];
    while (first < end) {
      long from = first / block;
      int blocks = (int) Math.min(CHUNK_BLOCKS, (end + block - 1) / block - from);
      read(
          t.offset() + from * t.type().bytes(),
          in.clear().limit(blocks * t.type().bytes()),
          t.name());
      for (int i = 0; i < blocks; i++) {
        t.type().dequantise(in, i * t.type().bytes(), values, i * block);
      }
      int skip = (int) (first - from * block);
      int count = (int) Math.min((long) blocks * block - skip, end - first);
      out.asFloatBuffer().put(values, skip, count);
      out.position(out.position() + count * Float.BYTES);
      first += count;
    }
    target.position(target.limit());
  }

  @Override
  public void close() {
    Channels.closeQuietly(channel);
  }
}
