package io.scalekv.report;

import io.scalekv.experiment.Cell;
import io.scalekv.experiment.CellResult;
import io.scalekv.experiment.ExperimentFile;
import io.scalekv.experiment.Results;
import java.util.List;

/**
 * A row of an experiment with what came of it.
 *
 * @param number from 1, in the order of the file
 * @param row its place
 * @param result what came of it, or null
 * @param error why there is none, or null
 */
record ResultRow(int number, ExperimentFile.Row row, CellResult result, String error) {
  /** What stands for a cell that was not run. */
  static final String MISSING = "not run";

  /** All rows; a cell that stands in several of them has the number of its first. */
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

  /** The cell, or null where there is no result. */
  Cell cell() {
    return result == null ? null : result.cell();
  }

  /** Whether it is a policy that cuts the cache, and has a result. */
  boolean cuts() {
    return result != null
        && cell().kind() != Cell.Kind.OTHER_SEED
        && cell().kind() != Cell.Kind.DISTORTION
        && cell().policy().budget() != null;
  }

  /** Whether it shows what no difference, another seed or a known distortion amounts to. */
  boolean ruler() {
    return result != null && !cuts();
  }

  /** The label without the budget, by which the rows of one policy belong together. */
  String series() {
    String label = row.label();
    if (cuts()) {
      String budget = " at " + cell().policy().budget();
      int at = label.indexOf(budget);
      return at < 0 ? label : label.substring(0, at) + label.substring(at + budget.length());
    }
    return label;
  }
}
