package io.scalekv.report;

import io.scalekv.experiment.ExperimentFile;
import io.scalekv.experiment.Results;
import io.scalekv.experiment.Run;
import io.scalekv.experiment.RunResult;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Row of an experiment with its result.
 *
 * @param number from 1, in the order of the file
 * @param row group, label and id
 * @param result the result, or null
 * @param error reason that there is none, or null
 */
record ResultRow(int number, ExperimentFile.Row row, RunResult result, String error) {
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
                    results.runs().get(r.id()),
                    results.runs().containsKey(r.id())
                        ? null
                        : results.failures().getOrDefault(r.id(), MISSING)))
        .toList();
  }

  /** Returns the finished runs, each in its first row. */
  static List<ResultRow> distinct(Results results) {
    Set<String> seen = new HashSet<>();
    return of(results).stream().filter(r -> r.result() != null && seen.add(r.row().id())).toList();
  }

  /**
   * Returns when the run began.
   *
   * @throws IllegalArgumentException if that is no moment
   */
  Instant started() {
    String text = result.provenance().started();
    try {
      return Instant.parse(text);
    } catch (DateTimeParseException e) {
      throw new IllegalArgumentException(
          "/provenance/started of run %s must be a moment, got %s".formatted(result.id(), text), e);
    }
  }

  /** Returns the run, or null where there is no result. */
  Run run() {
    return result == null ? null : result.run();
  }

  /** Returns whether it is a policy with a budget and has a result. */
  boolean cuts() {
    return result != null
        && run().kind() != Run.Kind.OTHER_SEED
        && run().kind() != Run.Kind.DISTORTION
        && run().policy().budget() != null;
  }

  /** Returns whether it is a ruler: the same seed, another seed or a known distortion. */
  boolean ruler() {
    return result != null && !cuts();
  }

  /** Returns the most bytes that one image held, all branches together, in KiB; NaN if unknown. */
  double peakKib() {
    RunResult.Memory m = result.memory();
    return m == null || m.peakKvBytes() == null ? Double.NaN : m.peakKvBytes() / 1024.0 / m.batch();
  }

  /** The label without the budget, by which the rows of one policy belong together. */
  String series() {
    return row.series();
  }
}
