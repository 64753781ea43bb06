package io.scalekv.experiment;

import io.scalekv.io.AtomicFile;
import io.scalekv.io.CanonicalJson;
import io.scalekv.io.CheckedJson;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * A cell that failed, the file {@code cells/ID.failed.json}. The next run tries it again.
 *
 * @param id of the cell
 * @param cell what was asked
 * @param error what went wrong, one line
 * @param started when it began, ISO 8601 in UTC
 */
public record CellFailure(String id, Cell cell, String error, String started) {
  /** Writes it, whole or not at all. */
  public void write(Path file) throws IOException {
    String text = CanonicalJson.write(CheckedJson.MAPPER.valueToTree(this));
    AtomicFile.write(file, text.getBytes(StandardCharsets.UTF_8));
  }

  /** Reads it. */
  public static CellFailure read(Path file) throws IOException {
    String name = file.toString();
    return CheckedJson.bind(
        CheckedJson.parse(CheckedJson.text(file), name), CellFailure.class, name);
  }
}
