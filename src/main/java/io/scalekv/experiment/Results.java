package io.scalekv.experiment;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;

/**
 * Results of an experiment in memory.
 *
 * @param file the experiment
 * @param runs finished runs by id, in the order of the file
 * @param failures one line for each failed run, by id
 */
public record Results(
    ExperimentFile file, Map<String, RunResult> runs, Map<String, String> failures) {
  /**
   * Reads a folder; see {@link ResultFolder#read}.
   *
   * @throws IllegalArgumentException for a damaged file
   */
  public static Results read(Path folder) throws IOException {
    return new ResultFolder(folder).read();
  }
}
