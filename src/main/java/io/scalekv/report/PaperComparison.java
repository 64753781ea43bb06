package io.scalekv.report;

import io.scalekv.experiment.Cell;
import io.scalekv.experiment.CellResult;
import io.scalekv.experiment.MetricValue;
import io.scalekv.experiment.Results;
import io.scalekv.metrics.Lpips;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import tech.tablesaw.api.Table;

/**
 * What the ScaleKV paper (Li et al., NeurIPS 2025, arXiv 2505.19602) prints, number by number,
 * beside what results hold.
 */
public final class PaperComparison {
  /** Whether two numbers say the same thing. */
  public enum Verdict {
    /** The same number, as far as it is printed. */
    EQUAL("equal"),
    /** Comparable, and another number. */
    COMPARABLE("comparable"),
    /** Shown beside each other, but not the same measurement. */
    NOT_COMPARABLE("not comparable"),
    /** Nothing of ours. */
    NOT_RUN("not run");

    private final String word;

    Verdict(String word) {
      this.word = word;
    }

    /** For people. */
    public String word() {
      return word;
    }
  }

  /**
   * One number.
   *
   * @param place table or figure of the paper
   * @param model the paper's
   * @param what row of the paper
   * @param quantity with its unit
   * @param paper as it is printed
   * @param ours our number, or NaN
   * @param verdict whether they may be compared
   * @param note why
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

  private static final double MIB = 1 << 20;
  private static final String TOY = "toy model";
  private static final Map<String, Set<String>> BUDGETS =
      Map.of(
          "100", Set.of(),
          "20", Set.of("20%", "paper-20", "1300t"),
          "10", Set.of("10%", "paper-10", "650t"),
          "4", Set.of("4%", "paper-4", "265t"));

  private final List<CellResult> cells;
  private final List<Row> rows = new ArrayList<>();

  private PaperComparison(List<Results> results) {
    Map<String, CellResult> byId = new LinkedHashMap<>();
    results.forEach(r -> r.cells().forEach(byId::putIfAbsent));
    cells = List.copyOf(byId.values());
  }

  /** Every number of the paper that is kept here, in the paper's order. */
  public static List<Row> of(List<Results> results) {
    PaperComparison c = new PaperComparison(results);
    csv("scalekv_table1.csv").forEach(c::table1);
    csv("scalekv_table2.csv").forEach(c::table2);
    csv("scalekv_table3.csv").forEach(c::table3);
    csv("scalekv_figures.csv").forEach(c::figure);
    return c.rows;
  }

  /** The rows of a file of the paper's numbers, by column. */
  static List<Map<String, String>> csv(String name) {
    try (InputStream in = PaperComparison.class.getResourceAsStream("paper/" + name)) {
      List<String> lines = new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().toList();
      String[] head = lines.get(0).split(",", -1);
      List<Map<String, String>> rows = new ArrayList<>();
      for (String line : lines.subList(1, lines.size())) {
        String[] values = line.split(",", -1);
        Map<String, String> row = new LinkedHashMap<>();
        for (int i = 0; i < head.length; i++) {
          row.put(head[i], values[i]);
        }
        rows.add(row);
      }
      return rows;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void table1(Map<String, String> p) {
    String model = p.get("model");
    String method = p.get("method");
    String what = method + (method.equals("full") ? "" : " at " + p.get("budget_percent") + " %");
    memory(p, what);
    if (method.equals("full")) {
      return;
    }
    Optional<CellResult> ours = policy(model, method, BUDGETS.get(p.get("budget_percent")));
    for (String metric : List.of("fid", "lpips", "psnr_db")) {
      fidelity("table 1", model, what, metric, p.get(metric), ours);
    }
  }

  private static String key(String model) {
    return model.toLowerCase(Locale.ROOT);
  }

  /** Bytes follow from shapes alone, so they must agree whatever the weights are. */
  private void memory(Map<String, String> p, String what) {
    int tokens = Integer.parseInt(p.get("tokens_per_layer"));
    String quantity = "KV cache of batch 8, MiB";
    Optional<CellResult> found =
        find(
            c ->
                released(c, key(p.get("model")), 8)
                    && c.policy().name().equals(p.get("method"))
                    && c.policy().budgetTokens() == tokens);
    if (found.isEmpty()) {
      add(
          "table 1",
          p.get("model"),
          what,
          quantity,
          p.get("kv_cache_mb"),
          Double.NaN,
          Verdict.NOT_RUN,
          "");
      return;
    }
    double mib = Math.floor(found.get().memory().formulaBytes() / MIB);
    boolean equal = mib == Double.parseDouble(p.get("kv_cache_mb"));
    add(
        "table 1",
        p.get("model"),
        what,
        quantity,
        p.get("kv_cache_mb"),
        mib,
        equal ? Verdict.EQUAL : Verdict.COMPARABLE,
        "by formula, keys fp32, values bf16, both guidance branches");
  }

  private static boolean released(Cell c, String model, int batch) {
    return c.kind() == Cell.Kind.MEMORY
        && c.model().name().equals(model)
        && c.generation().batch() == batch
        && c.generation().branches() == 2
        && c.policy().keyType().equals("fp32")
        && c.policy().valueType().equals("bf16");
  }

  private Optional<CellResult> find(Predicate<Cell> wanted) {
    return cells.stream().filter(r -> wanted.test(r.cell())).findFirst();
  }

  /** The policy with what came with the model; its own model first, else any other. */
  private Optional<CellResult> policy(String model, String method, Set<String> budgets) {
    Predicate<Cell> wanted =
        c ->
            c.kind() == Cell.Kind.POLICY
                && c.policy().name().equals(method)
                && at(c, budgets)
                && plain(c);
    return onModel(model, wanted);
  }

  private static boolean at(Cell c, Set<String> budgets) {
    return c.policy().budget() != null && budgets.contains(c.policy().budget());
  }

  private static boolean plain(Cell c) {
    return (c.calibration() == null || c.calibration().source().equals(Cell.Calibration.SHIPPED))
        && c.policy().unconditionalTokens() == null;
  }

  private Optional<CellResult> onModel(String model, Predicate<Cell> wanted) {
    Optional<CellResult> own = find(c -> wanted.test(c) && c.model().name().equals(key(model)));
    return own.isPresent()
        ? own
        : find(c -> wanted.test(c) && !c.model().name().startsWith("infinity-"));
  }

  private void fidelity(
      String place,
      String model,
      String what,
      String metric,
      String paper,
      Optional<CellResult> found) {
    String quantity =
        switch (metric) {
          case "fid" -> "FID";
          case "lpips" -> "LPIPS (AlexNet)";
          default -> "PSNR, dB";
        };
    if (found.isEmpty()) {
      add(place, model, what, quantity, paper, Double.NaN, Verdict.NOT_RUN, "");
      return;
    }
    CellResult r = found.get();
    String label;
    double ours;
    boolean same;
    if (metric.equals("psnr_db")) {
      MetricValue e = r.metrics().get("psnr");
      label = "PSNR";
      ours = e == null ? Double.NaN : e.mean();
      same = true;
    } else if (metric.equals("lpips")) {
      same = r.metrics().containsKey("lpips") && !Lpips.namesVgg(r.cell().nets().lpips());
      MetricValue e = r.metrics().get(same ? "lpips" : "lpips-proxy");
      label = e == null ? "" : same ? "LPIPS" : "lpips_proxy(" + r.cell().nets().features() + ")";
      ours = e == null ? Double.NaN : e.mean();
    } else {
      same = r.metrics().containsKey("fid");
      MetricValue d = r.metrics().get(same ? "fid" : "frechet");
      label = d == null ? "" : same ? "FID" : "frechet(" + r.cell().nets().features() + ")";
      ours = d == null ? Double.NaN : d.mean();
    }
    if (Double.isNaN(ours)) {
      add(place, model, what, quantity, paper, ours, Verdict.NOT_RUN, "not measured");
      return;
    }
    String why = notComparable(r, model);
    if (why == null && !same) {
      why = "another net";
    }
    int n = r.cell().prompts().images();
    String note =
        (why == null ? "" : why + "; ")
            + label
            + " over "
            + n
            + " images of "
            + r.cell().model().name()
            + (why == null ? ", the paper: 5000" : "");
    add(
        place,
        model,
        what,
        quantity,
        paper,
        ours,
        why == null ? Verdict.COMPARABLE : Verdict.NOT_COMPARABLE,
        note);
  }

  /** Why images of this result say nothing about the paper's numbers, or null. */
  private static String notComparable(CellResult r, String model) {
    Cell.Model m = r.cell().model();
    if (!m.name().equals(key(model))) {
      return m.name().startsWith("infinity-") ? "another model" : TOY;
    }
    return m.weights() == null || m.weights().startsWith("random:") ? "random weights" : null;
  }

  private void table2(Map<String, String> p) {
    boolean compressed = p.get("model").contains("ScaleKV");
    String model = p.get("model").split(" ")[0];
    Optional<CellResult> ours =
        compressed
            ? policy(model, "scalekv", BUDGETS.get("10"))
            : onModel(model, c -> c.kind() == Cell.Kind.POLICY && c.policy().name().equals("full"));
    Map<String, String> standIn =
        Map.of(
            "geneval_two_objects", "twoObjects",
            "geneval_position", "position",
            "geneval_color_attribution", "colourAttribution");
    p.forEach(
        (column, value) -> {
          if (column.equals("model")) {
            return;
          }
          String rate = standIn.get(column);
          MetricValue e =
              rate == null || ours.isEmpty()
                  ? null
                  : ours.get().metrics().get("faithfulness." + rate);
          boolean measured = e != null && !Double.isNaN(e.mean());
          add(
              "table 2",
              model,
              compressed ? "scalekv at 10 %" : "full",
              column.replace('_', ' '),
              value,
              measured ? e.mean() : Double.NaN,
              measured ? Verdict.NOT_COMPARABLE : Verdict.NOT_RUN,
              measured
                  ? "captions of the scene grammar in place of the benchmark's prompts"
                  : rate == null ? "no stand-in for this column" : "");
        });
  }

  private void table3(Map<String, String> p) {
    boolean full = p.get("method").equals("full");
    int batch = Integer.parseInt(p.get("batch"));
    String what = p.get("method") + ", batch " + batch;
    Optional<CellResult> found =
        find(
            c ->
                released(c, key(p.get("model")), batch)
                    && (full
                        ? c.policy().budget() == null
                        : c.policy().budgetTokens() == 650 && c.policy().name().equals("scalekv")));
    String printed = p.get("kv_cache_gb");
    String quantity = "KV cache, thousands of MiB";
    if (found.isEmpty()) {
      add("table 3", p.get("model"), what, quantity, printed, Double.NaN, Verdict.NOT_RUN, "");
    } else {
      double ours = found.get().memory().formulaBytes() / MIB / 1000;
      add(
          "table 3",
          p.get("model"),
          what,
          quantity,
          printed,
          ours,
          Math.abs(ours - Double.parseDouble(printed)) <= printedAs(printed)
              ? Verdict.EQUAL
              : Verdict.COMPARABLE,
          "by formula; the paper's figure is rounded");
    }
    for (String column : List.of("running_gb", "params_gb", "total_gb")) {
      if (!p.get(column).isEmpty()) {
        add(
            "table 3",
            p.get("model"),
            what,
            column.replace("_gb", ", GB"),
            p.get(column),
            Double.NaN,
            Verdict.NOT_RUN,
            "memory of the process on a GPU is not measured");
      }
    }
  }

  /** Half a unit of the last printed digit, or 1 % where that is more. */
  private static double printedAs(String printed) {
    int point = printed.indexOf('.');
    double half = 0.5 * Math.pow(10, point < 0 ? 0 : -(printed.length() - point - 1));
    return Math.max(half, 0.01 * Double.parseDouble(printed));
  }

  private void figure(Map<String, String> p) {
    String place = "figure " + p.get("figure");
    String model = p.get("model");
    String x = p.get("x");
    Predicate<Cell> scalekv = c -> c.kind() == Cell.Kind.POLICY && at(c, BUDGETS.get("10"));
    Predicate<Cell> wanted =
        switch (p.get("figure")) {
          case "6b" -> {
            String metric = x.equals("asi") ? "asi" : "history-topk";
            yield c ->
                c.policy().name().equals("scalekv")
                    && c.calibration() != null
                    && metric.equals(c.calibration().metric())
                    && !c.calibration().inverted();
          }
          case "6c" -> {
            String delta = x.equals("0") ? "0" : "0.108";
            yield c -> c.policy().name().equals("scalekv:allocation=paper:0.92:" + delta);
          }
          case "8" ->
              c ->
                  c.policy().name().equals("scalekv")
                      && c.calibration() != null
                      && "asi".equals(c.calibration().metric())
                      && c.calibration().prompts() == Integer.parseInt(x);
          default -> null;
        };
    String what = p.get("x_name").replace('_', ' ') + " " + x + ", " + p.get("series");
    if (wanted == null) {
      latency(p, place, what);
      return;
    }
    fidelity(place, model, what, "fid", p.get("y"), onModel(model, scalekv.and(wanted)));
  }

  private void latency(Map<String, String> p, String place, String what) {
    String side = String.valueOf(Integer.parseInt(p.get("x")) / 16);
    Optional<CellResult> found =
        find(
            c ->
                c.kind() == Cell.Kind.LATENCY
                    && c.model().name().equals(key(p.get("model")))
                    && c.policy().name().equals("scalekv")
                    && c.generation().batch() == 1
                    && c.generation()
                        .schedule()
                        .get(c.generation().schedule().size() - 1)
                        .equals(side + "x" + side));
    boolean full = p.get("series").equals("full");
    double ours =
        found
            .map(r -> full ? r.latency().fullMedianSeconds() : r.latency().medianSeconds())
            .orElse(Double.NaN);
    add(
        place,
        p.get("model"),
        what,
        "latency, ms",
        p.get("y"),
        1000 * ours,
        found.isPresent() ? Verdict.NOT_COMPARABLE : Verdict.NOT_RUN,
        found.isPresent() ? "another machine" : "");
  }

  private void add(
      String place,
      String model,
      String what,
      String quantity,
      String paper,
      double ours,
      Verdict verdict,
      String note) {
    rows.add(new Row(place, model, what, quantity, paper, ours, verdict, note));
  }

  /** Writes {@code comparison.csv} and {@code comparison.md}. */
  public static void write(List<Row> rows, Path folder) throws IOException {
    table(rows).write(folder);
  }

  /** The comparison as a table. */
  static ReportTable table(List<Row> rows) {
    String title = "The paper's numbers beside ours";
    List<String> ours =
        rows.stream()
            .map(
                r ->
                    Double.isNaN(r.ours())
                        ? Columns.NONE
                        : String.format(Locale.ROOT, r.ours() >= 1000 ? "%.0f" : "%.3f", r.ours()))
            .toList();
    Table numbers =
        Table.create(
            title,
            Columns.texts("place", rows.stream().map(Row::place).toList()),
            Columns.texts("model", rows.stream().map(Row::model).toList()),
            Columns.texts("row", rows.stream().map(Row::what).toList()),
            Columns.texts("quantity", rows.stream().map(Row::quantity).toList()),
            Columns.texts("paper", rows.stream().map(Row::paper).toList()),
            Columns.numbers("ours", rows.stream().map(Row::ours).toList()),
            Columns.texts("verdict", rows.stream().map(r -> r.verdict().word()).toList()),
            Columns.texts("note", rows.stream().map(Row::note).toList()));
    Table words =
        Table.create(
            title,
            Columns.texts("place", rows.stream().map(Row::place).toList()),
            Columns.texts("model", rows.stream().map(Row::model).toList()),
            Columns.texts("row", rows.stream().map(Row::what).toList()),
            Columns.texts("quantity", rows.stream().map(Row::quantity).toList()),
            Columns.texts("paper", rows.stream().map(Row::paper).toList()),
            Columns.texts("ours", ours),
            Columns.texts(
                "comparable?",
                rows.stream()
                    .map(r -> r.verdict().word() + (r.note().isEmpty() ? "" : ": " + r.note()))
                    .toList()));
    long equal = rows.stream().filter(r -> r.verdict() == Verdict.EQUAL).count();
    return new ReportTable(
        "comparison",
        title,
        numbers,
        words,
        List.of(
            equal
                + " numbers are equal as far as the paper prints them. Fidelity is comparable only"
                + " with the published checkpoints, the paper's nets (LPIPS of AlexNet, Inception)"
                + " and enough images; a toy model's numbers stand beside it to show the order of"
                + " the policies.",
            "Paper: Li et al., Memory-Efficient Visual Autoregressive Modeling with Scale-Aware KV"
                + " Cache Compression, NeurIPS 2025, arXiv 2505.19602."));
  }
}
