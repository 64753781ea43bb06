package io.scalekv.weights;

import static io.scalekv.weights.WeightsFileException.require;

import io.scalekv.io.AtomicFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Vector of integers or truth values in a {@code .npy} file of NumPy.
 *
 * @see <a href="https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html">format</a>
 */
public final class NpyFile {
  private static final byte[] MAGIC = "\u0093NUMPY".getBytes(StandardCharsets.ISO_8859_1);
  private static final long LARGEST = 1L << 27;
  private static final Pattern HEADER =
      Pattern.compile(
          "\\s*\\{\\s*'descr':\\s*'([<|=]?[biu?][1248]?)',\\s*'fortran_order':\\s*(?:False|True),"
              + "\\s*'shape':\\s*\\(\\s*(\\d{1,9})\\s*,?\\s*\\),?\\s*\\}\\s*");

  private NpyFile() {}

  /** Returns whether the first bytes are those of the format. */
  public static boolean starts(byte[] head) {
    return head.length >= MAGIC.length
        && Arrays.equals(head, 0, MAGIC.length, MAGIC, 0, MAGIC.length);
  }

  /**
   * Reads a vector.
   *
   * @throws WeightsFileException if it is not a little-endian vector of integers or truth values
   */
  public static long[] read(Path file) throws IOException {
    long size = Files.size(file);
    WeightsFileException.atMost(LARGEST, file, "bytes of the file", size);
    ByteBuffer b = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    require(starts(b.array()) && size >= 12, file, "file", "a .npy file of NumPy", "another");
    boolean first = b.get(6) == 1;
    long length = first ? b.getShort(8) & 0xffff : b.getInt(8) & 0xffffffffL;
    int begin = first ? 10 : 12;
    boolean inside = length <= size - begin;
    require(inside, file, "bytes of the header", "at most " + (size - begin), length);
    String header = new String(b.array(), begin, (int) length, StandardCharsets.ISO_8859_1);
    Matcher m = HEADER.matcher(header);
    String vector = "a vector of little-endian integers or truth values";
    require(m.matches(), file, "array", vector, WeightsFileException.quote(header.strip()));
    String type = m.group(1).replaceAll("[<|=]", "");
    int width = type.length() == 1 ? 1 : type.charAt(1) - '0';
    long count = Long.parseLong(m.group(2));
    int data = begin + (int) length;
    long bytes = count * width;
    require(bytes == size - data, file, "bytes of the values", bytes, size - data);
    String sign = type.charAt(0) == 'i' || width == 8 ? "I" : "U";
    StoredType stored = StoredType.valueOf(sign + 8 * width);
    TensorInfo info = new TensorInfo("values", stored, type, new long[] {count}, bytes, data, file);
    return TensorBytes.longs(
        info, (target, at) -> target.put(b.array(), data + (int) at, target.remaining()));
  }

  /** Writes a vector of 64-bit integers or truth values atomically. */
  public static void write(Path file, TensorData vector) throws IOException {
    String type = vector.type() == StoredType.I64 ? "<i8" : "|b1";
    long count = vector.shape()[0];
    ByteBuffer data = vector.all();
    String text = "{'descr': '" + type + "', 'fortran_order': False, 'shape': (" + count + ",), }";
    int padding = 63 - (10 + text.length()) % 64;
    byte[] header = (text + " ".repeat(padding) + "\n").getBytes(StandardCharsets.US_ASCII);
    ByteBuffer all = ByteBuffer.allocate(10 + header.length + data.remaining());
    all.order(ByteOrder.LITTLE_ENDIAN).put(MAGIC).put((byte) 1).put((byte) 0);
    all.putShort((short) header.length).put(header).put(data);
    AtomicFile.write(file, all.array());
  }
}
