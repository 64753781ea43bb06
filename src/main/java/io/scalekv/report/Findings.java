package io.scalekv.report;

import io.scalekv.experiment.Comparison;
import io.scalekv.experiment.Results;
import io.scalekv.experiment.Run;
import io.scalekv.experiment.RunResult;
import io.scalekv.metrics.Interval;
import io.scalekv.metrics.Metric;
import io.scalekv.metrics.Psnr;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Findings of an experiment as sentences made from its numbers: the best of every budget, or of
 * equal peak bytes where the experiment has several number formats, by how much, which metrics
 * disagree, what another seed reaches too, and what came out against a policy.
 */
record Findings(String asked, List<String> found) {
  private static final int FEW_PROMPTS = 30;
  private static final double KIB = 1024;
  private static final double GIB = 1 << 30;

  /** Shares of the held bytes that count as equal. */
  private static final double EQUAL_BYTES = 1.05;

  Findings {
    found = List.copyOf(found);
  }

  /** Returns the findings of results. */
  static Findings of(Results results) {
    List<ResultRow> rows = ResultRow.distinct(results);
    String model = results.file().modelName();
    List<String> found = new ArrayList<>();
    String asked =
        switch (results.file().kind()) {
          case MEMORY -> memory(model, rows, found);
          case LATENCY -> latency(model, rows, found);
          case ATTENTION -> attention(model, rows, found);
          default -> new Fidelity(results, rows).sentences(model, found);
        };
    List<ResultRow> all = ResultRow.of(results);
    long missing = all.stream().filter(r -> r.result() == null).count();
    if (missing > 0) {
      found.add("%d of %d rows have no result; the table says why.".formatted(missing, all.size()));
    }
    if (model.startsWith("pocket")) {
      found.add(model + " is a toy: its numbers say nothing about Infinity or VAR.");
    }
    return new Findings(asked, found);
  }

  private static String memory(String model, List<ResultRow> rows, List<String> found) {
    List<ResultRow> with =
        rows.stream()
            .filter(r -> r.result().memory() != null)
            .sorted(Comparator.comparingLong(r -> r.result().memory().nominalKvBytes()))
            .toList();
    if (!with.isEmpty()) {
      for (ResultRow r : List.of(with.get(with.size() - 1), with.get(0))) {
        RunResult.Memory m = r.result().memory();
        found.add(
            text(
                "%s: %.2f GiB at batch %d, %.1f %% of the full cache.",
                r.row().label(),
                m.nominalKvBytes() / GIB,
                m.batch(),
                100.0 * m.nominalKvBytes() / m.fullKvBytes()));
      }
    }
    return "How many bytes do the keys and values of %s take, by formula?".formatted(model);
  }

  private static String latency(String model, List<ResultRow> rows, List<String> found) {
    List<ResultRow> with =
        rows.stream()
            .filter(r -> r.result().latency() != null)
            .sorted(Comparator.comparingDouble(r -> -speedUp(r)))
            .toList();
    if (!with.isEmpty()) {
      ResultRow best = with.get(0);
      found.add(
          text(
              "Fastest against the full cache: %s, %s, batch %d: median %.3f s, %.2f times as"
                  + " fast.",
              best.row().label(),
              ResultTables.size(best.run()),
              best.run().generation().batch(),
              best.result().latency().medianSeconds(),
              speedUp(best)));
      long slower = with.stream().filter(r -> speedUp(r) <= 1).count();
      if (slower > 0) {
        found.add(
            "Negative: %d of %d settings are not faster than the full cache."
                .formatted(slower, with.size()));
      }
    }
    return "How long does a generation of %s take with a compressed cache?".formatted(model);
  }

  private static double speedUp(ResultRow r) {
    return r.result().latency().fullMedianSeconds() / r.result().latency().medianSeconds();
  }

  private static String attention(String model, List<ResultRow> rows, List<String> found) {
    for (ResultRow r : rows) {
      RunResult.Attention a = r.result().attention();
      if (a != null) {
        Interval d = a.difference();
        found.add(
            "%s: %s of the attention on the current map at scales %d to %d, %s at scales %d to %d; difference %s, %s."
                .formatted(
                    r.row().label(),
                    ReportTable.words(a.small(), 3),
                    a.smallScales().get(0),
                    a.smallScales().get(1),
                    ReportTable.words(a.large(), 3),
                    a.largeScales().get(0),
                    a.largeScales().get(1),
                    ReportTable.words(d, 3),
                    d.hasInterval() && d.low() <= 0 && d.high() >= 0
                        ? "whose interval holds zero"
                        : "whose interval does not hold zero"));
      }
    }
    return "How much of the attention of %s stays on the map being drawn?".formatted(model);
  }

  private static String text(String format, Object... values) {
    return String.format(Locale.ROOT, format, values);
  }

  /** Sentences about images. */
  private static final class Fidelity {
    private final List<ResultRow> rows;
    private final List<ResultRow> cuts;
    private final List<MetricColumn> columns;
    private final List<Comparison> comparisons;
    private final boolean byBytes;

    Fidelity(Results results, List<ResultRow> rows) {
      this.rows = rows;
      this.cuts = rows.stream().filter(ResultRow::cuts).toList();
      this.columns =
          MetricColumn.compared(MetricColumn.of(results)).stream()
              .filter(c -> !c.caption() && !c.ofSets())
              .toList();
      this.comparisons = Significance.of(results).comparisons();
      this.byBytes =
          FrontierView.formats(cuts.stream().map(r -> r.run().policy())) > 1
              && cuts.stream().allMatch(Fidelity::measured);
    }

    String sentences(String model, List<String> found) {
      Optional<MetricColumn> first =
          columns.stream()
              .filter(c -> tested(c) == Psnr.METRIC)
              .findFirst()
              .or(() -> columns.stream().findFirst());
      List<List<ResultRow>> budgets = byBytes ? equalBytes() : equalBudgets();
      long settings = cuts.stream().map(ResultRow::series).distinct().count();
      String asked =
          "Which setting keeps the images of %s closest to those of the full cache? %s"
              .formatted(model, settings == 1 ? "1 setting" : settings + " settings");
      if (cuts.isEmpty() || first.isEmpty()) {
        found.add(
            "Nothing to compare yet: "
                + (rows.isEmpty() ? "no run has a result." : "no budget has a result."));
        return asked + ".";
      }
      budgets.forEach(of -> budget(first.get(), of, budgets.size() > 1, found));
      ruler(first.get(), found);
      Run.Prompts p = cuts.get(0).run().prompts();
      if (p.count() < FEW_PROMPTS) {
        found.add(
            "%d captions are few: only large differences can be significant, and rankings may change with more."
                .formatted(p.count()));
      }
      return asked
          + " at %s, %d captions%s, image by image."
              .formatted(
                  cuts.stream()
                      .map(r -> r.run().policy().budget().replaceFirst("%$", " %"))
                      .distinct()
                      .collect(Collectors.joining(", ")),
                  p.count(),
                  p.seeds() == 1 ? "" : " of " + p.seeds() + " seeds");
    }

    private static boolean measured(ResultRow r) {
      return !Double.isNaN(r.peakKib());
    }

    private List<List<ResultRow>> equalBudgets() {
      Map<String, List<ResultRow>> budgets = new LinkedHashMap<>();
      for (ResultRow r : cuts) {
        String key = r.row().group() + ", " + r.run().policy().equalBudget();
        budgets.computeIfAbsent(key, b -> new ArrayList<>()).add(r);
      }
      return List.copyOf(budgets.values());
    }

    /**
     * Settings of several number formats that held about the same, two or more of them together.
     */
    private List<List<ResultRow>> equalBytes() {
      List<List<ResultRow>> groups = new ArrayList<>();
      for (ResultRow r :
          cuts.stream()
              .sorted(Comparator.comparingDouble(ResultRow::peakKib).reversed())
              .toList()) {
        List<ResultRow> last = groups.isEmpty() ? null : groups.get(groups.size() - 1);
        if (last == null || last.get(0).peakKib() > EQUAL_BYTES * r.peakKib()) {
          last = new ArrayList<>();
          groups.add(last);
        }
        last.add(r);
      }
      return groups.stream().filter(group -> group.size() > 1).toList();
    }

    private List<ResultRow> ranked(MetricColumn c, List<ResultRow> of) {
      return of.stream()
          .filter(r -> c.value(r.result()).filter(v -> !Double.isNaN(v.ranked())).isPresent())
          .sorted(
              Comparator.comparingDouble(
                  r -> (c.higherIsBetter() ? -1 : 1) * c.value(r.result()).get().ranked()))
          .toList();
    }

    /** Adds the sentences about the settings of one budget. */
    private void budget(MetricColumn c, List<ResultRow> of, boolean several, List<String> found) {
      List<ResultRow> ranked = ranked(c, of);
      if (ranked.isEmpty()) {
        return;
      }
      ResultRow best = ranked.get(0);
      StringBuilder text = new StringBuilder();
      if (byBytes) {
        text.append(text("At %.2f MiB an image: ", best.peakKib() / KIB));
      } else if (several) {
        Run.Policy p = best.run().policy();
        text.append("At ").append(p.budget().replaceFirst("%$", " %"));
        text.append(
            p.budget().matches("[0-9.]+%")
                ? " (" + p.budgetTokens() + " tokens per layer and head): "
                : ": ");
      }
      text.append(name(best)).append(" is best, ").append(value(c, best));
      if (ranked.size() > 1) {
        ResultRow next = ranked.get(1);
        text.append("; ").append(difference(c, best, next)).append(".");
        text.append(disagreement(c, best, of));
      } else {
        text.append(".");
      }
      found.add(text.append(bytes(of)).toString());
      negative(c, ranked, found);
    }

    private String name(ResultRow r) {
      return byBytes ? r.row().label() : r.series();
    }

    private static String value(MetricColumn c, ResultRow r) {
      String unit = c.metric().unit().isEmpty() ? "" : " " + c.metric().unit();
      Interval v = c.value(r.result()).orElseThrow();
      return c.label() + " " + c.show(v).replaceFirst(" \\[|$", unit + "$0");
    }

    /** Returns by how much a is better than b, and whether that is significant. */
    private String difference(MetricColumn c, ResultRow a, ResultRow b) {
      Optional<Comparison.Pair> test = test(c, a, b);
      if (test.isEmpty()) {
        return "better than " + name(b);
      }
      Comparison.Pair p = test.get();
      double sign = p.a().equals(a.row().id()) == c.higherIsBetter() ? 1 : -1;
      Interval d = p.difference();
      String unit = c.metric().unit().isEmpty() ? "" : " " + c.metric().unit();
      String ends =
          d.hasInterval()
              ? " [%s, %s]"
                  .formatted(
                      c.number(sign > 0 ? d.low() : -d.high()),
                      c.number(sign > 0 ? d.high() : -d.low()))
              : "";
      String doubt = p.better() == 0 ? ", which is not significant" : "";
      return c.number(sign * d.mean()) + unit + ends + " better than " + name(b) + doubt;
    }

    /** Returns the metric of single images behind a column. */
    private static Metric tested(MetricColumn c) {
      return c.metric() == Psnr.OF_MEAN_MSE ? Psnr.METRIC : c.metric();
    }

    /** Returns the test of two runs, whichever comes first in it. */
    private Optional<Comparison.Pair> test(MetricColumn c, ResultRow a, ResultRow b) {
      Set<String> ids = Set.of(a.row().id(), b.row().id());
      return comparisons.stream()
          .filter(k -> k.metric() == tested(c))
          .flatMap(k -> k.pairs().stream())
          .filter(p -> ids.contains(p.a()) && ids.contains(p.b()))
          .findFirst();
    }

    /** Returns whether a is significantly better than b: 1, worse: −1, or neither: 0. */
    private int better(MetricColumn c, ResultRow a, ResultRow b) {
      return test(c, a, b)
          .map(p -> p.a().equals(a.row().id()) ? p.better() : -p.better())
          .orElse(0);
    }

    private String disagreement(MetricColumn c, ResultRow best, List<ResultRow> of) {
      Map<String, List<String>> others = new LinkedHashMap<>();
      int agree = 0;
      for (MetricColumn other : columns) {
        List<ResultRow> ranked = ranked(other, of);
        if (other.equals(c) || ranked.isEmpty()) {
          continue;
        }
        if (ranked.get(0).row().id().equals(best.row().id())) {
          agree++;
        } else {
          others.computeIfAbsent(name(ranked.get(0)), n -> new ArrayList<>()).add(other.label());
        }
      }
      if (others.isEmpty()) {
        return agree == 0
            ? ""
            : agree == 1 ? " The other metric agrees." : " All " + agree + " other metrics agree.";
      }
      return others.entrySet().stream()
          .map(e -> e.getKey() + " is first by " + String.join(", ", e.getValue()))
          .collect(Collectors.joining("; ", " Metrics disagree: ", "."));
    }

    /** Returns what the settings held where that is not the same. */
    private String bytes(List<ResultRow> of) {
      List<ResultRow> measured =
          of.stream()
              .filter(Fidelity::measured)
              .sorted(Comparator.comparingDouble(ResultRow::peakKib))
              .toList();
      if (measured.size() < 2) {
        return "";
      }
      ResultRow least = measured.get(0);
      ResultRow most = measured.get(measured.size() - 1);
      return most.peakKib() <= EQUAL_BYTES * least.peakKib()
          ? ""
          : text(
              " The peaks are not equal: %s held %.0f KiB an image, %s %.0f KiB.",
              name(least), least.peakKib(), name(most), most.peakKib());
    }

    /** Adds what speaks against the settings of one budget. */
    private void negative(MetricColumn c, List<ResultRow> ranked, List<String> found) {
      String budget =
          byBytes
              ? text("%.2f MiB an image", ranked.get(0).peakKib() / KIB)
              : ranked.get(0).run().policy().budget().replaceFirst("%$", " %");
      ranked.stream()
          .filter(r -> r.run().policy().name().equals("random"))
          .findFirst()
          .ifPresent(
              random -> {
                String weak =
                    ranked.stream()
                        .filter(r -> !r.equals(random) && better(c, r, random) <= 0)
                        .map(this::name)
                        .collect(Collectors.joining(", "));
                if (!weak.isEmpty()) {
                  found.add(
                      "Negative: at "
                          + budget
                          + " no evidence that "
                          + weak
                          + " is better than random tokens.");
                }
              });
      for (int i = 1; i < ranked.size(); i++) {
        ResultRow r = ranked.get(i);
        if (r.run().policy().name().equals("scalekv")) {
          found.add(
              "Negative: at %s scalekv is number %d of %d; %s is %s."
                  .formatted(
                      budget,
                      i + 1,
                      ranked.size(),
                      name(ranked.get(0)),
                      difference(c, ranked.get(0), r)));
        }
      }
    }

    /** Adds what another seed of the same captions reaches as well. */
    private void ruler(MetricColumn c, List<String> found) {
      Optional<ResultRow> other =
          rows.stream()
              .filter(r -> r.run().kind() == Run.Kind.OTHER_SEED && c.value(r.result()).isPresent())
              .findFirst();
      if (other.isEmpty()) {
        found.add(
            "No ruler: the images of another seed were not measured, so nothing says from where on"
                + " an image is lost.");
        return;
      }
      double ruler = c.value(other.get().result()).get().ranked();
      List<String> below =
          cuts.stream()
              .filter(r -> c.value(r.result()).isPresent())
              .filter(
                  r -> {
                    double v = c.value(r.result()).get().ranked();
                    return c.higherIsBetter() ? v <= ruler : v >= ruler;
                  })
              .map(r -> r.row().label())
              .toList();
      String at = "another seed of the same caption (%s)".formatted(value(c, other.get()));
      found.add(
          below.isEmpty()
              ? "Every setting is closer than " + at + "."
              : "Not closer than "
                  + at
                  + ": "
                  + String.join(", ", below)
                  + ". They have not kept the image; the order among them is no result.");
    }
  }
}
