package io.scalekv.profile;

import java.util.Arrays;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;

/**
 * One number per (layer, scale) of the conditional branch, from which roles can be told apart.
 *
 * <p>E means the expectation over query rows, heads and prompts. Multiply by {@link #sign()} and a
 * low value speaks for a drafter, whatever the metric. NaN where the history is needed and there is
 * none (scale 0).
 */
public enum LayerMetric {
  /**
   * Attention Selectivity Index, E[current mass] · E[history top-K' sum], each factor averaged over
   * query rows, heads and prompts before they are multiplied; in [0, 1]. High = refiner. Li et al.,
   * "Memory-Efficient Visual Autoregressive Modeling with Scale-Aware KV Cache Compression", eq. 2.
   */
  ASI("asi", true, c -> c.mean(HeadStatistic.CURRENT_MASS) * c.mean(HeadStatistic.HISTORY_TOP_K)),
  /** ASI with the top-K' sum taken on the head-averaged row; in [0, 1]. High = refiner. */
  ASI_AVERAGED(
      "asi-averaged",
      true,
      c -> c.averagedRow(HeadStatistic.CURRENT_MASS) * c.averagedRow(HeadStatistic.HISTORY_TOP_K)),
  /** E[current mass], in [0, 1]. High = refiner. */
  CURRENT_RATIO("current-ratio", true, c -> c.mean(HeadStatistic.CURRENT_MASS)),
  /** E[history top-K' sum] per head, in [0, 1]. High = refiner. */
  HISTORY_TOPK("history-topk", true, c -> c.mean(HeadStatistic.HISTORY_TOP_K)),
  /** E[history top-K' sum] of the head-averaged row, in [0, 1]. High = refiner. */
  HISTORY_TOPK_AVERAGED(
      "history-topk-averaged", true, c -> c.averagedRow(HeadStatistic.HISTORY_TOP_K)),
  /** E[entropy] in nats over all keys, in [0, ln T]. High = drafter. */
  ENTROPY("entropy", false, c -> c.mean(HeadStatistic.ENTROPY)),
  /** E[exp entropy] over all keys, in [1, T]. High = drafter. */
  EFFECTIVE_KEYS("effective-keys", false, c -> c.mean(HeadStatistic.EFFECTIVE_KEYS)),
  /** E[entropy] in nats of the renormalised history part, in [0, ln |P|]. High = drafter. */
  HISTORY_ENTROPY("history-entropy", false, c -> c.mean(HeadStatistic.HISTORY_ENTROPY)),
  /** E[exp entropy] of the renormalised history part, in [1, |P|]. High = drafter. */
  HISTORY_EFFECTIVE_KEYS(
      "history-effective-keys", false, c -> c.mean(HeadStatistic.HISTORY_EFFECTIVE_KEYS)),
  /** E[exp entropy] of the renormalised current part, in [1, |C|]. High = drafter. */
  CURRENT_EFFECTIVE_KEYS(
      "current-effective-keys", false, c -> c.mean(HeadStatistic.CURRENT_EFFECTIVE_KEYS)),
  /** E[Gini coefficient of the row], in [0, 1). High = refiner. */
  GINI("gini", true, c -> c.mean(HeadStatistic.GINI)),
  /** E[attention on the sinks], in [0, 1]. High = refiner: few history tokens would do. */
  SINK_MASS("sink-mass", true, c -> c.mean(HeadStatistic.SINK_MASS)),
  /** E[distance within the current map], in [0, √2). High = drafter. */
  CURRENT_DISTANCE("current-distance", false, c -> c.mean(HeadStatistic.CURRENT_DISTANCE)),
  /** E[distance over all keys], in [0, √2). High = drafter. */
  DISTANCE("distance", false, c -> c.mean(HeadStatistic.DISTANCE)),
  /**
   * Jensen-Shannon divergence in nats of the H heads' rows, E[H(mean row) − mean of H(row)], in [0,
   * ln H]. High = drafter: the heads together need more keys.
   */
  HEAD_DISAGREEMENT(
      "head-disagreement",
      false,
      c -> Math.max(0, c.averagedRow(HeadStatistic.ENTROPY) - c.mean(HeadStatistic.ENTROPY))),
  /**
   * E[total variation between the conditional and the unconditional row], in [0, 1]; NaN without
   * guidance. High = drafter, by convention only: the keys that are read depend on the text.
   */
  BRANCH_DRIFT("branch-drift", false, c -> c.mean(HeadStatistic.BRANCH_DRIFT));

  private final String cliName;
  private final boolean highMeansRefiner;
  private final ToDoubleFunction<Cell> formula;

  LayerMetric(String cliName, boolean highMeansRefiner, ToDoubleFunction<Cell> formula) {
    this.cliName = cliName;
    this.highMeansRefiner = highMeansRefiner;
    this.formula = formula;
  }

  /** The statistics of one (layer, scale), conditional branch, that a metric is computed from. */
  interface Cell {
    /** Mean over prompts and heads. */
    double mean(HeadStatistic statistic);

    /** Mean over prompts of the statistic of the head-averaged row. */
    double averagedRow(HeadStatistic statistic);
  }

  double of(Cell cell) {
    return formula.applyAsDouble(cell);
  }

  /** The name on the command line and in files, such as {@code current-ratio}. */
  public String cliName() {
    return cliName;
  }

  /** Whether a high value speaks for a refiner. */
  public boolean highMeansRefiner() {
    return highMeansRefiner;
  }

  /** +1 if high means refiner, −1 if high means drafter. */
  public int sign() {
    return highMeansRefiner ? 1 : -1;
  }

  /** The metric with this command-line name. */
  public static LayerMetric ofCliName(String name) {
    for (LayerMetric m : values()) {
      if (m.cliName.equals(name)) {
        return m;
      }
    }
    throw new IllegalArgumentException(
        "metric: one of "
            + Arrays.stream(values()).map(LayerMetric::cliName).collect(Collectors.joining(", "))
            + " expected, got \""
            + name
            + "\"");
  }
}
