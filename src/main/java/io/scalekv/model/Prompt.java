package io.scalekv.model;

import io.scalekv.io.Sha256;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * One image to draw.
 *
 * @param text the prompt
 * @param seed as a user types it and a file states it
 */
public record Prompt(String text, long seed) {
  /**
   * Returns the seed of the image's random numbers: the first eight bytes of the SHA-256 of the
   * seed (eight bytes, big-endian) and the text (UTF-8). The random numbers of an image depend on
   * these two alone, neither on its position nor on its batch.
   */
  public long randomSeed() {
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    byte[] key = ByteBuffer.allocate(Long.BYTES + utf8.length).putLong(seed).put(utf8).array();
    return Long.parseUnsignedLong(Sha256.of(key).substring(0, 2 * Long.BYTES), 16);
  }
}
