package io.scalekv.report;

import io.scalekv.experiment.CellResult;
import io.scalekv.experiment.Comparison;
import io.scalekv.experiment.ExperimentSpec;
import io.scalekv.experiment.MetricValue;
import io.scalekv.experiment.Results;
import io.scalekv.io.CanonicalJson;
import io.scalekv.metrics.Psnr;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import tech.tablesaw.api.Table;

/** The tables of one experiment. */
final class ResultTables {
  private static final double MIB = 1 << 20;

  private static final String MARKS =
      "Means over images with 95 % bootstrap intervals over prompts ([n/a]: one prompt). Bold: best"
          + " of its budget. \"> 2, 5\": better than rows 2 and 5 of the same budget by Wilcoxon's"
          + " signed-rank test over prompts after Holm's correction over the table (p < 0.05);"
          + " \"> all\": than every other. ∞: images identical to those of the full cache, left out"
          + " of the mean.";

  private final Results results;
  private final String name;
  private final List<ResultRow> rows;
  private final List<MetricColumn> columns;
  private final Significance significance;

  private ResultTables(Results results) {
    this.results = results;
    this.name = results.file().name();
    this.rows = ResultRow.of(results);
    this.columns = MetricColumn.of(results);
    this.significance = Significance.of(results);
  }

  /** All tables that the results have something for, the main one first. */
  static List<ReportTable> of(Results results) {
    ResultTables t = new ResultTables(results);
    List<ReportTable> tables = new ArrayList<>();
    if (results.file().kind().equals(ExperimentSpec.FIDELITY)) {
      List<MetricColumn> captions = t.columns.stream().filter(MetricColumn::caption).toList();
      tables.add(t.rows(t.name, "", t.columns.stream().filter(c -> !c.caption()).toList()));
      if (!captions.isEmpty()) {
        tables.add(t.rows(t.name + "-faithfulness", ": what captions say", captions));
      }
      for (MetricColumn c : t.columns) {
        t.byBudget(c).ifPresent(tables::add);
      }
      t.bitsByMap().ifPresent(tables::add);
    }
    if (results.file().kind().equals(ExperimentSpec.LATENCY)) {
      tables.add(t.latency());
    }
    if (results.file().kind().equals(ExperimentSpec.ATTENTION)) {
      tables.add(AttentionTables.of(t.name, t.title(""), t.rows, t.notes(List.of(), "")));
    }
    FrontierView.of(results).map(FrontierView::table).ifPresent(tables::add);
    t.memory().ifPresent(tables::add);
    t.tests().ifPresent(tables::add);
    return tables;
  }

  private String title(String what) {
    String quick = results.file().quick() ? " (small version)" : "";
    return results.file().title() + what + quick;
  }

  private List<String> notes(Collection<MetricColumn> shown, String first) {
    List<String> notes = new ArrayList<>();
    if (!first.isEmpty()) {
      notes.add(first);
    }
    for (MetricColumn c : shown) {
      if (c.net() != null) {
        notes.add(c.label() + " by the net " + c.net() + ".");
      }
    }
    Set<String> said = new LinkedHashSet<>();
    results.cells().values().forEach(r -> said.addAll(r.notes()));
    notes.addAll(said);
    for (ResultRow r : rows) {
      if (r.error() != null && !r.error().equals(ResultRow.MISSING)) {
        notes.add(r.row().label() + " failed: " + r.error());
      }
    }
    long missing = rows.stream().filter(r -> r.result() == null).count();
    if (missing > 0) {
      notes.add(missing + " of " + rows.size() + " rows have no result.");
    }
    return notes;
  }

  /** One line a row of the experiment, one column a metric. */
  private ReportTable rows(String file, String what, List<MetricColumn> shown) {
    String title = title(what);
    Table numbers = Table.create(title);
    Table words = Table.create(title);
    words.addColumns(
        Columns.texts("#", each(r -> String.valueOf(r.number()))),
        Columns.texts("row", each(r -> r.row().label())));
    numbers.addColumns(
        Columns.numbers("row", each(ResultRow::number)),
        Columns.texts("group", each(r -> r.row().group())),
        Columns.texts("label", each(r -> r.row().label())),
        Columns.texts("id", each(r -> r.row().id())),
        Columns.texts("kind", each(of(r -> r.cell().kind().key()))),
        Columns.texts("policy", each(of(r -> r.cell().policy().name()))),
        Columns.texts("budget", each(of(r -> r.cell().policy().budget()))),
        Columns.numbers("budgetTokens", each(of(r -> r.cell().policy().budgetTokens()))),
        Columns.numbers("images", each(of(r -> r.cell().prompts().images()))));
    for (MetricColumn c : shown) {
      numbers(c, numbers);
      words.addColumns(Columns.texts(c.head(), each(r -> cell(c, r, this::sameBudget))));
    }
    words.addColumns(
        Columns.texts("tokens", each(r -> tokens(r))),
        Columns.texts("KV cache (MiB)", each(r -> mib(r, CellResult.Memory::kvCacheBytes))));
    numbers.addColumns(Columns.texts("error", each(ResultRow::error)));
    return new ReportTable(file, title, numbers, words, notes(shown, MARKS));
  }

  private void numbers(MetricColumn c, Table numbers) {
    Function<ResultRow, Optional<MetricValue>> value =
        r -> r.result() == null ? Optional.empty() : c.value(r.result());
    boolean sets = c.ofSets();
    numbers.addColumns(
        Columns.numbers(c.column(), each(r -> value.apply(r).map(MetricValue::mean).orElse(null))));
    if (!sets) {
      numbers.addColumns(
          Columns.numbers(
              c.column() + "Low", each(r -> value.apply(r).map(MetricValue::low).orElse(null))),
          Columns.numbers(
              c.column() + "High", each(r -> value.apply(r).map(MetricValue::high).orElse(null))));
    }
    numbers.addColumns(
        Columns.numbers(
            c.column() + "N", each(r -> value.apply(r).map(MetricValue::n).orElse(null))));
    if (c.metric() == Psnr.METRIC) {
      numbers.addColumns(
          Columns.numbers(
              "psnrIdentical", each(r -> value.apply(r).map(MetricValue::infinite).orElse(null))));
    }
  }

  private <T> List<T> each(Function<ResultRow, T> value) {
    List<T> values = new ArrayList<>();
    rows.forEach(r -> values.add(value.apply(r)));
    return values;
  }

  private static <T> Function<ResultRow, T> of(Function<ResultRow, T> value) {
    return r -> r.result() == null ? null : value.apply(r);
  }

  private boolean sameBudget(ResultRow a, ResultRow b) {
    return a.cell().policy().budgetTokens() == b.cell().policy().budgetTokens()
        && a.row().group().equals(b.row().group());
  }

  /** Who competes with whom for the best of a column. */
  private interface Rivals {
    boolean compete(ResultRow a, ResultRow b);
  }

  private String cell(MetricColumn c, ResultRow r, Rivals rivals) {
    if (r.result() == null) {
      return r.error().equals(ResultRow.MISSING) ? ResultRow.MISSING : "failed";
    }
    Optional<MetricValue> value = c.value(r.result());
    if (value.isEmpty()) {
      return Columns.NONE;
    }
    String text = c.show(value.get());
    String marks = r.cuts() ? significance.marks(c.metric().key(), r.row().id()) : "";
    return (best(c, r, value.get(), rivals) ? "**" + text + "**" : text) + marks;
  }

  private boolean best(MetricColumn c, ResultRow r, MetricValue value, Rivals rivals) {
    if (!r.cuts() || Double.isNaN(value.ranked())) {
      return false;
    }
    boolean some = false;
    for (ResultRow other : rows) {
      if (other.cuts() && other.number() != r.number() && rivals.compete(r, other)) {
        double theirs = c.value(other.result()).map(MetricValue::ranked).orElse(Double.NaN);
        if (c.higherIsBetter() ? theirs > value.ranked() : theirs < value.ranked()) {
          return false;
        }
        some |= !Double.isNaN(theirs);
      }
    }
    return some;
  }

  private static String tokens(ResultRow r) {
    return r.result() == null || r.result().memory() == null
        ? null
        : String.valueOf(r.result().memory().budgetTokens());
  }

  private static String mib(ResultRow r, Function<CellResult.Memory, Long> bytes) {
    if (r.result() == null || r.result().memory() == null) {
      return null;
    }
    Long b = bytes.apply(r.result().memory());
    return b == null ? null : mib(b);
  }

  private static String mib(long bytes) {
    return String.format(Locale.ROOT, bytes < 100 * MIB ? "%.2f" : "%.0f", bytes / MIB);
  }

  /** Policies down, budgets across, where there are several budgets. */
  private Optional<ReportTable> byBudget(MetricColumn c) {
    Map<Integer, String> budgets = new LinkedHashMap<>();
    Map<String, Map<Integer, ResultRow>> series = new LinkedHashMap<>();
    Map<String, ResultRow> rulers = new LinkedHashMap<>();
    for (ResultRow r : rows) {
      boolean measured = r.result() != null && c.value(r.result()).isPresent();
      if (measured && r.cuts()) {
        int tokens = r.cell().policy().budgetTokens();
        budgets.putIfAbsent(tokens, r.cell().policy().budget() + " = " + tokens + " tokens");
        series.computeIfAbsent(r.series(), s -> new LinkedHashMap<>()).putIfAbsent(tokens, r);
      } else if (measured) {
        rulers.putIfAbsent(r.row().label(), r);
      }
    }
    if (budgets.size() < 2 || series.isEmpty()) {
      return Optional.empty();
    }
    String title = title(": " + c.label());
    List<String> names = new ArrayList<>(series.keySet());
    names.addAll(rulers.keySet());
    Table words = Table.create(title);
    Table numbers = Table.create(title);
    words.addColumns(Columns.texts("policy", names));
    numbers.addColumns(Columns.texts("policy", names));
    budgets.forEach(
        (tokens, head) -> {
          List<ResultRow> column = map(names, n -> series.getOrDefault(n, Map.of()).get(tokens));
          words.addColumns(Columns.texts(head, map(column, r -> r == null ? "" : numbered(c, r))));
          numbers(c, "tokens" + tokens, column, numbers);
        });
    List<ResultRow> own = map(names, rulers::get);
    if (!rulers.isEmpty()) {
      words.addColumns(
          Columns.texts("no cut", map(own, r -> r == null ? "" : cell(c, r, (a, b) -> false))));
      numbers(c, "uncut", own, numbers);
    }
    String note =
        MARKS
            + " (1), (2), … number the rows."
            + (rulers.isEmpty()
                ? ""
                : " Below the policies: the full cache run again with the same seeds, with other"
                    + " seeds, and known distortions of its images.");
    return Optional.of(
        new ReportTable(name + "-" + c.file(), title, numbers, words, notes(List.of(c), note)));
  }

  private String numbered(MetricColumn c, ResultRow r) {
    return "(" + r.number() + ") " + cell(c, r, this::sameBudget);
  }

  private static void numbers(MetricColumn c, String at, List<ResultRow> column, Table numbers) {
    List<MetricValue> values =
        map(column, r -> r == null ? null : c.value(r.result()).orElse(null));
    numbers.addColumns(
        Columns.numbers(at, map(values, v -> v == null ? null : v.mean())),
        Columns.numbers(at + "Low", map(values, v -> v == null ? null : v.low())),
        Columns.numbers(at + "High", map(values, v -> v == null ? null : v.high())));
  }

  private static <A, B> List<B> map(List<A> values, Function<A, B> f) {
    List<B> mapped = new ArrayList<>();
    values.forEach(v -> mapped.add(f.apply(v)));
    return mapped;
  }

  private Optional<ReportTable> bitsByMap() {
    List<ResultRow> with =
        rows.stream()
            .filter(r -> r.result() != null && r.result().bitAgreementByMap() != null)
            .toList();
    if (with.isEmpty()) {
      return Optional.empty();
    }
    String title = title(": share of equal bits by map");
    Table numbers = Table.create(title);
    Table words = Table.create(title);
    List<String> labels = with.stream().map(r -> r.row().label()).toList();
    numbers.addColumns(Columns.texts("label", labels));
    words.addColumns(Columns.texts("row", labels));
    int maps = with.stream().mapToInt(r -> r.result().bitAgreementByMap().size()).max().orElse(0);
    for (int k = 0; k < maps; k++) {
      int map = k;
      List<Double> values =
          map(
              with,
              r -> {
                List<Double> bits = r.result().bitAgreementByMap();
                return map < bits.size() ? bits.get(map) : null;
              });
      numbers.addColumns(Columns.numbers("map" + (k + 1), values));
      words.addColumns(
          Columns.texts(
              "map " + (k + 1),
              map(values, v -> v == null ? null : String.format(Locale.ROOT, "%.4f", v))));
    }
    return Optional.of(
        new ReportTable(
            name + "-bits-by-map",
            title,
            numbers,
            words,
            List.of("Maps count from 1. A map is drawn from the maps before it.")));
  }

  private ReportTable latency() {
    String title = title("");
    List<ResultRow> with =
        rows.stream().filter(r -> r.result() == null || r.result().latency() != null).toList();
    Function<Function<CellResult.Latency, Double>, List<Double>> numbersOf =
        f -> map(with, r -> r.result() == null ? null : f.apply(r.result().latency()));
    List<Double> median = numbersOf.apply(CellResult.Latency::medianSeconds);
    List<Double> least = numbersOf.apply(l -> ends(l.seconds())[0]);
    List<Double> most = numbersOf.apply(l -> ends(l.seconds())[1]);
    List<Double> full = numbersOf.apply(CellResult.Latency::fullMedianSeconds);
    List<Double> ratio = numbersOf.apply(l -> l.fullMedianSeconds() / l.medianSeconds());
    List<String> labels = map(with, r -> r.row().label());
    List<String> size = map(with, r -> r.result() == null ? null : size(r.result()));
    List<Integer> batch = map(with, r -> r.result() == null ? null : batch(r.result()));
    List<Integer> repeats =
        map(with, r -> r.result() == null ? null : r.result().latency().seconds().size());
    List<String> errors = map(with, ResultRow::error);
    Table numbers =
        Table.create(
            title,
            Columns.texts("label", labels),
            Columns.texts("tokens", size),
            Columns.numbers("batch", batch),
            Columns.numbers("repeats", repeats),
            Columns.numbers("medianSeconds", median),
            Columns.numbers("leastSeconds", least),
            Columns.numbers("mostSeconds", most),
            Columns.numbers("fullMedianSeconds", full),
            Columns.numbers("speedUp", ratio),
            Columns.texts("error", errors));
    Function<Double, String> seconds =
        v -> v == null ? null : String.format(Locale.ROOT, "%.3f", v);
    List<String> range = new ArrayList<>();
    for (int i = 0; i < with.size(); i++) {
      range.add(
          median.get(i) == null
              ? "failed"
              : repeats.get(i) < 2
                  ? seconds.apply(median.get(i)) + " [" + Columns.NONE + "]"
                  : seconds.apply(median.get(i))
                      + " ["
                      + seconds.apply(least.get(i))
                      + ", "
                      + seconds.apply(most.get(i))
                      + "]");
    }
    Table words =
        Table.create(
            title,
            Columns.texts("row", labels),
            Columns.texts("last map", size),
            Columns.texts("batch", map(batch, b -> b == null ? null : b.toString())),
            Columns.texts("repeats", map(repeats, b -> b == null ? null : b.toString())),
            Columns.texts("seconds", range),
            Columns.texts("full cache, seconds", map(full, seconds)),
            Columns.texts(
                "full ÷ policy",
                map(ratio, v -> v == null ? null : String.format(Locale.ROOT, "%.2f", v))));
    return new ReportTable(
        name,
        title,
        numbers,
        words,
        notes(
            List.of(),
            "Median of the timed generations [least, most], one warm-up each not counted; the full"
                + " cache is timed in turn with each policy."));
  }

  /** Least and most of a list. */
  static double[] ends(List<Double> values) {
    return new double[] {
      values.stream().mapToDouble(Double::doubleValue).min().orElse(Double.NaN),
      values.stream().mapToDouble(Double::doubleValue).max().orElse(Double.NaN)
    };
  }

  /** The last token map of a generation. */
  static String size(CellResult r) {
    List<String> maps = r.cell().generation().schedule();
    return maps.get(maps.size() - 1);
  }

  private static Integer batch(CellResult r) {
    return r.cell().generation().batch();
  }

  /** What the cache takes. */
  private Optional<ReportTable> memory() {
    List<ResultRow> with =
        rows.stream().filter(r -> r.result() != null && r.result().memory() != null).toList();
    if (with.isEmpty()) {
      return Optional.empty();
    }
    String title = title(": memory of the KV cache");
    List<CellResult.Memory> m = map(with, r -> r.result().memory());
    List<String> labels = map(with, r -> r.row().label());
    Table numbers =
        Table.create(
            title,
            Columns.texts("label", labels),
            Columns.texts("policy", map(with, r -> r.cell().policy().name())),
            Columns.texts("budget", map(with, r -> r.cell().policy().budget())),
            Columns.numbers("budgetTokens", map(m, CellResult.Memory::budgetTokens)),
            Columns.numbers("meanTokens", map(m, CellResult.Memory::meanTokens)),
            Columns.numbers("percentOfFull", map(m, CellResult.Memory::percentOfFull)),
            Columns.numbers("kvCacheMiB", map(m, x -> exact(x.kvCacheBytes()))),
            Columns.numbers("allocatedMiB", map(m, x -> exact(x.allocatedBytes()))),
            Columns.numbers("formulaMiB", map(m, x -> exact(x.formulaBytes()))),
            Columns.numbers("fullMiB", map(m, x -> exact(x.fullBytes()))),
            Columns.texts("keyType", map(m, CellResult.Memory::keyType)),
            Columns.texts("valueType", map(m, CellResult.Memory::valueType)),
            Columns.numbers("branches", map(m, CellResult.Memory::branches)),
            Columns.numbers("batch", map(m, CellResult.Memory::batch)),
            Columns.texts("denominator", map(m, CellResult.Memory::denominator)),
            Columns.numbers("denominatorTokens", map(m, CellResult.Memory::denominatorTokens)));
    Table words =
        Table.create(
            title,
            Columns.texts("row", labels),
            Columns.texts("tokens allowed", map(m, x -> String.valueOf(x.budgetTokens()))),
            Columns.texts(
                "tokens held",
                map(
                    m,
                    x ->
                        x.meanTokens() == null
                            ? null
                            : String.format(Locale.ROOT, "%.1f", x.meanTokens()))),
            Columns.texts(
                "% of full", map(m, x -> String.format(Locale.ROOT, "%.1f", x.percentOfFull()))),
            Columns.texts("held (MiB)", map(m, x -> shown(x.kvCacheBytes()))),
            Columns.texts("allocated (MiB)", map(m, x -> shown(x.allocatedBytes()))),
            Columns.texts("formula (MiB)", map(m, x -> mib(x.formulaBytes()))),
            Columns.texts("full cache (MiB)", map(m, x -> mib(x.fullBytes()))),
            Columns.texts("keys, values", map(m, x -> x.keyType() + ", " + x.valueType())),
            Columns.texts("CFG branches", map(m, x -> String.valueOf(x.branches()))),
            Columns.texts("batch", map(m, x -> String.valueOf(x.batch()))));
    CellResult.Memory first = m.get(0);
    boolean alike = m.stream().allMatch(x -> x.denominatorTokens() == first.denominatorTokens());
    String note =
        "Tokens are means per layer and head. 100 % are the "
            + (alike ? first.denominatorTokens() + " " : "")
            + "tokens of the maps that are read again ("
            + first.denominator()
            + ", T_{K-1}). Held: most bytes of tokens at one time; a policy may hold more for a"
            + " moment than what is allowed after its cut.";
    return Optional.of(
        new ReportTable(name + "-memory", title, numbers, words, notes(List.of(), note)));
  }

  private static Double exact(Long bytes) {
    return bytes == null ? null : Double.valueOf(bytes / MIB);
  }

  private static String shown(Long bytes) {
    return bytes == null ? null : mib(bytes);
  }

  /** Every test behind the marks. */
  private Optional<ReportTable> tests() {
    List<Comparison.Pair> pairs = new ArrayList<>();
    List<String> metrics = new ArrayList<>();
    for (Comparison c : significance.comparisons()) {
      for (Comparison.Pair p : c.pairs()) {
        pairs.add(p);
        metrics.add(c.metric().key());
      }
    }
    if (pairs.isEmpty()) {
      return Optional.empty();
    }
    String title = title(": tests of one policy against another");
    Function<Integer, String> number = n -> String.format(Locale.ROOT, "%d", n);
    Function<Double, String> p = v -> String.format(Locale.ROOT, v < 1e-3 ? "%.1e" : "%.3f", v);
    Table numbers =
        Table.create(
            title,
            Columns.texts("metric", metrics),
            Columns.texts("a", map(pairs, Comparison.Pair::labelA)),
            Columns.texts("b", map(pairs, Comparison.Pair::labelB)),
            Columns.numbers("budgetTokens", map(pairs, Comparison.Pair::budgetTokens)),
            Columns.numbers("prompts", map(pairs, Comparison.Pair::prompts)),
            Columns.numbers("different", map(pairs, Comparison.Pair::different)),
            Columns.numbers("difference", map(pairs, x -> x.difference().mean())),
            Columns.numbers("low", map(pairs, x -> x.difference().low())),
            Columns.numbers("high", map(pairs, x -> x.difference().high())),
            Columns.numbers("wPlus", map(pairs, Comparison.Pair::wPlus)),
            Columns.texts("p", map(pairs, x -> CanonicalJson.number(x.p()))),
            Columns.texts("pHolm", map(pairs, x -> CanonicalJson.number(x.pHolm()))),
            Columns.numbers("better", map(pairs, Comparison.Pair::better)));
    Table words =
        Table.create(
            title,
            Columns.texts("metric", metrics),
            Columns.texts("A", map(pairs, Comparison.Pair::labelA)),
            Columns.texts("B", map(pairs, Comparison.Pair::labelB)),
            Columns.texts("prompts", map(pairs, x -> number.apply(x.prompts()))),
            Columns.texts("A − B", map(pairs, x -> difference(x))),
            Columns.texts("p", map(pairs, x -> p.apply(x.p()))),
            Columns.texts("p, Holm", map(pairs, x -> p.apply(x.pHolm()))),
            Columns.texts(
                "better",
                map(pairs, x -> x.better() > 0 ? "A" : x.better() < 0 ? "B" : "neither")));
    return Optional.of(
        new ReportTable(
            name + "-tests",
            title,
            numbers,
            words,
            List.of(
                "Two-sided Wilcoxon signed-rank tests over prompts; Holm's correction over all"
                    + " pairs of one metric.")));
  }

  private static String difference(Comparison.Pair x) {
    double mean = x.difference().mean();
    if (Double.isNaN(mean)) {
      return Columns.NONE;
    }
    String ends =
        Double.isNaN(x.difference().low())
            ? Columns.NONE
            : String.format(Locale.ROOT, "%.4f, %.4f", x.difference().low(), x.difference().high());
    return String.format(Locale.ROOT, "%.4f [%s]", mean, ends);
  }
}
