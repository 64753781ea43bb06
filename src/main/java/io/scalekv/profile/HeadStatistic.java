package io.scalekv.profile;

/**
 * Statistic of a softmax row p over the T cached keys and averaged over the sampled rows of a
 * prompt: {@link #CURRENT_MASS}, {@link #HISTORY_TOP_K}, {@link #SINK_MASS} and the masses of the
 * source scales over all of them, the rest (and everything in the unconditional branch) over the
 * first {@link ProfileOptions#detailRows()}. C are the keys of the current map, P those of the
 * earlier maps (the prefix), m_C and m_P their shares of the attention. Statistics of P are
 * undefined (NaN) at scale 0, which has no prefix. A row that gives a part less than 1e-30 does not
 * count for the statistics that renormalise this part.
 */
public enum HeadStatistic {
  /** m_C = Σ_{j∈C} p_j, in [0, 1]. */
  CURRENT_MASS("current-mass"),
  /** Sum of the K' largest p_j, j∈P, in [0, m_P]. */
  HISTORY_TOP_K("history-topk"),
  /** H = −Σ p_j ln p_j in nats, in [0, ln T]. */
  ENTROPY("entropy"),
  /** exp(H) of the row, in [1, T]; the mean over rows is taken after the exponential. */
  EFFECTIVE_KEYS("effective-keys"),
  /** Entropy in nats of p_j / m_P over the prefix, in [0, ln |P|]. */
  HISTORY_ENTROPY("history-entropy"),
  /** exp of the row's history entropy, in [1, |P|]. */
  HISTORY_EFFECTIVE_KEYS("history-effective-keys"),
  /** Entropy in nats of p_j / m_C over the current map, in [0, ln |C|]. */
  CURRENT_ENTROPY("current-entropy"),
  /** exp of the row's entropy over the current map, in [1, |C|]. */
  CURRENT_EFFECTIVE_KEYS("current-effective-keys"),
  /**
   * Gini coefficient Σ_i (2i − T − 1) p_(i) / (T Σ p), p_(1) ≤ … ≤ p_(T): 0 for uniform attention,
   * 1 − 1/T for one key. Measured on the first {@link ProfileOptions#SORTED_ROWS} sampled rows of
   * the conditional branch; NaN in the other.
   */
  GINI("gini"),
  /** Share of the first {@link ProfileOptions#SINK_TOKENS} tokens of the prefix, in [0, m_P]. */
  SINK_MASS("sink-mass"),
  /**
   * Σ_{j∈C} p_j d_j / m_C: mean distance on the current map. d_j is Euclidean between the centres
   * ((row + ½)/height, (column + ½)/width) of query and key, so the image has sides of 1; in [0,
   * √2).
   */
  CURRENT_DISTANCE("current-distance"),
  /** Σ_j p_j d_j over all keys, each at its centre on its own map; in [0, √2). */
  DISTANCE("distance"),
  /**
   * ½ Σ_j |p_j − p'_j|, p the conditional and p' the unconditional row of the same query position:
   * total variation, in [0, 1]. Kept with the conditional branch; NaN without guidance.
   */
  BRANCH_DRIFT("branch-drift"),
  /**
   * ‖o_full − o_cut‖ / ‖o_full‖ over all queries of the map, o the attention's output: what a layer
   * loses that holds {@link ProfileOptions#cutTokens()} tokens of its history, chosen as ScaleKV
   * does; see {@link CutError}. For one head, or for all heads together where it stands next to the
   * averaged row. NaN where the prefix is no longer than that, or where no cut was asked for.
   */
  CUT_ERROR("cut-error"),
  /** ‖o_full − o_cut‖ / √(values): the same as a root mean square, in the unit of the values. */
  CUT_CHANGE("cut-change");

  private final String label;

  HeadStatistic(String label) {
    this.label = label;
  }

  /** Returns the name used in files. */
  public String label() {
    return label;
  }
}
