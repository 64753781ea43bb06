package io.scalekv.scene;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Prompt files: UTF-8, one prompt a line, blank lines and lines that start with {@code #} skipped.
 */
public final class PromptFile {
  /** The longest prompt, in characters. */
  public static final int MAX_LENGTH = 2000;

  private static final String BYTE_ORDER_MARK = "\uFEFF";

  private PromptFile() {}

  /**
   * The prompts of a file in its order, without surrounding spaces. Repeated prompts stay.
   *
   * @return at least one prompt
   * @throws IllegalArgumentException if there is no such file, a line is not UTF-8 or longer than
   *     {@link #MAX_LENGTH}, or no prompt is in it; the message names file and line
   * @throws UncheckedIOException if the file cannot be read for another reason
   */
  public static List<String> read(Path file) {
    if (!Files.isRegularFile(file)) {
      throw new IllegalArgumentException("prompt file " + file + ": no such file");
    }
    byte[] bytes;
    try {
      bytes = Files.readAllBytes(file);
    } catch (IOException e) {
      throw new UncheckedIOException("prompt file " + file + ": " + e.getMessage(), e);
    }
    List<String> prompts = new ArrayList<>();
    int number = 0;
    int start = 0;
    while (start < bytes.length) {
      int end = start;
      while (end < bytes.length && bytes[end] != '\n') {
        end++;
      }
      number++;
      String line = decode(bytes, start, end, file, number);
      if (number == 1 && line.startsWith(BYTE_ORDER_MARK)) {
        line = line.substring(1);
      }
      line = line.strip();
      if (line.length() > MAX_LENGTH) {
        throw new IllegalArgumentException(
            "prompt file "
                + file
                + ", line "
                + number
                + ": at most "
                + MAX_LENGTH
                + " characters expected, got "
                + line.length());
      }
      if (!line.isEmpty() && !line.startsWith("#")) {
        prompts.add(line);
      }
      start = end + 1;
    }
    if (prompts.isEmpty()) {
      throw new IllegalArgumentException(
          "prompt file "
              + file
              + ": at least one prompt expected, got "
              + number
              + " lines that are blank or comments");
    }
    return List.copyOf(prompts);
  }

  private static String decode(byte[] bytes, int start, int end, Path file, int number) {
    try {
      return StandardCharsets.UTF_8
          .newDecoder()
          .decode(ByteBuffer.wrap(bytes, start, end - start))
          .toString();
    } catch (CharacterCodingException e) {
      throw new IllegalArgumentException(
          "prompt file " + file + ", line " + number + ": UTF-8 text expected, got other bytes", e);
    }
  }
}
