package io.scalekv.experiment;

import io.scalekv.metrics.Bootstrap;
import io.scalekv.metrics.Holm;
import io.scalekv.metrics.Interval;
import io.scalekv.metrics.Metric;
import io.scalekv.metrics.Wilcoxon;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Which policy is better than which: every two runs with the same budget and the same images,
 * prompt by prompt (the mean over a prompt's seeds), by Wilcoxon's signed-rank test, two-sided,
 * with Holm's correction over the whole table.
 *
 * @param metric what is compared
 * @param pairs every two runs of one budget, in the order of the runs
 */
public record Comparison(Metric metric, List<Pair> pairs) {
  /**
   * One comparison.
   *
   * @param a id of one run
   * @param b id of the other
   * @param labelA label of one
   * @param labelB label of the other
   * @param budget what {@link Run.Policy#equalBudget} says of both
   * @param prompts number of pairs of values
   * @param different how many of them differ
   * @param difference mean of a − b over prompts with its 95 % interval; infinite values left out
   * @param wPlus sum of the ranks where a is higher
   * @param p p-value of the test
   * @param pHolm after Holm's correction
   * @param better 1 if a is better at {@code pHolm < 0.05}, −1 if b is, else 0
   */
  public record Pair(
      String a,
      String b,
      String labelA,
      String labelB,
      String budget,
      int prompts,
      int different,
      Interval difference,
      double wPlus,
      double p,
      double pHolm,
      int better) {}

  private static final double LEVEL = 0.05;

  /** A run with its label and values, one a prompt. */
  private record Entry(String id, String label, Run run, double[] values) {}

  /** Two runs with the test of their values. */
  private record Tested(Entry a, Entry b, Wilcoxon.Result test) {
    Pair pair(double corrected, Metric metric) {
      int higher = metric.higherIsBetter() ? test.higher() : -test.higher();
      return new Pair(
          a.id(),
          b.id(),
          a.label(),
          b.label(),
          a.run().policy().equalBudget(),
          a.values().length,
          test.n(),
          Bootstrap.withSeed(0).difference(a.values(), b.values()),
          test.wPlus(),
          test.p(),
          corrected,
          corrected >= LEVEL ? 0 : higher);
    }
  }

  /** Copies the list. */
  public Comparison {
    pairs = List.copyOf(pairs);
  }

  /**
   * Compares the runs of a result folder; those that did not measure the metric are left out.
   *
   * @throws IllegalArgumentException for a metric of sets or of captions
   */
  public static Comparison of(Results results, Metric metric) {
    Map<String, String> labels = new LinkedHashMap<>();
    results.file().toldApart().forEach(r -> labels.putIfAbsent(r.id(), r.label()));
    List<RunResult> runs =
        labels.keySet().stream().map(results.runs()::get).filter(Objects::nonNull).toList();
    return of(runs, labels, metric);
  }

  /**
   * Compares runs.
   *
   * @param labels by id
   */
  public static Comparison of(List<RunResult> runs, Map<String, String> labels, Metric metric) {
    if (!Metrics.isCompared(metric)) {
      throw new IllegalArgumentException(
          "a comparison needs a metric of single images, got " + metric.key());
    }
    Map<List<Object>, List<Entry>> groups = new LinkedHashMap<>();
    for (RunResult r : runs) {
      boolean full = r.run().policy().budget() == null;
      if (r.run().kind() == Run.Kind.POLICY && !full && r.run().metrics().contains(metric.key())) {
        Entry entry =
            new Entry(
                r.id(), labels.getOrDefault(r.id(), r.id()), r.run(), r.byPrompt(metric.key()));
        groups.computeIfAbsent(shared(r.run()), g -> new ArrayList<>()).add(entry);
      }
    }
    List<Tested> tests = new ArrayList<>();
    for (List<Entry> group : groups.values()) {
      for (int i = 0; i < group.size(); i++) {
        for (int j = i + 1; j < group.size(); j++) {
          Entry a = group.get(i);
          Entry b = group.get(j);
          double[] differences = Wilcoxon.differences(a.values(), b.values());
          tests.add(new Tested(a, b, Wilcoxon.test(differences)));
        }
      }
    }
    double[] corrected = Holm.adjust(tests.stream().mapToDouble(t -> t.test().p()).toArray());
    List<Pair> pairs = new ArrayList<>();
    for (int i = 0; i < corrected.length; i++) {
      pairs.add(tests.get(i).pair(corrected[i], metric));
    }
    return new Comparison(metric, pairs);
  }

  /** Returns what two runs must share to be compared. */
  private static List<Object> shared(Run c) {
    Run.Policy p = c.policy();
    return Arrays.asList(
        c.model(),
        c.generation(),
        c.prompts(),
        p.equalBudget(),
        p.unconditionalTokens(),
        p.keyType(),
        p.valueType(),
        p.cfgUntil());
  }
}
