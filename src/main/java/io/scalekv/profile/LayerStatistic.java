package io.scalekv.profile;

import io.scalekv.io.Require;
import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * Statistic of the attention of one layer at one scale, conditional branch: a number by which roles
 * can be assigned.
 *
 * <p>E means the expectation over query rows, heads and prompts. After multiplication by {@link
 * #sign()} a low value indicates a drafter, whatever the statistic. NaN where a prefix is needed
 * and there is none (the first scale).
 */
public enum LayerStatistic {
  /**
   * Attention Selectivity Index, E[current mass] · E[prefix top-K' sum], each factor averaged over
   * query rows, heads and prompts before they are multiplied; in [0, 1]. High = refiner. Li et al.,
   * "Memory-Efficient Visual Autoregressive Modeling with Scale-Aware KV Cache Compression", eq. 2.
   */
  ASI(
      "asi",
      "Attention Selectivity Index",
      Unit.SHARE,
      true,
      c -> c.mean(HeadStatistic.CURRENT_MASS) * c.mean(HeadStatistic.HISTORY_TOP_K)),
  /** ASI with the top-K' sum taken on the head-averaged row; in [0, 1]. High = refiner. */
  ASI_AVERAGED(
      "asi-averaged",
      "ASI, head-averaged",
      Unit.SHARE,
      true,
      c -> c.averagedRow(HeadStatistic.CURRENT_MASS) * c.averagedRow(HeadStatistic.HISTORY_TOP_K)),
  /** E[current mass], in [0, 1]. High = refiner. */
  CURRENT_RATIO(
      "current-ratio",
      "Attention on the current map",
      Unit.SHARE,
      true,
      c -> c.mean(HeadStatistic.CURRENT_MASS)),
  /** E[prefix top-K' sum] per head, in [0, 1]. High = refiner. */
  HISTORY_TOPK(
      "history-topk", "Prefix top-K'", Unit.SHARE, true, c -> c.mean(HeadStatistic.HISTORY_TOP_K)),
  /** E[prefix top-K' sum] of the head-averaged row, in [0, 1]. High = refiner. */
  HISTORY_TOPK_AVERAGED(
      "history-topk-averaged",
      "Prefix top-K', head-averaged",
      Unit.SHARE,
      true,
      c -> c.averagedRow(HeadStatistic.HISTORY_TOP_K)),
  /** E[entropy] in nats over all keys, in [0, ln T]. High = drafter. */
  ENTROPY("entropy", "Entropy over all keys", Unit.NATS, false, c -> c.mean(HeadStatistic.ENTROPY)),
  /** E[exp entropy] over all keys, in [1, T]. High = drafter. */
  EFFECTIVE_KEYS(
      "effective-keys",
      "Effective keys, all",
      Unit.KEYS,
      false,
      c -> c.mean(HeadStatistic.EFFECTIVE_KEYS)),
  /** E[entropy] in nats of the renormalised history part, in [0, ln |P|]. High = drafter. */
  HISTORY_ENTROPY(
      "history-entropy",
      "Entropy over the prefix",
      Unit.NATS,
      false,
      c -> c.mean(HeadStatistic.HISTORY_ENTROPY)),
  /** E[exp entropy] of the renormalised history part, in [1, |P|]. High = drafter. */
  HISTORY_EFFECTIVE_KEYS(
      "history-effective-keys",
      "Effective keys, prefix",
      Unit.KEYS,
      false,
      c -> c.mean(HeadStatistic.HISTORY_EFFECTIVE_KEYS)),
  /** E[entropy] in nats of the renormalised current part, in [0, ln |C|]. High = drafter. */
  CURRENT_ENTROPY(
      "current-entropy",
      "Entropy over the current map",
      Unit.NATS,
      false,
      c -> c.mean(HeadStatistic.CURRENT_ENTROPY)),
  /** E[exp entropy] of the renormalised current part, in [1, |C|]. High = drafter. */
  CURRENT_EFFECTIVE_KEYS(
      "current-effective-keys",
      "Effective keys, current map",
      Unit.KEYS,
      false,
      c -> c.mean(HeadStatistic.CURRENT_EFFECTIVE_KEYS)),
  /** E[Gini coefficient of the row], in [0, 1). High = refiner. */
  GINI("gini", "Gini coefficient", Unit.NONE, true, c -> c.mean(HeadStatistic.GINI)),
  /** E[attention on the sinks], in [0, 1]. High = refiner: few prefix tokens suffice. */
  SINK_MASS(
      "sink-mass",
      "Attention on the sinks",
      Unit.SHARE,
      true,
      c -> c.mean(HeadStatistic.SINK_MASS)),
  /** E[distance within the current map], in [0, √2). High = drafter. */
  CURRENT_DISTANCE(
      "current-distance",
      "Distance on the current map",
      Unit.SIDES,
      false,
      c -> c.mean(HeadStatistic.CURRENT_DISTANCE)),
  /** E[distance over all keys], in [0, √2). High = drafter. */
  DISTANCE(
      "distance", "Distance over all keys", Unit.SIDES, false, c -> c.mean(HeadStatistic.DISTANCE)),
  /**
   * Jensen-Shannon divergence in nats of the H heads' rows, E[H(mean row) − mean of H(row)], in [0,
   * ln H]. High = drafter: the heads together need more keys.
   */
  HEAD_DISAGREEMENT(
      "head-disagreement",
      "Head disagreement",
      Unit.NATS,
      false,
      c -> Math.max(0, c.averagedRow(HeadStatistic.ENTROPY) - c.mean(HeadStatistic.ENTROPY))),
  /**
   * E[√(Σ_h (m_h − m̄)² / H)], m_h the mean share that head h gives the current map, m̄ their mean:
   * the standard deviation over the H heads, taken in each prompt; in [0, ½]. High = drafter, as
   * with {@link #HEAD_DISAGREEMENT}, which compares the rows themselves.
   */
  HEAD_SPREAD(
      "head-spread",
      "Head spread of current-map attention",
      Unit.SHARE,
      false,
      c -> c.headDeviation(HeadStatistic.CURRENT_MASS)),
  /** E[attention on the previous map], in [0, 1]. High = refiner: older maps are not needed. */
  PREVIOUS_MAP(
      "previous-map", "Attention on the previous map", Unit.SHARE, true, Averages::previousMapMass),
  /**
   * E[exp(−Σ_s M_s ln M_s)], M_s a prompt's mean share of attention on the keys of map s, over all
   * maps up to the current one: how many maps the attention is spread over, in [1, k + 1]. High =
   * drafter.
   */
  EFFECTIVE_MAPS("effective-maps", "Effective maps", Unit.MAPS, false, Averages::effectiveMaps),
  /**
   * E[total variation between the conditional and the unconditional row], in [0, 1]; NaN without
   * guidance. High = drafter, by convention only: the keys that are read depend on the text.
   */
  BRANCH_DRIFT(
      "branch-drift",
      "Guidance branch drift",
      Unit.SHARE,
      false,
      c -> c.mean(HeadStatistic.BRANCH_DRIFT)),
  /**
   * E[‖o_full − o_cut‖ / ‖o_full‖] of all heads together with a simulated refiner's cache, at least
   * 0. High = drafter: a small cache changes this layer's output most. Measured at a budget only.
   */
  CUT_ERROR(
      "cut-error",
      "Output error of a simulated cut",
      Unit.NONE,
      false,
      c -> c.averagedRow(HeadStatistic.CUT_ERROR)),
  /** The same as a root mean square, not divided by the output's size. High = drafter. */
  CUT_CHANGE(
      "cut-change",
      "Output change of a simulated cut",
      Unit.VALUES,
      false,
      c -> c.averagedRow(HeadStatistic.CUT_CHANGE));

  private final String cliName;
  private final String title;
  private final Unit unit;
  private final boolean highMeansRefiner;
  private final ToDoubleFunction<Averages> formula;

  LayerStatistic(
      String cliName,
      String title,
      Unit unit,
      boolean highMeansRefiner,
      ToDoubleFunction<Averages> formula) {
    this.cliName = cliName;
    this.title = title;
    this.unit = unit;
    this.highMeansRefiner = highMeansRefiner;
    this.formula = formula;
  }

  /** Unit of a statistic. */
  public enum Unit {
    /** A share of the attention, or a product of shares. */
    SHARE("share of attention"),
    /** Natural units of information. */
    NATS("nats"),
    /** A number of keys. */
    KEYS("keys"),
    /** A number of token maps. */
    MAPS("token maps"),
    /** A length, where the sides of the image are 1. */
    SIDES("image sides"),
    /** The unit of attention's values. */
    VALUES("value"),
    /** A coefficient without a unit. */
    NONE("coefficient");

    private final String label;

    Unit(String label) {
      this.label = label;
    }

    /** Returns the name on axes and in files. */
    public String label() {
      return label;
    }
  }

  /** Averages over the heads of one prompt at one (layer, scale), conditional branch. */
  interface Averages {
    /** Returns the mean over the heads. */
    double mean(HeadStatistic statistic);

    /** Statistic of the head-averaged row. */
    double averagedRow(HeadStatistic statistic);

    /** Returns the standard deviation over the heads, with divisor H. */
    double headDeviation(HeadStatistic statistic);

    /** Returns the mean over the heads of the share of the previous map; NaN without a prefix. */
    double previousMapMass();

    /** Exponential of the entropy of the shares per map, averaged over the heads. */
    double effectiveMaps();
  }

  double of(Averages averages) {
    return formula.applyAsDouble(averages);
  }

  /** Returns the name on the command line and in files, such as {@code current-ratio}. */
  public String cliName() {
    return cliName;
  }

  /** Returns the name in figures, such as {@code Effective keys, prefix}. */
  public String title() {
    return title;
  }

  /** Unit. */
  public Unit unit() {
    return unit;
  }

  /** Returns whether a high value indicates a refiner. */
  public boolean highMeansRefiner() {
    return highMeansRefiner;
  }

  /** Returns whether it is measured at a budget: {@link ProfileOptions#cutTokens()}. */
  public boolean needsBudget() {
    return this == CUT_ERROR || this == CUT_CHANGE;
  }

  /** +1 if high means refiner, −1 if high means drafter. */
  public int sign() {
    return highMeansRefiner ? 1 : -1;
  }

  /** Returns the statistic with this command-line name. */
  public static LayerStatistic ofCliName(String name) {
    return Require.oneOf("statistic", name, List.of(values()), LayerStatistic::cliName);
  }
}
