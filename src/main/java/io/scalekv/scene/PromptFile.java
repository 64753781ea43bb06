package io.scalekv.scene;

import io.scalekv.io.Require;
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
 * Prompt file: UTF-8, one prompt per line, without blank lines and lines that start with {@code #}.
 */
public final class PromptFile {
  /** The longest prompt, in characters. */
  public static final int MAX_LENGTH = 2000;

  private static final String BYTE_ORDER_MARK = "\uFEFF";

  private PromptFile() {}

  /**
   * Reads the prompts of a file in its order, repeated ones too, without surrounding spaces.
   *
   * @return at least one prompt
   * @throws IllegalArgumentException if the file is missing or has no prompt, or a line is not
   *     UTF-8 or is longer than {@link #MAX_LENGTH}; the message names file and line
   * @throws UncheckedIOException if the file cannot be read for another reason
   */
  public static List<String> read(Path file) {
    Require.that(Files.isRegularFile(file), "missing prompt file %s", file);
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
      Require.that(
          line.length() <= MAX_LENGTH,
          "prompt file %s, line %d must be at most %d characters, got %d",
          file,
          number,
          MAX_LENGTH,
          line.length());
      if (!line.isEmpty() && !line.startsWith("#")) {
        prompts.add(line);
      }
      start = end + 1;
    }
    Require.that(!prompts.isEmpty(), "missing prompts in %s: it has comments alone", file);
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
          "prompt file " + file + ", line " + number + " must be UTF-8 text, got other bytes", e);
    }
  }
}
