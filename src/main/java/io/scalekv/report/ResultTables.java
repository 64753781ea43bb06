package io.scalekv.report;

import io.scalekv.experiment.Comparison;
import io.scalekv.experiment.Results;
import io.scalekv.experiment.Run;
import io.scalekv.experiment.RunResult;
import io.scalekv.io.CanonicalJson;
import io.scalekv.metrics.Interval;
import io.scalekv.metrics.Psnr;
import java.util.ArrayList;
import java.util.Collection;
import java.util.DoubleSummaryStatistics;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiPredicate;
import java.util.function.Function;
import org.apache.commons.statistics.descriptive.Quantile;

/** Tables of one experiment. */
final class ResultTables {
  private static final String MARKS =
      "Means over images with 95 % bootstrap intervals over prompts ([n/a]: one prompt). Bold: best"
          + " of its budget. \"> 2, 5\": better than rows 2 and 5 of the same budget by Wilcoxon's"
          + " signed-rank test over prompts after Holm's correction over the table (p < 0.05);"
          + " \"> all\": than every other. ∞: images identical to those of the full cache, left out"
          + " of the mean.";

  private static final String RULER =
      "A policy at or below \"other seed\" has not kept the image; rankings below it are not"
          + " results.";

  /** Part of the error of a policy that cannot hold a budget. */
  private static final String NOT_APPLICABLE = ": n/a, ";

  private final Results results;
  private final String name;
  private final List<ResultRow> rows;
  private final List<MetricColumn> columns;
  private final List<MetricColumn> compared;
  private final Significance significance;

  private ResultTables(Results results) {
    this.results = results;
    this.name = results.file().name();
    this.rows = ResultRow.of(results);
    this.columns = MetricColumn.of(results);
    this.compared = MetricColumn.compared(columns);
    this.significance = Significance.of(results);
  }

  /** Returns all tables that the results have values for, the main one first. */
  static List<ReportTable> of(Results results) {
    ResultTables t = new ResultTables(results);
    List<ReportTable> tables = new ArrayList<>();
    switch (results.file().kind()) {
      case FIDELITY -> {
        List<MetricColumn> captions = t.columns.stream().filter(MetricColumn::caption).toList();
        tables.add(t.main(t.name, "", t.columns.stream().filter(c -> !c.caption()).toList()));
        if (!captions.isEmpty()) {
          tables.add(t.main(t.name + "-faithfulness", ": faithfulness to the captions", captions));
        }
        t.columns.forEach(c -> t.byBudget(c).ifPresent(tables::add));
        t.bitsByScale().ifPresent(tables::add);
      }
      case LATENCY -> tables.add(t.latency());
      case ATTENTION -> tables.add(t.attention());
      default -> {}
    }
    FrontierView.of(results).map(FrontierView::table).ifPresent(tables::add);
    t.memory().ifPresent(tables::add);
    t.tests().ifPresent(tables::add);
    return tables;
  }

  private String title(String what) {
    return results.file().heading(what);
  }

  /** Nets, failures and missing rows, for the lines below a table. */
  private List<String> notes(Collection<MetricColumn> shown) {
    List<String> notes = new ArrayList<>();
    for (MetricColumn c : shown) {
      if (c.net() != null) {
        notes.add(c.label() + " by the net " + c.net() + ".");
      }
    }
    Set<String> own = new LinkedHashSet<>();
    results.runs().values().forEach(r -> own.addAll(r.notes()));
    notes.addAll(own);
    for (ResultRow r : rows) {
      if (r.error() != null && !r.error().equals(ResultRow.MISSING)) {
        boolean refused = r.error().contains(NOT_APPLICABLE);
        notes.add(r.row().label() + (refused ? ": " : " failed: ") + r.error());
      }
    }
    long missing = rows.stream().filter(r -> r.result() == null).count();
    if (missing > 0) {
      notes.add(missing + " of " + rows.size() + " rows have no result.");
    }
    return notes;
  }

  private static <T> Function<ResultRow, T> of(Function<RunResult, T> value) {
    return r -> r.result() == null ? null : value.apply(r.result());
  }

  private static <T> Function<ResultRow, T> memoryOf(Function<RunResult.Memory, T> value) {
    return of(r -> r.memory() == null ? null : value.apply(r.memory()));
  }

  /** One row per row of the experiment, one column per metric. */
  private ReportTable main(String file, String what, List<MetricColumn> shown) {
    ReportTable.Builder<ResultRow> t =
        ReportTable.of(file, title(what), rows)
            .data("row", ResultRow::number)
            .text("#", ResultRow::number)
            .data("group", r -> r.row().group())
            .data("label", r -> r.row().label())
            .text("row", r -> r.row().label())
            .data("id", r -> r.row().id())
            .data("kind", of(r -> r.run().kind().key()))
            .data("policy", of(r -> r.run().policy().name()))
            .data("budget", of(r -> r.run().policy().budget()))
            .data("budgetTokens", of(r -> r.run().policy().budgetTokens()))
            .data("images", of(r -> r.run().prompts().images()));
    for (MetricColumn c : shown) {
      c.addTo(t, c.metric().column(), of(r -> c.value(r).orElse(null)));
      t.data(c.metric().column() + "N", of(r -> c.value(r).map(Interval::n).orElse(null)));
      if (c.metric() == Psnr.METRIC) {
        t.data("psnrIdentical", of(r -> c.value(r).map(Interval::infinite).orElse(null)));
      }
      t.text(c.head(), r -> cell(c, r, this::sameBudget));
    }
    return t.text("tokens", memoryOf(ResultTables::tokens))
        .text("between scales (MiB)", memoryOf(m -> ReportTable.inMib(m.kvBytes())))
        .text("peak (MiB)", memoryOf(m -> ReportTable.inMib(m.peakKvBytes())))
        .text("% of full", memoryOf(m -> ReportTable.fixed(m.percentOfFull(), 1)))
        .data("error", ResultRow::error)
        .note(MARKS)
        .note(RULER)
        .notes(notes(shown))
        .build();
  }

  private boolean sameBudget(ResultRow a, ResultRow b) {
    return a.run().policy().equalBudget().equals(b.run().policy().equalBudget())
        && a.row().group().equals(b.row().group());
  }

  private String cell(MetricColumn c, ResultRow r, BiPredicate<ResultRow, ResultRow> rivals) {
    if (r.result() == null) {
      boolean missing = r.error().equals(ResultRow.MISSING);
      return missing ? ResultRow.MISSING : r.error().contains(NOT_APPLICABLE) ? null : "failed";
    }
    Optional<Interval> value = c.value(r.result());
    if (value.isEmpty()) {
      return null;
    }
    String text = c.show(value.get());
    String marks = r.cuts() ? significance.marks(c.metric().key(), r.row().id()) : "";
    return (isBest(c, r, value.get(), rivals) ? "**" + text + "**" : text) + marks;
  }

  private boolean isBest(
      MetricColumn c, ResultRow r, Interval value, BiPredicate<ResultRow, ResultRow> rivals) {
    if (!r.cuts() || Double.isNaN(value.ranked()) || !compared.contains(c)) {
      return false;
    }
    double[] theirs =
        rows.stream()
            .filter(o -> o.cuts() && o.number() != r.number() && rivals.test(r, o))
            .mapToDouble(o -> c.value(o.result()).map(Interval::ranked).orElse(Double.NaN))
            .filter(v -> !Double.isNaN(v))
            .toArray();
    for (double v : theirs) {
      if (c.higherIsBetter() ? v > value.ranked() : v < value.ranked()) {
        return false;
      }
    }
    return theirs.length > 0;
  }

  private static String tokens(RunResult.Memory m) {
    return m.tokensBetweenScales() == null
        ? String.valueOf(m.budgetTokens())
        : ReportTable.fixed(m.tokensBetweenScales(), 1).replaceFirst("\\.0$", "");
  }

  /** Returns the column of a budget, such as {@code tokens92}. */
  private static String column(String equalBudget) {
    String[] words = equalBudget.split(" ");
    return words[1] + words[0].replace("%", "");
  }

  /** One row per policy, one column per budget; the rulers below. */
  private Optional<ReportTable> byBudget(MetricColumn c) {
    Map<String, String> budgets = new LinkedHashMap<>();
    Map<String, Map<String, ResultRow>> series = new LinkedHashMap<>();
    Map<String, ResultRow> rulers = new LinkedHashMap<>();
    for (ResultRow r : rows) {
      if (r.result() == null || c.value(r.result()).isEmpty()) {
        continue;
      }
      if (r.cuts()) {
        String equal = r.run().policy().equalBudget();
        String asked = r.run().policy().budget();
        budgets.putIfAbsent(equal, equal.endsWith(" tokens") ? asked + " = " + equal : asked);
        series.computeIfAbsent(r.series(), s -> new LinkedHashMap<>()).putIfAbsent(equal, r);
      } else {
        rulers.putIfAbsent(r.row().label(), r);
      }
    }
    if (budgets.size() < 2 || series.isEmpty()) {
      return Optional.empty();
    }
    List<String> names = new ArrayList<>(series.keySet());
    names.addAll(rulers.keySet());
    ReportTable.Builder<String> t =
        ReportTable.of(name + "-" + c.file(), title(": " + c.label()), names)
            .both("policy", "policy", n -> n);
    budgets.forEach(
        (equal, head) -> {
          Function<String, ResultRow> row = n -> series.getOrDefault(n, Map.of()).get(equal);
          c.addTo(t, column(equal), n -> value(c, row.apply(n)));
          t.text(
              head,
              n ->
                  row.apply(n) == null
                      ? null
                      : "("
                          + row.apply(n).number()
                          + ") "
                          + cell(c, row.apply(n), this::sameBudget));
        });
    if (!rulers.isEmpty()) {
      c.addTo(t, "full", n -> value(c, rulers.get(n)));
      t.text(
              "full cache",
              n -> rulers.containsKey(n) ? cell(c, rulers.get(n), (a, b) -> false) : null)
          .note(
              "Below the policies: the full cache run again with the same seeds, with other seeds,"
                  + " and known distortions of its images. "
                  + RULER);
    }
    return Optional.of(
        t.note(MARKS).note("(1), (2), … number the rows.").notes(notes(List.of(c))).build());
  }

  private static Interval value(MetricColumn c, ResultRow r) {
    return r == null ? null : c.value(r.result()).orElse(null);
  }

  private Optional<ReportTable> bitsByScale() {
    List<ResultRow> with =
        rows.stream()
            .filter(r -> r.result() != null && r.result().bitAgreementByMap() != null)
            .toList();
    if (with.isEmpty()) {
      return Optional.empty();
    }
    ReportTable.Builder<ResultRow> t =
        ReportTable.of(name + "-bits-by-scale", title(": share of equal bits by scale"), with)
            .both("label", "row", r -> r.row().label());
    List<String> maps = with.get(0).run().generation().schedule();
    for (int k = 0; k < maps.size(); k++) {
      int scale = k;
      t.number(
          "scale" + (k + 1),
          "scale " + (k + 1) + " (" + maps.get(k).replace('x', '×') + ")",
          4,
          r -> {
            List<Double> bits = r.result().bitAgreementByMap();
            return scale < bits.size() ? bits.get(scale) : null;
          });
    }
    return Optional.of(t.note("The map of a scale is drawn from the maps before it.").build());
  }

  private ReportTable latency() {
    List<ResultRow> with =
        rows.stream().filter(r -> r.result() == null || r.result().latency() != null).toList();
    return ReportTable.of(name, title(""), with)
        .both("label", "row", r -> r.row().label())
        .both("map", "last map", of(r -> size(r.run())))
        .both("batch", "batch", of(r -> r.run().generation().batch()))
        .both("repeats", "repeats", of(r -> r.latency().seconds().size()))
        .interval("medianSeconds", "seconds", 3, of(r -> seconds(r.latency())))
        .number("fullMedianSeconds", "full cache (s)", 3, of(r -> r.latency().fullMedianSeconds()))
        .number(
            "speedUp",
            "full ÷ policy",
            2,
            of(r -> r.latency().fullMedianSeconds() / r.latency().medianSeconds()))
        .data("error", ResultRow::error)
        .note(
            "Median of the timed generations [least, most], one warm-up each not counted; the full"
                + " cache is timed in turn with each policy.")
        .notes(notes(List.of()))
        .build();
  }

  private static Interval seconds(RunResult.Latency l) {
    return range(l.medianSeconds(), l.seconds());
  }

  /** Returns a median with the least and the most of its values, which are NaN for one value. */
  static Interval range(double median, List<Double> values) {
    DoubleSummaryStatistics all =
        values.stream().mapToDouble(Double::doubleValue).summaryStatistics();
    boolean several = values.size() > 1;
    return new Interval(
        median,
        several ? all.getMin() : Double.NaN,
        several ? all.getMax() : Double.NaN,
        values.size(),
        0);
  }

  /** Returns the last token map of a generation. */
  static String size(Run run) {
    List<String> maps = run.generation().schedule();
    return maps.get(maps.size() - 1);
  }

  /** Row of the attention table: a group of scales, or their difference with no sample. */
  private record Share(ResultRow row, String scales, Interval mean, double[] sample) {
    Double quantile(double p) {
      return sample == null ? null : Quantile.withDefaults().evaluate(sample, p);
    }
  }

  /** Attention on the current map, small scales against large ones. */
  private ReportTable attention() {
    List<Share> shares = new ArrayList<>();
    for (ResultRow r : rows) {
      if (r.result() != null && r.result().attention() != null) {
        RunResult.Attention a = r.result().attention();
        shares.add(share(r, a, a.smallScales(), a.small()));
        shares.add(share(r, a, a.largeScales(), a.large()));
        shares.add(new Share(r, "difference", a.difference(), null));
      }
    }
    return ReportTable.of(name, title(""), shares)
        .both("label", "row", s -> s.row().row().label())
        .both("scales", "scales", Share::scales)
        .interval("currentMass", "on the current map", 3, s -> s.mean())
        .number("lowerQuartile", "lower quartile", 3, s -> s.quantile(0.25))
        .number("median", "median", 3, s -> s.quantile(0.5))
        .number("upperQuartile", "upper quartile", 3, s -> s.quantile(0.75))
        .note(
            "Mean share of a head's attention on the map being drawn, over heads, layers, scales"
                + " and sampled query rows of the conditional branch, full cache, with 95 %"
                + " bootstrap intervals over prompts; quartiles over (layer, scale, head). Scale 1"
                + " is left out: it has no prefix.")
        .notes(notes(List.of()))
        .build();
  }

  private static Share share(
      ResultRow row, RunResult.Attention a, List<Integer> scales, Interval mean) {
    double[] sample = CurrentMassDensity.sample(a, scales.get(0) - 1, scales.get(1));
    return new Share(row, scales.get(0) + " to " + scales.get(1), mean, sample);
  }

  /** Memory of the KV cache. */
  private Optional<ReportTable> memory() {
    List<ResultRow> with =
        rows.stream().filter(r -> r.result() != null && r.result().memory() != null).toList();
    if (with.isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(
        ReportTable.of(name + "-memory", title(": memory of the KV cache"), with)
            .both("label", "row", r -> r.row().label())
            .data("policy", of(r -> r.run().policy().name()))
            .data("budget", of(r -> r.run().policy().budget()))
            .both("budgetTokens", "budget (tokens)", memoryOf(RunResult.Memory::budgetTokens))
            .number(
                "tokensBetweenScales",
                "between scales (tokens)",
                1,
                memoryOf(RunResult.Memory::tokensBetweenScales))
            .number("peakTokens", "peak (tokens)", 1, memoryOf(RunResult.Memory::peakTokens))
            .number("percentOfFull", "% of full", 1, memoryOf(RunResult.Memory::percentOfFull))
            .mib("kvBytes", "between scales (MiB)", memoryOf(RunResult.Memory::kvBytes))
            .mib("peakKvBytes", "peak (MiB)", memoryOf(RunResult.Memory::peakKvBytes))
            .mib("allocatedBytes", "allocated (MiB)", memoryOf(RunResult.Memory::allocatedBytes))
            .mib("nominalKvBytes", "nominal (MiB)", memoryOf(RunResult.Memory::nominalKvBytes))
            .mib("fullKvBytes", "full cache (MiB)", memoryOf(RunResult.Memory::fullKvBytes))
            .data("keyType", memoryOf(m -> m.keyType().toString()))
            .data("valueType", memoryOf(m -> m.valueType().toString()))
            .text("keys, values", memoryOf(m -> m.keyType() + ", " + m.valueType()))
            .both("branches", "branches", memoryOf(RunResult.Memory::branches))
            .both("batch", "batch", memoryOf(RunResult.Memory::batch))
            .note(
                "Tokens are means per layer and head. Peak: most that all layers hold together"
                    + " after any layer's write. % of full: the peak, or the nominal budget where"
                    + " nothing was measured, of the full cache's bytes in the same formats.")
            .notes(notes(List.of()))
            .build());
  }

  /** Pair of policies and the metric by which they are compared. */
  private record Test(String metric, Comparison.Pair pair) {}

  /** Every test behind the marks. */
  private Optional<ReportTable> tests() {
    List<Test> tests =
        significance.comparisons().stream()
            .flatMap(c -> c.pairs().stream().map(p -> new Test(c.metric().key(), p)))
            .toList();
    if (tests.isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(
        ReportTable.of(name + "-tests", title(": tests of one policy against another"), tests)
            .both("metric", "metric", Test::metric)
            .both("a", "A", t -> t.pair().labelA())
            .both("b", "B", t -> t.pair().labelB())
            .data("budget", t -> t.pair().budget())
            .both("prompts", "prompts", t -> t.pair().prompts())
            .data("different", t -> t.pair().different())
            .interval("difference", "A − B", 4, t -> t.pair().difference())
            .data("wPlus", t -> t.pair().wPlus())
            .data("p", t -> CanonicalJson.number(t.pair().p()))
            .text("p", t -> ReportTable.probability(t.pair().p()))
            .data("pHolm", t -> CanonicalJson.number(t.pair().pHolm()))
            .text("p, Holm", t -> ReportTable.probability(t.pair().pHolm()))
            .data("better", t -> t.pair().better())
            .text(
                "better",
                t -> t.pair().better() > 0 ? "A" : t.pair().better() < 0 ? "B" : "not significant")
            .note(
                "Two-sided Wilcoxon signed-rank tests over prompts; Holm's correction over all"
                    + " pairs of one metric.")
            .build());
  }
}
