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
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.BiConsumer;

/**
 * Comparison of policies: every two runs with the same images and the same budget, and every two
 * that differ in number format, guidance or split of the budget and whose peaks of stored bytes
 * differ by at most 2 %; prompt by prompt (the mean over a prompt's seeds), by Wilcoxon's
 * signed-rank test, two-sided, with Holm's correction over the whole table.
 *
 * @param metric what is compared
 * @param pairs every two runs of one budget, in the order of the runs; then those of equal bytes
 */
public record Comparison(Metric metric, List<Pair> pairs) {
  /**
   * One comparison.
   *
   * @param a id of one run
   * @param b id of the other
   * @param labelA label of one
   * @param labelB label of the other
   * @param budget what {@link Run.Policy#equalBudget} says of both, or the peak of the larger, such
   *     as {@code 17.2 MiB peak}
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

  /** Largest difference of two peaks that count as equal, as a share of the larger. */
  private static final double EQUAL_BYTES = 0.02;

  /** A run with its label, its peak of stored bytes and its values, one a prompt. */
  private record Entry(String id, String label, Run run, long peakBytes, double[] values) {
    private boolean equalBytes(Entry other) {
      long more = Math.max(peakBytes, other.peakBytes);
      return peakBytes > 0
          && other.peakBytes > 0
          && Math.abs(peakBytes - other.peakBytes) <= EQUAL_BYTES * more
          && images(run).equals(images(other.run));
    }
  }

  /** Two runs with the test of their values. */
  private record Tested(Entry a, Entry b, String budget, Wilcoxon.Result test) {
    static Tested of(Entry a, Entry b, String budget) {
      return new Tested(a, b, budget, Wilcoxon.test(Wilcoxon.differences(a.values(), b.values())));
    }

    Pair pair(double corrected, Metric metric) {
      int higher = metric.higherIsBetter() ? test.higher() : -test.higher();
      return new Pair(
          a.id(),
          b.id(),
          a.label(),
          b.label(),
          budget,
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
    List<Entry> all = new ArrayList<>();
    for (RunResult r : runs) {
      boolean full = r.run().policy().budget() == null;
      if (r.run().kind() == Run.Kind.POLICY && !full && r.run().metrics().contains(metric.key())) {
        RunResult.Memory m = r.memory();
        long peak = m == null || m.peakKvBytes() == null ? 0 : m.peakKvBytes();
        String label = labels.getOrDefault(r.id(), r.id());
        all.add(new Entry(r.id(), label, r.run(), peak, r.byPrompt(metric.key())));
      }
    }
    Map<List<Object>, List<Entry>> groups = new LinkedHashMap<>();
    all.forEach(e -> groups.computeIfAbsent(shared(e.run()), g -> new ArrayList<>()).add(e));
    List<Tested> tests = new ArrayList<>();
    for (List<Entry> group : groups.values()) {
      pairs(group, (a, b) -> tests.add(Tested.of(a, b, a.run().policy().equalBudget())));
    }
    pairs(
        all,
        (a, b) -> {
          if (a.equalBytes(b) && !form(a.run()).equals(form(b.run()))) {
            double mib = Math.max(a.peakBytes(), b.peakBytes()) / (double) (1 << 20);
            tests.add(Tested.of(a, b, String.format(Locale.ROOT, "%.1f MiB peak", mib)));
          }
        });
    double[] corrected = Holm.adjust(tests.stream().mapToDouble(t -> t.test().p()).toArray());
    List<Pair> pairs = new ArrayList<>();
    for (int i = 0; i < corrected.length; i++) {
      pairs.add(tests.get(i).pair(corrected[i], metric));
    }
    return new Comparison(metric, pairs);
  }

  private static void pairs(List<Entry> entries, BiConsumer<Entry, Entry> use) {
    for (int i = 0; i < entries.size(); i++) {
      for (int j = i + 1; j < entries.size(); j++) {
        use.accept(entries.get(i), entries.get(j));
      }
    }
  }

  /** Returns what runs of the same images share. */
  private static List<Object> images(Run c) {
    return List.of(c.model(), c.generation(), c.prompts());
  }

  /** Returns what runs of one budget share. */
  private static List<Object> shared(Run c) {
    return List.of(images(c), c.policy().equalBudget(), form(c));
  }

  /** Returns number formats, guidance and split of the budget. */
  private static List<Object> form(Run c) {
    Run.Policy p = c.policy();
    return Arrays.asList(p.unconditionalTokens(), p.keyType(), p.valueType(), p.cfgUntil());
  }
}
