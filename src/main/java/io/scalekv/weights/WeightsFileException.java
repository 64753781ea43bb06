package io.scalekv.weights;

import io.scalekv.io.JsonStream;
import io.scalekv.io.TextFile;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** Failure to read or write a weights file; the message is one line that begins with the file. */
public final class WeightsFileException extends IllegalArgumentException {
  private static final long serialVersionUID = 1L;
  private static final int LONGEST_QUOTE = 120;

  private WeightsFileException(String message, Throwable cause) {
    super(message, cause);
  }

  /** Returns {@code file: problem}. */
  static WeightsFileException in(Path file, String problem) {
    return new WeightsFileException(file + ": " + problem, null);
  }

  /** Returns {@code file: subject must be condition, got value}. */
  static WeightsFileException in(Path file, String subject, Object condition, Object got) {
    return in(file, subject + " must be " + condition + ", got " + got);
  }

  /** Returns the maker of exceptions about a JSON text in a file. */
  static JsonStream.Refusal refusal(Path file, String subject) {
    return (condition, got) -> in(file, subject, condition, got);
  }

  /** Throws {@link #in(Path, String, Object, Object)} unless the condition holds. */
  static void require(boolean holds, Path file, String subject, Object condition, Object got) {
    if (!holds) {
      throw in(file, subject, condition, got);
    }
  }

  /** Returns {@code file: doing: reason}, the reason taken from a failed file operation. */
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

  /** Checks that an unsigned number is at most {@code most}. */
  static void atMost(long most, Path file, String subject, long value) {
    if (most < 0 || Long.compareUnsigned(value, most) > 0) {
      throw in(file, subject, "at most " + most, Long.toUnsignedString(value));
    }
  }

  /** Returns {@code tensor "name"}. */
  static String tensor(String name) {
    return "tensor " + quote(name);
  }

  /** Quotes and shortens a name from a file, without its control characters. */
  static String quote(String name) {
    return '"' + oneLine(name) + '"';
  }

  /** Shortens a text; line breaks and unseen characters become escapes. */
  static String oneLine(String text) {
    String cut =
        text.length() <= LONGEST_QUOTE
            ? text
            : text.substring(0, LONGEST_QUOTE) + "… (" + text.length() + " characters)";
    return TextFile.visible(cut);
  }
}
