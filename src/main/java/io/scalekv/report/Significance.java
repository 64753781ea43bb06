package io.scalekv.report;

import io.scalekv.experiment.Comparison;
import io.scalekv.experiment.Metrics;
import io.scalekv.experiment.Results;
import io.scalekv.experiment.Run;
import io.scalekv.experiment.RunResult;
import io.scalekv.metrics.Metric;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Significant differences between the policies of a table, after Holm's correction over the table.
 *
 * @param numbers numbers of the rows, by id
 * @param better numbers of the rows that a row is better than, by metric and id
 * @param rivals number of rows that a row was compared with, by metric and id
 * @param comparisons all tests
 */
record Significance(
    Map<String, Integer> numbers,
    Map<String, Map<String, Set<Integer>>> better,
    Map<String, Map<String, Integer>> rivals,
    List<Comparison> comparisons) {
  /** Compares all runs by every metric of image pairs. */
  static Significance of(Results results) {
    Map<String, Integer> numbers = new LinkedHashMap<>();
    results.file().rows().forEach(r -> numbers.putIfAbsent(r.id(), numbers.size() + 1));
    Map<String, Map<String, Set<Integer>>> better = new LinkedHashMap<>();
    Map<String, Map<String, Integer>> rivals = new LinkedHashMap<>();
    List<Comparison> comparisons = new ArrayList<>();
    for (Metric metric : Metrics.all()) {
      if (!Metrics.isCompared(metric) || !everywhere(results, metric)) {
        continue;
      }
      Comparison c = Comparison.of(results, metric);
      comparisons.add(c);
      Map<String, Set<Integer>> wins = new LinkedHashMap<>();
      Map<String, Integer> met = new LinkedHashMap<>();
      for (Comparison.Pair p : c.pairs()) {
        met.merge(p.a(), 1, Integer::sum);
        met.merge(p.b(), 1, Integer::sum);
        if (p.better() != 0) {
          String winner = p.better() > 0 ? p.a() : p.b();
          String loser = p.better() > 0 ? p.b() : p.a();
          wins.computeIfAbsent(winner, id -> new TreeSet<>()).add(numbers.get(loser));
        }
      }
      better.put(metric.key(), wins);
      rivals.put(metric.key(), met);
    }
    return new Significance(numbers, better, rivals, comparisons);
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
    Set<Integer> beaten = better.getOrDefault(metric, Map.of()).getOrDefault(id, Set.of());
    if (beaten.isEmpty()) {
      return "";
    }
    int met = rivals.get(metric).get(id);
    return met > 1 && beaten.size() == met
        ? " > all"
        : " > " + beaten.stream().map(String::valueOf).collect(Collectors.joining(", "));
  }
}
