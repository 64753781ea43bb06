package io.scalekv.cli;

import io.scalekv.io.TextFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import tools.jackson.core.JacksonException;

/**
 * End of a command by an error.
 *
 * @param exitCode {@link #WHILE_WORKING}, {@link #BAD_INPUT} or {@link #STOPPED}
 * @param message one line for the user
 */
record Failure(int exitCode, String message) {
  /** Exit code of a command that failed while working: disk, memory, a fault of the program. */
  static final int WHILE_WORKING = 1;

  /** Exit code of wrong usage and of input that cannot be used. */
  static final int BAD_INPUT = 2;

  /** Most characters of a message; the middle of a longer one is left out. */
  private static final int LONGEST = 1_000;

  private static final int TAIL = 300;

  /** Reasons of failures of the disk that state none. */
  private static final Map<Class<?>, String> REASONS =
      Map.of(
          NoSuchFileException.class, "no such file or folder",
          NotDirectoryException.class, "not a folder",
          AccessDeniedException.class, "no permission",
          FileAlreadyExistsException.class, "exists already");

  /** Exit code of a command that a signal interrupted, as in shells. */
  static final int STOPPED = 130;

  /** Returns the exit code and message of an error, or of its cause where it only wraps one. */
  static Failure of(Throwable error) {
    if (error.getCause() != null
        && (error instanceof UncheckedIOException
            || error instanceof ExecutionException
            || error instanceof CompletionException)) {
      return of(error.getCause());
    }
    if (error instanceof OutOfMemory.Exceeded) {
      return new Failure(WHILE_WORKING, textOf(error));
    }
    if (OutOfMemory.is(error)) {
      return new Failure(WHILE_WORKING, "out of memory: " + textOf(error));
    }
    if (error instanceof CancellationException) {
      return new Failure(STOPPED, textOf(error) + "; finished results are kept");
    }
    if (error instanceof JacksonException json) {
      return new Failure(BAD_INPUT, oneLine(json.getOriginalMessage()));
    }
    if (error instanceof NoSuchFileException || error instanceof NotDirectoryException) {
      return new Failure(BAD_INPUT, disk((FileSystemException) error));
    }
    if (error instanceof FileSystemException disk) {
      return new Failure(WHILE_WORKING, disk(disk));
    }
    if (error instanceof IOException) {
      return new Failure(WHILE_WORKING, textOf(error));
    }
    if (error instanceof IllegalArgumentException) {
      return new Failure(BAD_INPUT, textOf(error));
    }
    return new Failure(
        WHILE_WORKING,
        "unexpected %s: %s (--debug shows where)"
            .formatted(error.getClass().getSimpleName(), textOf(error)));
  }

  /**
   * Joins the lines of a text and leaves out the middle of a long one; unseen characters become
   * escapes.
   */
  static String oneLine(String text) {
    String line = TextFile.visible(text.strip().replaceAll("\\s*\\R\\s*", " ").replace('\t', ' '));
    return line.length() <= LONGEST
        ? line
        : line.substring(0, LONGEST - TAIL) + " … " + line.substring(line.length() - TAIL);
  }

  private static String textOf(Throwable error) {
    String text = error.getMessage();
    if (text == null || text.isBlank()) {
      return error.getClass().getSimpleName();
    }
    return oneLine(text);
  }

  private static String disk(FileSystemException error) {
    String reason = error.getReason();
    if (reason == null) {
      reason = REASONS.getOrDefault(error.getClass(), error.getClass().getSimpleName());
    }
    return oneLine(error.getFile() + ": " + reason);
  }
}
