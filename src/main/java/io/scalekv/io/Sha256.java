package io.scalekv.io;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.function.LongConsumer;

/** SHA-256 hashes in hexadecimal, for provenance. */
public final class Sha256 {
  private static final int BUFFER_BYTES = 1 << 20;

  private Sha256() {}

  /** Returns the hash of bytes. */
  public static String of(byte[] bytes) {
    return HexFormat.of().formatHex(digest().digest(bytes));
  }

  /** Returns the hash of the concatenation of files. */
  public static String of(Path... files) throws IOException {
    return each(read -> {}, files).all();
  }

  /**
   * Hashes of files.
   *
   * @param all hash of their concatenation
   * @param each hash of each
   */
  public record Hashes(String all, List<String> each) {}

  /**
   * Hashes large files in one pass.
   *
   * @param progress receives the number of bytes read so far
   */
  public static Hashes each(LongConsumer progress, Path... files) throws IOException {
    long read = 0;
    MessageDigest digest = digest();
    List<String> each = new ArrayList<>();
    byte[] buffer = new byte[BUFFER_BYTES];
    for (Path file : files) {
      MessageDigest own = files.length > 1 ? digest() : digest;
      try (InputStream in = Files.newInputStream(file)) {
        for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
          digest.update(buffer, 0, n);
          if (own != digest) {
            own.update(buffer, 0, n);
          }
          read += n;
          progress.accept(read);
        }
      }
      each.add(HexFormat.of().formatHex(own.digest()));
    }
    return files.length == 1
        ? new Hashes(each.get(0), each)
        : new Hashes(HexFormat.of().formatHex(digest.digest()), each);
  }

  private static MessageDigest digest() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
