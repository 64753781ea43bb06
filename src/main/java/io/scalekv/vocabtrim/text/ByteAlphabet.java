package io.scalekv.vocabtrim.text;

import java.util.HashMap;
import java.util.Map;

/**
 * Bytes as printable characters (GPT-2, Radford et al. 2019, released encoder): printable Latin-1
 * bytes stand for themselves, the others for the characters from U+0100 on.
 */
final class ByteAlphabet {
  private static final char[] SYMBOLS = new char[256];
  private static final Map<Character, Integer> BYTES = new HashMap<>();

  static {
    char next = 0x100;
    for (int b = 0; b < 256; b++) {
      boolean itself = (b >= '!' && b <= '~') || (b >= 0xa1 && b <= 0xac) || b >= 0xae;
      SYMBOLS[b] = itself ? (char) b : next++;
      BYTES.put(SYMBOLS[b], b);
    }
  }

  private ByteAlphabet() {}

  /** Returns the character of a byte, 0 to 255. */
  static char symbol(int b) {
    return SYMBOLS[b];
  }

  /** Returns whether a token is a single byte, as a character or as {@code <0x0A>}. */
  static boolean isByte(String token) {
    return token.length() == 1
        ? BYTES.containsKey(token.charAt(0))
        : token.length() == 6 && token.matches("<0x[0-9A-F]{2}>");
  }
}
