package io.scalekv.experiment.folders;

import io.scalekv.io.AtomicFile;
import io.scalekv.io.Sha256;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.zip.CRC32;

/**
 * Feature vectors of images by a key of file, net and settings, kept in a file as they are made.
 * Records are: SHA-256 of the key (32 bytes), length n, n doubles, CRC-32 of all before;
 * big-endian. The file ends for the reader before the first record that is cut off or damaged.
 */
final class FeatureStore implements AutoCloseable {
  private static final int HASH_BYTES = 32;
  private static final int LONGEST = 1 << 20;

  private final Path file;
  private final Map<String, double[]> vectors = new HashMap<>();
  private DataOutputStream out;

  private FeatureStore(Path file) {
    this.file = file;
  }

  /**
   * Opens a file.
   *
   * @param file null for no file at all
   */
  static FeatureStore open(Path file) throws IOException {
    FeatureStore store = new FeatureStore(file);
    if (file != null) {
      long sound = Files.exists(file) ? store.read() : 0;
      try (FileChannel channel =
          FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
        channel.truncate(sound);
      }
      store.out =
          new DataOutputStream(
              new BufferedOutputStream(Files.newOutputStream(file, StandardOpenOption.APPEND)));
    }
    return store;
  }

  /** Reads the sound records and returns their bytes. */
  private long read() throws IOException {
    long sound = 0;
    try (DataInputStream in =
        new DataInputStream(new BufferedInputStream(Files.newInputStream(file)))) {
      while (true) {
        byte[] hash = in.readNBytes(HASH_BYTES);
        int n = hash.length < HASH_BYTES ? 0 : in.readInt();
        if (n < 1 || n > LONGEST) {
          return sound;
        }
        byte[] values = in.readNBytes(n * Double.BYTES);
        if (values.length < n * Double.BYTES || in.readLong() != check(hash, values)) {
          return sound;
        }
        double[] vector = new double[n];
        ByteBuffer.wrap(values).asDoubleBuffer().get(vector);
        vectors.put(HexFormat.of().formatHex(hash), vector);
        sound += HASH_BYTES + Integer.BYTES + values.length + Long.BYTES;
      }
    } catch (EOFException e) {
      return sound;
    }
  }

  private static long check(byte[] hash, byte[] values) {
    CRC32 crc = new CRC32();
    crc.update(hash);
    crc.update(values);
    return crc.getValue();
  }

  private static String hash(String key) {
    return Sha256.of(key.getBytes(StandardCharsets.UTF_8));
  }

  /** Returns the vector of a key, or null. */
  double[] get(String key) {
    return vectors.get(hash(key));
  }

  /** Keeps a vector, unless the key has one. */
  void put(String key, double[] vector) throws IOException {
    String hash = hash(key);
    if (vectors.putIfAbsent(hash, vector) == null && out != null) {
      byte[] bytes = HexFormat.of().parseHex(hash);
      ByteBuffer values = ByteBuffer.allocate(vector.length * Double.BYTES);
      values.asDoubleBuffer().put(vector);
      try {
        out.write(bytes);
        out.writeInt(vector.length);
        out.write(values.array());
        out.writeLong(check(bytes, values.array()));
      } catch (IOException e) {
        throw AtomicFile.named(file, e);
      }
    }
  }

  /** Hands the added vectors to the disk. */
  void flush() throws IOException {
    if (out != null) {
      try {
        out.flush();
      } catch (IOException e) {
        throw AtomicFile.named(file, e);
      }
    }
  }

  @Override
  public void close() throws IOException {
    if (out != null) {
      out.close();
    }
  }
}
