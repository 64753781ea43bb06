package io.scalekv.cache.policy;

import io.scalekv.cache.BudgetPlan;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.ScoredPolicy;
import io.scalekv.io.Require;
import java.util.List;

/**
 * Diagnostic policy: compresses the cache of a single layer to the budget. Tokens are selected as
 * in ScaleKV ({@link ScaleKv#scorer}). With {@code scale=k} the layer is compressed once, for scale
 * k, and retains all later tokens.
 */
final class OneLayer {
  private static final Setting<Integer> LAYER =
      Setting.integer("layer", 0, 0, 999, "the compressed layer, from 0");
  private static final Setting<Integer> SCALE =
      Setting.integer(
          "scale", 0, 0, 99, "the only scale that reads it compressed, from 1; 0 for all");

  static final PolicyKind KIND =
      PolicyKind.of(
          "one-layer",
          "all tokens, but the budget in one layer",
          "diagnostic: importance of a layer's cache",
          List.of(LAYER, SCALE),
          (spec, c) -> ScoredPolicy.of(spec.toString(), plan(spec, c), ScaleKv.scorer()));

  private OneLayer() {}

  private static BudgetPlan plan(PolicySpec spec, PolicyContext c) {
    int scales = c.schedule().scales();
    int layer = LAYER.of(spec);
    int only = SCALE.of(spec);
    Require.between("policy one-layer: layer", layer, 0, c.layers() - 1);
    Require.that(
        only == 0 || (only >= 2 && only <= scales),
        "policy one-layer: scale must be 0 or between 2 and %d, got %d",
        scales,
        only);
    return plan(c.schedule(), c.layers(), c.budget(), layer, only - 1);
  }

  /**
   * Returns the plan that compresses one layer.
   *
   * @param only the only scale, from 0, that reads it compressed; -1 for all
   */
  static BudgetPlan plan(ScaleSchedule s, int layers, int budget, int layer, int only) {
    int[][][] tokens = new int[s.scales()][layers][1];
    for (int k = 1; k < s.scales(); k++) {
      for (int l = 0; l < layers; l++) {
        int stored = tokens[k - 1][l][0] + s.tokens(k - 1);
        boolean compressed = l == layer && (only < 0 || only == k);
        tokens[k][l][0] = compressed ? Math.min(stored, budget) : stored;
      }
    }
    return BudgetPlan.ofHeads(s, Math.max(1, s.historyTokens()), tokens);
  }
}
