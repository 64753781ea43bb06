package io.scalekv.cli;

import io.scalekv.cache.Budget;
import io.scalekv.cache.BudgetPlan;
import io.scalekv.cache.CacheType;
import io.scalekv.cache.MemoryModel;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.model.ModelConfig;
import io.scalekv.profile.LayerMetric;
import io.scalekv.profile.ProfileOptions;
import io.scalekv.profile.TopKeys;
import java.util.OptionalInt;
import picocli.CommandLine.Option;

/** What roles are told by: the metric and how it is sampled, and the budget that cuts caches. */
final class RoleOptions implements CheckedOptions {
  @Option(
      names = "--budget",
      paramLabel = "B",
      defaultValue = "10%",
      description =
          "Mean cache of a layer and head: 10%%, 650t (tokens), paper-20, paper-10, paper-4 or"
              + " 3900MiB (default: 10%%).")
  private String budget = "10%";

  @Option(
      names = "--batch",
      paramLabel = "N",
      defaultValue = "1",
      description = "Images a generation, for budgets in MiB (default: ${DEFAULT-VALUE}).")
  private int batch = 1;

  @Option(
      names = "--metric",
      paramLabel = "NAME",
      defaultValue = "asi",
      description =
          "What roles are told by: asi, current-ratio, history-topk, entropy, effective-keys,"
              + " cut-change (what a simulated cut changes), … (default: ${DEFAULT-VALUE}).")
  private String metric = "asi";

  @Option(
      names = "--top-k",
      paramLabel = "K'",
      defaultValue = "5%",
      description =
          "History keys of the selectivity index: a share of the history or a number"
              + " (default: 5%%).")
  private String topK = "5%";

  @Option(
      names = "--drafters",
      paramLabel = "N",
      description =
          "Number of drafter pairs N_d of classifier rank (default: 6.5%% of the pairs that read a"
              + " cut cache).")
  private Integer drafters;

  @Option(
      names = "--query-samples",
      paramLabel = "N|all",
      defaultValue = "64",
      description = "Query rows looked at per map (default: ${DEFAULT-VALUE}).")
  private String querySamples = "64";

  @Override
  public void check() {
    budget();
    Check.range("--batch", batch, 1, 1_000_000);
    metric();
    TopKeys.parse(topK);
    rows(querySamples);
  }

  /** The budget. */
  Budget budget() {
    return Budget.parse(budget);
  }

  /** Images a generation. */
  int batch() {
    return batch;
  }

  /** The metric. */
  LayerMetric metric() {
    return LayerMetric.ofCliName(metric);
  }

  /** N_d, if given. */
  OptionalInt drafters() {
    return drafters == null ? OptionalInt.empty() : OptionalInt.of(drafters);
  }

  /** How attention is sampled. */
  ProfileOptions profile(long seed) {
    return ProfileOptions.defaults()
        .withSeed(seed)
        .withQuerySamples(rows(querySamples))
        .withHistoryTopK(TopKeys.parse(topK));
  }

  /** The mean budget in tokens per layer and head. */
  int budgetTokens(ModelConfig config, ScaleSchedule schedule) {
    MemoryModel memory = config.geometry().memory(CacheType.FP32, CacheType.FP32, 2, batch);
    int layers = config.geometry().layers();
    return budget().tokens(schedule, memory, b -> BudgetPlan.uniform(schedule, layers, b));
  }

  /** First scale that reads a cut cache at this budget. */
  int firstCutScale(ModelConfig config, ScaleSchedule schedule) {
    return BudgetPlan.firstCutScale(schedule, budgetTokens(config, schedule));
  }

  /** The same, where roles are asked for: an error where no scale reads a cut cache. */
  int firstRankedScale(ModelConfig config, ScaleSchedule schedule) {
    int first = firstCutScale(config, schedule);
    if (first == schedule.scales()) {
      throw new IllegalArgumentException(
          "--budget: fewer than the %d tokens of the history expected, or no layer has a role; got %s"
              .formatted(schedule.historyTokens(), budget));
    }
    return first;
  }

  /** Reads a number of query rows, or {@code all}. */
  static int rows(String text) {
    if (text.equals("all")) {
      return ProfileOptions.ALL;
    }
    try {
      int rows = Integer.parseInt(text);
      Check.range("--query-samples", rows, 1, Integer.MAX_VALUE);
      return rows;
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(
          "--query-samples: a whole number or all expected, got " + text, e);
    }
  }
}
