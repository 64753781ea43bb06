package io.scalekv.report;

import io.scalekv.experiment.Comparison;
import io.scalekv.experiment.Metrics;
import io.scalekv.experiment.Results;
import io.scalekv.experiment.Run;
import io.scalekv.experiment.RunResult;
import io.scalekv.metrics.Metric;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Significant differences between the policies of a table, after Holm's correction over the table.
 *
 * @param numbers numbers of the rows, by id
 * @param comparisons all tests, by metric
 */
record Significance(Map<String, Integer> numbers, List<Comparison> comparisons) {
  /** Compares all runs by every metric of image pairs. */
  static Significance of(Results results) {
    Map<String, Integer> numbers = new LinkedHashMap<>();
    results.file().rows().forEach(r -> numbers.putIfAbsent(r.id(), numbers.size() + 1));
    return new Significance(
        numbers,
        Metrics.all().stream()
            .filter(m -> Metrics.isCompared(m) && everywhere(results, m))
            .map(m -> Comparison.of(results, m))
            .toList());
  }

  /** Returns whether some run has the metric, and every run that asks for it has all its values. */
  private static boolean everywhere(Results results, Metric metric) {
    boolean some = false;
    for (RunResult r : results.runs().values()) {
      if (r.run().kind() == Run.Kind.POLICY && r.run().metrics().contains(metric.key())) {
        if (r.images().isEmpty()
            || r.images().stream().anyMatch(i -> i.value(metric.key()) == null)) {
          return false;
        }
        some = true;
      }
    }
    return some;
  }

  /** Returns the marks of a value, such as {@code > 2, 5}, or nothing. */
  String marks(String metric, String id) {
    List<Comparison.Pair> met =
        comparisons.stream()
            .filter(c -> c.metric().key().equals(metric))
            .flatMap(c -> c.pairs().stream())
            .filter(p -> p.a().equals(id) || p.b().equals(id))
            .toList();
    List<Integer> beaten =
        met.stream()
            .filter(p -> p.better() == (p.a().equals(id) ? 1 : -1))
            .map(p -> numbers.get(p.a().equals(id) ? p.b() : p.a()))
            .sorted()
            .toList();
    if (beaten.isEmpty()) {
      return "";
    }
    return met.size() > 1 && beaten.size() == met.size()
        ? " > all"
        : " > " + beaten.stream().map(String::valueOf).collect(Collectors.joining(", "));
  }
}
