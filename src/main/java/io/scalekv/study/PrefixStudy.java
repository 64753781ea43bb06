package io.scalekv.study;

import io.scalekv.cache.Budget;
import io.scalekv.experiment.Metrics;
import io.scalekv.experiment.Results;
import io.scalekv.experiment.Run;
import io.scalekv.experiment.RunResult;
import io.scalekv.io.Require;
import io.scalekv.metrics.Bootstrap;
import io.scalekv.metrics.Interval;
import io.scalekv.metrics.Metric;
import io.scalekv.metrics.Psnr;
import io.scalekv.report.LineFigure;
import io.scalekv.report.NamedFigure;
import io.scalekv.report.PaperComparison;
import io.scalekv.report.PolicyStyle;
import io.scalekv.report.ReportTable;
import io.scalekv.study.Study.Answer;
import io.scalekv.study.Study.Request;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Study of what a policy gains over the same tokens for every layer as the prefix grows: the
 * difference to {@value #UNIFORM}, prompt by prompt, in one experiment on models with different
 * schedules. The ScaleKV paper's published PSNR stands beside it, marked as such.
 */
final class PrefixStudy {
  /** Policy that gives every layer the same tokens, the one to gain over. */
  static final String UNIFORM = "snapkv";

  private static final String PUBLISHED_MODEL = "Infinity-2B";
  private static final int PUBLISHED_PREFIX = 6425;

  /**
   * Gain of one policy on one model.
   *
   * @param budget as asked for
   * @param prefix T_{K-1}
   * @param gain policy − {@value #UNIFORM}; an interval where images were measured
   * @param overRuler policy − another seed of the same prompt, or null
   */
  private record Gain(
      String budget,
      String policy,
      String model,
      int prefix,
      Metric metric,
      boolean published,
      Interval gain,
      Interval overRuler) {}

  private PrefixStudy() {}

  /** See {@link Study#answer}. */
  static Answer answer(Request request) throws IOException {
    Require.that(!request.inputs().isEmpty(), "prefix reads folders of results, got none");
    List<Gain> gains = new ArrayList<>();
    Set<String> budgets = new LinkedHashSet<>();
    for (Path folder : request.inputs()) {
      List<Gain> measured = measured(Results.read(folder), folder);
      measured.forEach(g -> budgets.add(g.budget()));
      gains.addAll(measured);
    }
    budgets.forEach(b -> gains.addAll(published(b)));
    gains.sort(
        Comparator.comparing((Gain g) -> List.copyOf(budgets).indexOf(g.budget()))
            .thenComparing(g -> g.metric().key())
            .thenComparing(Gain::policy)
            .thenComparing(Gain::prefix));
    List<NamedFigure> figures = new ArrayList<>();
    budgets.forEach(b -> figures.add(figure(b, gains)));
    return new Answer(List.of(table(gains)), figures);
  }

  private static List<Gain> measured(Results results, Path folder) {
    Map<String, String> series = new LinkedHashMap<>();
    results.file().toldApart().forEach(r -> series.putIfAbsent(r.id(), r.series()));
    List<RunResult> cut = new ArrayList<>();
    RunResult ruler = null;
    for (String id : series.keySet()) {
      RunResult r = results.runs().get(id);
      if (r != null && r.run().kind() == Run.Kind.OTHER_SEED) {
        ruler = r;
      } else if (r != null
          && r.run().kind() == Run.Kind.POLICY
          && r.run().policy().budget() != null) {
        cut.add(r);
      }
    }
    List<Gain> gains = new ArrayList<>();
    for (RunResult r : cut) {
      if (r.run().policy().name().equals(UNIFORM)) {
        continue;
      }
      String budget = r.run().policy().budget();
      RunResult uniform =
          cut.stream()
              .filter(u -> u.run().policy().name().equals(UNIFORM))
              .filter(u -> u.run().policy().budget().equals(budget))
              .findFirst()
              .orElseThrow(
                  () ->
                      new IllegalArgumentException(
                          "%s: missing run of %s at %s: sweep it"
                              .formatted(folder, UNIFORM, budget)));
      for (Metric metric : Metrics.named(r.run().metrics())) {
        if (Metrics.isCompared(metric)) {
          gains.add(
              new Gain(
                  budget,
                  series.get(r.id()),
                  r.run().model().name(),
                  r.run().generation().maps().historyTokens(),
                  metric,
                  false,
                  difference(r, uniform, metric),
                  ruler == null ? null : difference(r, ruler, metric)));
        }
      }
    }
    return gains;
  }

  private static Interval difference(RunResult a, RunResult b, Metric metric) {
    return Bootstrap.withSeed(0).difference(a.byPrompt(metric.key()), b.byPrompt(metric.key()));
  }

  /** Returns the paper's numbers at a budget of the same share. */
  private static List<Gain> published(String budget) {
    List<Gain> gains = new ArrayList<>();
    String percent =
        Budget.parse(budget) instanceof Budget.Peak p ? p.uniform().toString() : budget;
    Map<String, Double> psnr =
        PaperComparison.published(PUBLISHED_MODEL, percent, Psnr.METRIC.key());
    psnr.forEach(
        (policy, db) -> {
          if (!policy.equals(UNIFORM)) {
            double gain = db - psnr.get(UNIFORM);
            gains.add(
                new Gain(
                    budget,
                    policy,
                    PUBLISHED_MODEL,
                    PUBLISHED_PREFIX,
                    Psnr.METRIC,
                    true,
                    new Interval(gain, Double.NaN, Double.NaN, 0, 0),
                    null));
          }
        });
    return gains;
  }

  private static ReportTable table(List<Gain> gains) {
    return ReportTable.of("prefix", "Gain over " + UNIFORM + " by length of the prefix", gains)
        .both("budget", "budget", Gain::budget)
        .both("metric", "metric", g -> g.metric().label())
        .both("policy", "policy", Gain::policy)
        .both("model", "model", g -> g.published() ? g.model() + " (published)" : g.model())
        .both("prefix", "prefix (tokens)", Gain::prefix)
        .interval("gain", "over " + UNIFORM, 3, Gain::gain)
        .interval("overRuler", "over another seed", 3, Gain::overRuler)
        .note(
            "Mean difference over prompts with a 95 % bootstrap interval; pairs with an identical"
                + " image are left out of PSNR. Published: the difference of two means in table 1"
                + " of the ScaleKV paper, of another model and without an interval.")
        .build();
  }

  private static NamedFigure figure(String budget, List<Gain> all) {
    List<Gain> shown =
        all.stream().filter(g -> g.metric() == Psnr.METRIC && g.budget().equals(budget)).toList();
    List<LineFigure.Line> lines = new ArrayList<>();
    for (boolean published : new boolean[] {false, true}) {
      for (String policy : new TreeSet<>(shown.stream().map(Gain::policy).toList())) {
        List<Gain> line =
            shown.stream()
                .filter(g -> g.policy().equals(policy) && g.published() == published)
                .toList();
        double[] x = line.stream().mapToDouble(Gain::prefix).toArray();
        PolicyStyle style = PolicyStyle.of(policy);
        List<Interval> y = line.stream().map(Gain::gain).toList();
        if (x.length > 0) {
          lines.add(
              published
                  ? LineFigure.Line.points(
                      policy + ", published",
                      style,
                      x,
                      y.stream().mapToDouble(Interval::mean).toArray())
                  : LineFigure.Line.joined(policy, style, x, y));
        }
      }
    }
    String title = "Gain over " + UNIFORM + " at " + budget;
    return new NamedFigure(
        "prefix-" + budget.replaceAll("[^0-9A-Za-z]", ""),
        title,
        LineFigure.of(
            new LineFigure.Axes(
                title, "prefix (tokens; published: Infinity-2B)", "PSNR (dB) − " + UNIFORM, true),
            lines,
            List.of(new LineFigure.Level(UNIFORM, 0))));
  }
}
