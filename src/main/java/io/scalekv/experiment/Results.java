package io.scalekv.experiment;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A folder of results in memory.
 *
 * @param file what it is about
 * @param cells finished cells by id, in the order of the file
 * @param failures one line for each failed cell, by id
 */
public record Results(
    ExperimentFile file, Map<String, CellResult> cells, Map<String, String> failures) {
  /**
   * Reads a folder. Cells that are neither finished nor failed are in neither map.
   *
   * @throws IllegalArgumentException for a file that is not what it should be
   */
  public static Results read(Path folder) throws IOException {
    ExperimentFile file = ExperimentFile.read(folder);
    Map<String, CellResult> cells = new LinkedHashMap<>();
    Map<String, String> failures = new LinkedHashMap<>();
    for (ExperimentFile.Row row : file.rows()) {
      Path cell = ExperimentFile.cell(folder, row.id());
      Path failure = ExperimentFile.failure(folder, row.id());
      if (Files.isRegularFile(cell)) {
        cells.computeIfAbsent(row.id(), id -> read(cell, id));
      } else if (Files.isRegularFile(failure)) {
        failures.put(row.id(), CellFailure.read(failure).error());
      }
    }
    return new Results(file, cells, failures);
  }

  private static CellResult read(Path file, String id) {
    try {
      CellResult result = CellJson.read(file);
      if (!result.id().equals(id)) {
        throw new IllegalArgumentException(file + ": cell " + id + " expected, got " + result.id());
      }
      return result;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
