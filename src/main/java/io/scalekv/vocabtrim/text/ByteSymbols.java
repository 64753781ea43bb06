package io.scalekv.vocabtrim.text;

/**
 * Bytes as printable characters, one each (GPT-2, Radford et al. 2019, released encoder): printable
 * Latin-1 bytes stand for themselves, the others for the characters from U+0100 on, in their order.
 */
final class ByteSymbols {
  private static final char[] OF_BYTE = new char[256];

  static {
    char next = 0x100;
    for (int b = 0; b < 256; b++) {
      boolean itself = (b >= '!' && b <= '~') || (b >= 0xa1 && b <= 0xac) || b >= 0xae;
      OF_BYTE[b] = itself ? (char) b : next++;
    }
  }

  private ByteSymbols() {}

  /** The character of a byte, 0 to 255. */
  static char of(int unsignedByte) {
    return OF_BYTE[unsignedByte];
  }
}
