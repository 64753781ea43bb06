package io.scalekv.cli;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.CRC32;

/** Damage to files, drawn at random, that knows what the parts of a file mean. */
final class Mutations {
  /** What a file is made of. */
  enum Form {
    /** An eight-byte length, a JSON header, data. */
    SAFETENSORS,
    /** Zip entries, one of them a pickle. */
    TORCH,
    /** Chunks with checksums. */
    PNG,
    /** JSON. */
    JSON,
    /** YAML. */
    YAML,
    /** Lines. */
    LINES,
    /** Unknown to us. */
    BYTES
  }

  private static final long[] ODD_NUMBERS = {
    0,
    1,
    2,
    7,
    8,
    255,
    256,
    65535,
    65536,
    1 << 20,
    Integer.MAX_VALUE,
    1L << 31,
    (1L << 32) - 1,
    1L << 32,
    1L << 40,
    Long.MAX_VALUE - 7,
    Long.MAX_VALUE,
    Long.MIN_VALUE,
    -1,
    -2
  };

  private static final String[] ODD_WORDS = {
    "-1",
    "0",
    "1",
    "2",
    "3",
    "1.5",
    "1e3",
    "1e308",
    "1e400",
    "-0",
    "2147483647",
    "2147483648",
    "9223372036854775807",
    "9223372036854775808",
    "1e-400",
    "NaN",
    "Infinity",
    "true",
    "false",
    "null",
    "\"3\"",
    "\"\"",
    "[]",
    "{}",
    "[[1]]",
    "\"\\ud800\"",
    "\"\\u0000\"",
    "\"../../x\"",
    "\"/\"",
    "\"\\n\"",
    "",
    "9".repeat(400),
    "\"" + "a".repeat(3000) + "\""
  };

  private static final String[] ODD_YAML = {
    "&a [*a]",
    "*nothing",
    "!!java.lang.Object {}",
    "? x",
    "- - -",
    "\t",
    "{",
    "[",
    "|",
    ">",
    "~",
    "<<: *x",
    "1_000",
    "0x10",
    "2001-01-01",
    ".nan",
    ".inf",
    "yes",
    "%",
    "@",
    "`",
    "---",
    "..."
  };

  private static final String[] ODD_LINES = {
    "", "\u0000", "\u202e", "\ud83d\ude00", "\\", "%s%n", "a".repeat(5000), "\ufeff", "  ", "\r"
  };

  /** Opcodes of pickles that run code, build objects, jump or take a length. */
  private static final int[] OPCODES = {
    'R', 'b', 'c', 'i', 'o', 0x81, 0x92, 0x93, 'P', 'Q', 0x82, 0x84, 'B', 'C', 'X', 0x8d, 0x8e, 'T',
    'U', 'h', 'j', 'q', 'r', 0x94, 0x95, '(', 't', '0', '1', '2', '.', 'd', 'l', 'N', 'I', 'L', 'F',
    0x8a, 0x8b, 0x80, 0x96, 0x97, 0x98, 'e', 'a', 'u', 's', '}', ']', ')'
  };

  private static final Pattern TOKEN =
      Pattern.compile(
          "\"[^\"\\\\]*+(?:\\\\.[^\"\\\\]*+)*+\"|-?[0-9][0-9.eE+-]*|true|false|null|[{}\\[\\],:]");

  private Mutations() {}

  /** A damaged copy: one to three changes, of which most fit the form. */
  static byte[] damaged(byte[] sound, Form form, SplittableRandom random) {
    byte[] b = sound;
    for (int i = random.nextInt(1, 4); i > 0; i--) {
      b = random.nextInt(4) == 0 || b.length < 16 ? bytes(b, random) : fitting(b, form, random);
    }
    return b;
  }

  private static byte[] fitting(byte[] b, Form form, SplittableRandom random) {
    return switch (form) {
      case SAFETENSORS -> safetensors(b, random);
      case TORCH -> torch(b, random);
      case PNG -> png(b, random);
      case JSON -> utf8(words(text(b), ODD_WORDS, random));
      case YAML -> utf8(random.nextBoolean() ? yaml(text(b), random) : lines(text(b), random));
      case LINES -> utf8(lines(text(b), random));
      case BYTES -> bytes(b, random);
    };
  }

  /** Without any knowledge: cut, grown, flipped, overwritten, moved. */
  private static byte[] bytes(byte[] b, SplittableRandom random) {
    if (b.length == 0) {
      return new byte[random.nextInt(20)];
    }
    int at = random.nextInt(b.length);
    byte[] out = b.clone();
    switch (random.nextInt(7)) {
      case 0 -> out = Arrays.copyOf(b, at);
      case 1 -> out = Arrays.copyOf(b, b.length + random.nextInt(1, 100));
      case 2 -> out[at] ^= (byte) (1 << random.nextInt(8));
      case 3 -> out[at] = (byte) random.nextInt(256);
      case 4 -> number(out, at, random);
      case 5 -> {
        int to = Math.min(b.length, at + random.nextInt(1, 64));
        out = concat(Arrays.copyOf(b, at), Arrays.copyOfRange(b, to, b.length));
      }
      default -> {
        int from = random.nextInt(b.length);
        int n = Math.min(random.nextInt(1, 64), b.length - Math.max(at, from));
        System.arraycopy(b, from, out, at, n);
      }
    }
    return out;
  }

  /** An odd number of two, four or eight bytes. */
  private static void number(byte[] b, int at, SplittableRandom random) {
    long odd = ODD_NUMBERS[random.nextInt(ODD_NUMBERS.length)] + random.nextInt(-1, 2);
    ByteBuffer eight = ByteBuffer.allocate(8);
    eight.order(random.nextInt(4) == 0 ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN);
    byte[] value = eight.putLong(odd).array();
    int n = Math.min(2 << random.nextInt(3), b.length - at);
    System.arraycopy(value, 0, b, at, n);
  }

  private static byte[] safetensors(byte[] b, SplittableRandom random) {
    long length = ByteBuffer.wrap(b).order(ByteOrder.LITTLE_ENDIAN).getLong();
    if (random.nextInt(5) == 0 || length < 2 || length > b.length - 8) {
      byte[] out = b.clone();
      number(out, 0, random);
      return out;
    }
    String header = new String(b, 8, (int) length, StandardCharsets.UTF_8);
    byte[] changed = utf8(words(header, ODD_WORDS, random));
    byte[] own =
        ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(changed.length).array();
    return concat(concat(own, changed), Arrays.copyOfRange(b, 8 + (int) length, b.length));
  }

  /** A field of a zip record, or an instruction of the pickle. */
  private static byte[] torch(byte[] b, SplittableRandom random) {
    byte[] out = b.clone();
    List<Integer> records = new ArrayList<>();
    for (int i = 0; i + 4 < b.length; i++) {
      if (b[i] == 'P' && b[i + 1] == 'K' && b[i + 2] <= 8 && b[i + 3] <= 8) {
        records.add(i);
      }
    }
    if (!records.isEmpty() && random.nextBoolean()) {
      int at = records.get(random.nextInt(records.size())) + random.nextInt(60);
      number(out, Math.min(at, b.length - 1), random);
      return out;
    }
    int pickle = Math.max(0, indexOf(b, new byte[] {(byte) 0x80, 2}));
    int at = Math.min(b.length - 1, pickle + random.nextInt(400));
    if (random.nextBoolean()) {
      out[at] = (byte) OPCODES[random.nextInt(OPCODES.length)];
    } else {
      number(out, at, random);
    }
    return out;
  }

  private static int indexOf(byte[] b, byte[] part) {
    for (int i = 0; i + part.length <= b.length; i++) {
      if (Arrays.equals(b, i, i + part.length, part, 0, part.length)) {
        return i;
      }
    }
    return -1;
  }

  /** A byte or number within a chunk, whose checksum is then made right. */
  private static byte[] png(byte[] b, SplittableRandom random) {
    List<Integer> chunks = new ArrayList<>();
    ByteBuffer whole = ByteBuffer.wrap(b);
    for (int at = 8; at + 12 <= b.length; ) {
      chunks.add(at);
      int length = whole.getInt(at);
      if (length < 0 || length > b.length - at - 12) {
        break;
      }
      at += length + 12;
    }
    if (chunks.isEmpty()) {
      return bytes(b, random);
    }
    int at = chunks.get(random.nextInt(3) == 0 ? random.nextInt(chunks.size()) : 0);
    int length = whole.getInt(at);
    if (length < 1 || length > b.length - at - 12) {
      return bytes(b, random);
    }
    byte[] out = b.clone();
    int field = at + 8 + random.nextInt(Math.min(length, 20));
    if (random.nextBoolean()) {
      out[field] = (byte) random.nextInt(256);
    } else {
      number(out, field, random);
    }
    CRC32 crc = new CRC32();
    crc.update(out, at + 4, length + 4);
    ByteBuffer.wrap(out).putInt(at + 8 + length, (int) crc.getValue());
    return out;
  }

  /** A token of JSON replaced, dropped, doubled, nested or exchanged with another. */
  private static String words(String text, String[] odd, SplittableRandom random) {
    List<int[]> tokens = new ArrayList<>();
    Matcher m = TOKEN.matcher(text);
    while (m.find()) {
      tokens.add(new int[] {m.start(), m.end()});
    }
    if (tokens.isEmpty()) {
      return odd[random.nextInt(odd.length)] + text;
    }
    int[] t = tokens.get(random.nextInt(tokens.size()));
    String own = text.substring(t[0], t[1]);
    int[] other = tokens.get(random.nextInt(tokens.size()));
    String now =
        switch (random.nextInt(6)) {
          case 0, 1 -> odd[random.nextInt(odd.length)];
          case 2 -> "";
          case 3 -> own + "," + own;
          case 4 -> "[".repeat(1 << random.nextInt(12)) + own;
          default -> text.substring(other[0], other[1]);
        };
    return text.substring(0, t[0]) + now + text.substring(t[1]);
  }

  private static String yaml(String text, SplittableRandom random) {
    return words(text.replace("\t", " "), random.nextBoolean() ? ODD_YAML : ODD_WORDS, random);
  }

  private static String lines(String text, SplittableRandom random) {
    List<String> lines = new ArrayList<>(List.of(text.split("\n", -1)));
    int at = random.nextInt(lines.size());
    String line = lines.get(at);
    String odd = ODD_LINES[random.nextInt(ODD_LINES.length)];
    switch (random.nextInt(6)) {
      case 0 -> lines.remove(at);
      case 1 -> lines.add(at, line);
      case 2 -> lines.set(at, " ".repeat(random.nextInt(9)) + line.strip());
      case 3 -> lines.set(at, odd);
      case 4 -> lines.set(at, line + odd);
      default -> lines.set(at, line.substring(0, random.nextInt(line.length() + 1)));
    }
    return String.join("\n", lines);
  }

  private static String text(byte[] b) {
    return new String(b, StandardCharsets.UTF_8);
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] concat(byte[] a, byte[] b) {
    byte[] out = Arrays.copyOf(a, a.length + b.length);
    System.arraycopy(b, 0, out, a.length, b.length);
    return out;
  }
}
