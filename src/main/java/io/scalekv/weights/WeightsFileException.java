package io.scalekv.weights;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** A weights file cannot be read or written. The message is one line: file, what, expected, got. */
public final class WeightsFileException extends IllegalArgumentException {
  private static final long serialVersionUID = 1L;
  private static final int LONGEST_QUOTE = 120;

  private WeightsFileException(String message, Throwable cause) {
    super(message, cause);
  }

  /** {@code file: problem}. */
  static WeightsFileException in(Path file, String problem) {
    return new WeightsFileException(file + ": " + problem, null);
  }

  /** {@code file: what: expected …, got …}. */
  static WeightsFileException in(Path file, String what, Object expected, Object got) {
    return in(file, what + ": expected " + expected + ", got " + got);
  }

  /** {@code file: doing: reason}, the reason taken from a failed file operation. */
  static WeightsFileException io(Path file, String doing, IOException cause) {
    return new WeightsFileException(file + ": " + doing + ": " + oneLine(reason(cause)), cause);
  }

  private static String reason(IOException cause) {
    if (cause instanceof AccessDeniedException) {
      return "permission denied";
    }
    if (cause instanceof NoSuchFileException) {
      return "no such file or folder";
    }
    String text = cause instanceof FileSystemException f ? f.getReason() : cause.getMessage();
    return text == null ? cause.getClass().getSimpleName() : text;
  }

  /** A name from a file, quoted, shortened and without control characters. */
  static String quote(String name) {
    return '"' + oneLine(name) + '"';
  }

  /** The text shortened, its line breaks and control characters replaced. */
  static String oneLine(String text) {
    String cut =
        text.length() <= LONGEST_QUOTE
            ? text
            : text.substring(0, LONGEST_QUOTE) + "… (" + text.length() + " characters)";
    StringBuilder line = new StringBuilder(cut.length());
    for (int i = 0; i < cut.length(); i++) {
      char c = cut.charAt(i);
      boolean breaks = Character.isISOControl(c) || c == '\u2028' || c == '\u2029';
      line.append(breaks ? '?' : c);
    }
    return line.toString();
  }
}
