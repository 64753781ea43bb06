package io.scalekv.report;

import io.scalekv.cache.CacheType;
import io.scalekv.experiment.Metrics;
import io.scalekv.experiment.Results;
import io.scalekv.experiment.Run;
import io.scalekv.experiment.RunResult;
import io.scalekv.metrics.Interval;
import io.scalekv.metrics.Metric;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import tools.jackson.core.type.TypeReference;
import tools.jackson.dataformat.csv.CsvMapper;
import tools.jackson.dataformat.csv.CsvSchema;

/**
 * Comparison of the numbers printed in the ScaleKV paper (Li et al., NeurIPS 2025, arXiv
 * 2505.19602) with those of results on the paper's own models. The resource {@code
 * paper/scalekv.csv} holds the numbers and the run of ours that stands beside each.
 */
public final class PaperComparison {
  /** Verdict on two numbers. */
  public enum Verdict {
    /** The same number within the paper's rounding. */
    EQUAL,
    /** Comparable and different. */
    COMPARABLE,
    /** Shown beside each other, of different measurements. */
    NOT_COMPARABLE,
    /** No number of ours. */
    NOT_RUN;

    /** Returns the verdict for people. */
    public String word() {
      return name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }
  }

  /**
   * One number of the paper.
   *
   * @param place table or figure of the paper
   * @param model the paper's
   * @param what row of the paper
   * @param quantity with its unit
   * @param paper as printed
   * @param ours our number, or NaN
   * @param verdict whether they may be compared
   */
  public record Row(
      String place,
      String model,
      String what,
      String quantity,
      String paper,
      double ours,
      Verdict verdict,
      String note) {}

  /** Line of the resource, by column. */
  private record Printed(Map<String, String> columns) {
    String get(String column) {
      return columns.get(column);
    }

    boolean accepts(String column, Object value) {
      return get(column).isEmpty() || get(column).equals(String.valueOf(value));
    }

    String model() {
      return get("model").toLowerCase(Locale.ROOT);
    }

    Row row(double ours, Verdict verdict, String note) {
      return new Row(
          get("place"),
          get("model"),
          get("row"),
          get("quantity"),
          get("paper"),
          ours,
          verdict,
          note);
    }

    Row notRun(String note) {
      return row(Double.NaN, Verdict.NOT_RUN, note);
    }
  }

  private static final double MIB = 1 << 20;
  private static final List<Printed> PRINTED = read();

  private PaperComparison() {}

  private static List<Printed> read() {
    try (InputStream in = PaperComparison.class.getResourceAsStream("paper/scalekv.csv")) {
      return new CsvMapper()
              .readerFor(new TypeReference<Map<String, String>>() {})
              .with(CsvSchema.emptySchema().withHeader())
              .<Map<String, String>>readValues(in)
              .readAll()
              .stream()
              .map(Printed::new)
              .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Returns every number of the paper in its order, with ours where there is one. */
  public static List<Row> of(List<Results> results) {
    Map<String, RunResult> byId = new LinkedHashMap<>();
    results.forEach(r -> r.runs().forEach(byId::putIfAbsent));
    return PRINTED.stream()
        .map(
            p ->
                switch (p.get("source")) {
                  case "memory" -> memory(p, byId.values().stream().toList());
                  case "metric" -> metric(p, byId.values().stream().toList());
                  case "latency" -> latency(p, byId.values().stream().toList());
                  default -> p.notRun(p.get("note"));
                })
        .toList();
  }

  /**
   * Returns the numbers of table 1 by policy.
   *
   * @param model the paper's name of it
   * @param budget such as {@code 10%}
   * @param metric key
   */
  public static Map<String, Double> published(String model, String budget, String metric) {
    Map<String, Double> numbers = new LinkedHashMap<>();
    PRINTED.stream()
        .filter(p -> p.get("place").equals("table 1") && p.get("model").equals(model))
        .filter(p -> p.get("metric").equals(metric))
        .filter(p -> List.of(p.get("budgets").split("\\|")).contains(budget))
        .forEach(p -> numbers.put(p.get("policy"), Double.parseDouble(p.get("paper"))));
    return numbers;
  }

  private static Optional<RunResult> find(List<RunResult> runs, Predicate<Run> wanted) {
    return runs.stream().filter(r -> wanted.test(r.run())).findFirst();
  }

  /** Bytes follow from shapes alone, so they must agree whatever the weights are. */
  private static Row memory(Printed p, List<RunResult> runs) {
    Optional<RunResult> found =
        find(
            runs,
            c ->
                c.kind() == Run.Kind.MEMORY
                    && c.model().name().equals(p.model())
                    && p.accepts("batch", c.generation().batch())
                    && c.generation().branches() == 2
                    && c.policy().keyType() == CacheType.FP32
                    && c.policy().valueType() == CacheType.BF16
                    && c.policy().name().equals(p.get("policy"))
                    && p.accepts("tokens", c.policy().budgetTokens()));
    if (found.isEmpty()) {
      return p.notRun("");
    }
    double unit = p.get("quantity").contains("thousands") ? 1000 : 1;
    double ours = found.get().memory().nominalKvBytes() / MIB / unit;
    boolean equal =
        Math.abs(ours - Double.parseDouble(p.get("paper")))
            <= Double.parseDouble(p.get("tolerance"));
    return p.row(ours, equal ? Verdict.EQUAL : Verdict.COMPARABLE, p.get("note"));
  }

  private static boolean isRun(Printed p, Run c) {
    if (c.kind() != Run.Kind.POLICY || !c.policy().name().equals(p.get("policy"))) {
      return false;
    }
    String budget = c.policy().budget() == null ? "" : c.policy().budget();
    if (!List.of(p.get("budgets").split("\\|")).contains(budget)) {
      return false;
    }
    Run.Calibration k = c.calibration();
    return p.get("statistic").isEmpty()
        ? (k == null || k instanceof Run.Calibration.Shipped)
            && c.policy().unconditionalTokens() == null
            && c.policy().cfgUntil() == null
        : k instanceof Run.Calibration.Measured m
            && p.get("statistic").equals(m.statistic())
            && !m.inverted()
            && p.accepts("prompts", m.prompts());
  }

  private static Row metric(Printed p, List<RunResult> runs) {
    Optional<RunResult> found = find(runs, c -> c.model().name().equals(p.model()) && isRun(p, c));
    if (found.isEmpty()) {
      return p.notRun("");
    }
    RunResult r = found.get();
    boolean same = r.metrics().containsKey(p.get("metric"));
    String key = same ? p.get("metric") : p.get("standIn");
    Interval value = r.metrics().get(key);
    if (value == null || Double.isNaN(value.mean())) {
      return p.notRun("not measured");
    }
    List<String> reasons = new ArrayList<>();
    Run.Model m = r.run().model();
    if (m.weights() == null || !m.weights().startsWith("sha256:")) {
      reasons.add("random weights");
    }
    if (!same) {
      reasons.add(p.get("note").isEmpty() ? "another net" : p.get("note"));
    }
    String net = r.run().nets() == null ? null : r.run().nets().features();
    String label = Metrics.find(key).map((Metric k) -> k.label(net)).orElse(key);
    String measured = label + " over " + r.run().prompts().images() + " images of " + m.name();
    if (reasons.isEmpty()) {
      return p.row(value.mean(), Verdict.COMPARABLE, measured + ", the paper: 5000");
    }
    reasons.add(measured);
    return p.row(value.mean(), Verdict.NOT_COMPARABLE, String.join("; ", reasons));
  }

  private static Row latency(Printed p, List<RunResult> runs) {
    Optional<RunResult> found =
        find(
            runs,
            c ->
                c.kind() == Run.Kind.LATENCY
                    && c.model().name().equals(p.model())
                    && c.policy().name().equals("scalekv")
                    && p.accepts("batch", c.generation().batch())
                    && ResultTables.size(c).equals(p.get("metric")));
    if (found.isEmpty()) {
      return p.notRun("");
    }
    RunResult.Latency l = found.get().latency();
    double seconds = p.get("policy").equals("full") ? l.fullMedianSeconds() : l.medianSeconds();
    return p.row(1000 * seconds, Verdict.NOT_COMPARABLE, p.get("note"));
  }

  /** Returns the comparison as a table. */
  public static ReportTable table(List<Row> rows) {
    long equal = rows.stream().filter(r -> r.verdict() == Verdict.EQUAL).count();
    return ReportTable.of("comparison", "The paper's numbers beside ours", rows)
        .both("place", "place", Row::place)
        .both("model", "model", Row::model)
        .both("row", "row", Row::what)
        .both("quantity", "quantity", Row::quantity)
        .both("paper", "paper", Row::paper)
        .data("ours", Row::ours)
        .text("ours", r -> ReportTable.fixed(r.ours(), r.ours() >= 1000 ? 0 : 3))
        .data("verdict", r -> r.verdict().word())
        .data("note", Row::note)
        .text("comparable?", r -> r.verdict().word() + (r.note().isEmpty() ? "" : ": " + r.note()))
        .note(
            equal
                + " numbers are equal within the paper's rounding. Fidelity is comparable only with"
                + " the published checkpoints, the paper's nets (LPIPS of AlexNet, Inception) and"
                + " enough images; other models have tables of their own.")
        .note(
            "Paper: Li et al., Memory-Efficient Visual Autoregressive Modeling with Scale-Aware KV"
                + " Cache Compression, NeurIPS 2025, arXiv 2505.19602.")
        .build();
  }
}
