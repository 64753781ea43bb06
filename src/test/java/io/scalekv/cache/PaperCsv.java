package io.scalekv.cache;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Rows of the paper's tables, without the header. */
public final class PaperCsv {
  private PaperCsv() {}

  /** The runs of each row of a file beside this class. */
  public static List<List<String>> rows(String name) {
    try (InputStream in = PaperCsv.class.getResourceAsStream(name)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8)
          .lines()
          .skip(1)
          .map(line -> List.of(line.split(",", -1)))
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
