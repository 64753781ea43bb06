package io.scalekv.io;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Text file of unknown origin: UTF-8 with or without a byte order mark, lines that end with LF,
 * CRLF or CR. All text that a user gives is read here; what a message quotes of it is {@link
 * #visible}.
 */
public final class TextFile {
  /** Most bytes of a file. */
  public static final long LARGEST = 64L << 20;

  private static final char BYTE_ORDER_MARK = '\uFEFF';

  private TextFile() {}

  /**
   * Checks that a path leads to a file that can be read.
   *
   * @param subject option or part that names the path
   * @return the path
   * @throws IllegalArgumentException with the kind of what is there instead
   */
  public static Path require(String subject, Path file) {
    Require.that(
        Files.isRegularFile(file), "%s must be a file, got %s: %s", subject, file, kind(file));
    return file;
  }

  /** Returns what is at a path that is no file. */
  public static String kind(Path path) {
    if (Files.isDirectory(path)) {
      return "a folder";
    } else if (Files.exists(path)) {
      return "a pipe or device";
    }
    return Files.isSymbolicLink(path) && Files.exists(path, LinkOption.NOFOLLOW_LINKS)
        ? "a link that leads nowhere"
        : "no such file";
  }

  /**
   * Returns the text of a file without its byte order mark.
   *
   * @throws IllegalArgumentException if it is no file, larger than {@link #LARGEST} or not UTF-8;
   *     the message names file and line
   */
  public static String read(Path file) {
    Require.that(Files.isRegularFile(file), "%s must be a file, got %s", file, kind(file));
    try {
      long size = Files.size(file);
      Require.that(size <= LARGEST, "%s must be at most %d bytes, got %d", file, LARGEST, size);
      return decode(Files.readAllBytes(file), file.toString());
    } catch (IOException e) {
      throw new UncheckedIOException(file + ": " + e.getMessage(), e);
    }
  }

  /** Returns the text of a resource beside a class, if there is one. */
  public static Optional<String> resource(Class<?> type, String name) {
    try (InputStream in = type.getResourceAsStream(name)) {
      return in == null ? Optional.empty() : Optional.of(decode(in.readAllBytes(), name));
    } catch (IOException e) {
      throw new UncheckedIOException("resource " + name + ": " + e.getMessage(), e);
    }
  }

  /** Returns the text of bytes without its byte order mark; {@code name} is for messages. */
  public static String decode(byte[] bytes, String name) {
    CharsetDecoder utf8 = StandardCharsets.UTF_8.newDecoder();
    CharBuffer text = CharBuffer.allocate(bytes.length);
    boolean wrong = utf8.decode(ByteBuffer.wrap(bytes), text, true).isError();
    String read = text.flip().toString();
    int end = read.indexOf('\0');
    if (wrong || end >= 0) {
      boolean wide =
          bytes.length > 1 && (bytes[0] & 0xff ^ bytes[1] & 0xff) == 1 && (bytes[0] & 0xfe) == 0xfe;
      long line = lines((end < 0 ? read : read.substring(0, end)) + "x").size();
      throw new IllegalArgumentException(
          "%s, line %d must be UTF-8 text, got %s"
              .formatted(
                  name,
                  line,
                  wide ? "UTF-16" : FileKind.of(bytes).map(FileKind::label).orElse("other bytes")));
    }
    return withoutMark(read);
  }

  /** Returns the text without a byte order mark at its start. */
  public static String withoutMark(String text) {
    return text.isEmpty() || text.charAt(0) != BYTE_ORDER_MARK ? text : text.substring(1);
  }

  /** Returns the lines of a text, blank ones too; they end with LF, CRLF or CR. */
  public static List<String> lines(String text) {
    return text.lines().toList();
  }

  /** Returns the text with characters that nobody sees as escapes such as {@code \u200B}. */
  public static String visible(String text) {
    StringBuilder out = new StringBuilder(text.length());
    text.codePoints()
        .forEach(
            c -> {
              if (isVisible(c)) {
                out.appendCodePoint(c);
              } else {
                for (char half : Character.toChars(c)) {
                  out.append(String.format(Locale.ROOT, "\\u%04X", (int) half));
                }
              }
            });
    return out.toString();
  }

  private static boolean isVisible(int c) {
    return switch (Character.getType(c)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.SURROGATE,
          Character.PRIVATE_USE,
          Character.UNASSIGNED,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR ->
          false;
      case Character.SPACE_SEPARATOR -> c == ' ';
      default -> true;
    };
  }
}
