package io.scalekv.experiment;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * Runs the cells of an experiment, here or on many machines. Finished cells are never redone; a
 * cell that fails leaves a file that says why and does not stop the others. All runners leave the
 * same files.
 */
public interface Runner {
  /**
   * How to run.
   *
   * @param folder of the results
   * @param references folder of the reference images
   * @param images whether to keep the images of every cell
   * @param failFast whether to stop at the first cell that fails
   * @param alone whether no other process writes to these folders: then what killed processes left
   *     half-written is removed
   */
  record Options(Path folder, Path references, boolean images, boolean failFast, boolean alone) {}

  /** What became of a cell. */
  enum Status {
    /** Run now. */
    DONE,
    /** Finished before. */
    FOUND,
    /** Failed now. */
    FAILED,
    /** Without meaning at this budget: below the window or the blocks of the policy. */
    NOT_APPLICABLE,
    /** Not tried: another failed before. */
    LEFT
  }

  /**
   * One cell of the summary.
   *
   * @param id of the cell
   * @param group its group
   * @param label its label
   * @param status what became of it
   * @param error why it failed, or null
   * @param result its result, or null
   */
  record Ended(
      String id, String group, String label, Status status, String error, CellResult result) {}

  /** What came of a run, each different cell once. */
  record Summary(List<Ended> cells) {
    /** Copies the list. */
    public Summary {
      cells = List.copyOf(cells);
    }

    /** How many cells ended so. */
    public int count(Status status) {
      return (int) cells.stream().filter(c -> c.status() == status).count();
    }
  }

  /** Runs what is not finished yet; the summary is in the order of the cells. */
  Summary run(List<Experiment.Planned> cells, RunListener listener) throws IOException;
}
