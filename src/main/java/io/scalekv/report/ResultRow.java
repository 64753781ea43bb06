package io.scalekv.report;

import io.scalekv.experiment.Cell;
import io.scalekv.experiment.CellResult;
import io.scalekv.experiment.ExperimentFile;
import io.scalekv.experiment.Results;
import java.util.List;

/**
 * Row of an experiment with its result.
 *
 * @param number from 1, in the order of the file
 * @param row group, label and id
 * @param result the result, or null
 * @param error reason that there is none, or null
 */
record ResultRow(int number, ExperimentFile.Row row, CellResult result, String error) {
  /** Text of a run that is missing. */
  static final String MISSING = "not run";

  /** Returns all rows; a run in several of them has the number of its first. */
  static List<ResultRow> of(Results results) {
    List<String> ids =
        results.file().rows().stream().map(ExperimentFile.Row::id).distinct().toList();
    return results.file().toldApart().stream()
        .map(
            r ->
                new ResultRow(
                    ids.indexOf(r.id()) + 1,
                    r,
                    results.cells().get(r.id()),
                    results.cells().containsKey(r.id())
                        ? null
                        : results.failures().getOrDefault(r.id(), MISSING)))
        .toList();
  }

  /** Returns the run, or null where there is no result. */
  Cell cell() {
    return result == null ? null : result.cell();
  }

  /** Returns whether it is a policy with a budget and has a result. */
  boolean cuts() {
    return result != null
        && cell().kind() != Cell.Kind.OTHER_SEED
        && cell().kind() != Cell.Kind.DISTORTION
        && cell().policy().budget() != null;
  }

  /** Returns whether it is a ruler: the same seed, another seed or a known distortion. */
  boolean ruler() {
    return result != null && !cuts();
  }

  /** The label without the budget, by which the rows of one policy belong together. */
  String series() {
    return row.series();
  }
}
