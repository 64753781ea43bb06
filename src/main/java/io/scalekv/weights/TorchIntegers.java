package io.scalekv.weights;

import io.scalekv.tensor.TorchScriptArchive;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipOutputStream;

/** Archive of {@code torch.save} with one Python list of integers. */
public final class TorchIntegers {
  private TorchIntegers() {}

  /**
   * Reads a list.
   *
   * @throws WeightsFileException if the file is not such an archive
   */
  public static long[] read(Path file) {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      Map<String, ZipDirectory.Entry> entries = ZipDirectory.read(file, channel).entries();
      String folder = PthFile.folder(file, entries);
      PthFile.checkByteOrder(file, channel, entries.get(folder + "byteorder"));
      byte[] pickle =
          PthFile.bytes(file, channel, entries.get(folder + "data.pkl"), PthFile.LARGEST_PICKLE);
      return integers(file, StateDictPickle.read(file, pickle));
    } catch (IOException e) {
      throw WeightsFileException.io(file, "cannot read", e);
    }
  }

  private static long[] integers(Path file, Object root) {
    if (!(root instanceof List<?> list)) {
      throw WeightsFileException.in(
          file, "saved object", "a list of integers", root instanceof Map ? "a dict" : "no list");
    }
    long[] values = new long[list.size()];
    for (int i = 0; i < values.length; i++) {
      if (!(list.get(i) instanceof Long value)) {
        throw WeightsFileException.in(
            file, "element " + i + " of the saved list", "an integer", "another value");
      }
      values[i] = value;
    }
    return values;
  }

  /**
   * Returns the bytes of an archive.
   *
   * @param name folder inside the archive; the name of the file without its ending
   * @param values the list, each within 32 bits
   */
  public static byte[] archive(String name, int... values) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
      zip.setMethod(ZipOutputStream.STORED);
      TorchScriptArchive.store(zip, name + "/data.pkl", pickle(values));
      byte[] little = "little".getBytes(StandardCharsets.US_ASCII);
      TorchScriptArchive.store(zip, name + "/byteorder", little);
      byte[] version = "3\n".getBytes(StandardCharsets.US_ASCII);
      TorchScriptArchive.store(zip, name + "/version", version);
    }
    return bytes.toByteArray();
  }

  /** Returns a pickle of protocol 2: an empty list, a mark, the elements, one append. */
  private static byte[] pickle(int... values) {
    ByteBuffer p = ByteBuffer.allocate(8 + 5 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    p.put((byte) 0x80).put((byte) 2).put((byte) ']').put((byte) 'q').put((byte) 0).put((byte) '(');
    for (int value : values) {
      p.put((byte) 'J').putInt(value);
    }
    p.put((byte) 'e').put((byte) '.');
    byte[] bytes = new byte[p.position()];
    p.flip().get(bytes);
    return bytes;
  }
}
