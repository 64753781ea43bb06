package io.scalekv.cache.policy;

import io.scalekv.cache.BudgetPlan;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.ScoredPolicy;
import io.scalekv.io.Require;
import java.util.List;

/**
 * Diagnostic policy: compresses the cache of a single layer to the budget. Tokens are selected as
 * in ScaleKV ({@link ScaleKv#scorer}). With {@code scale=k} the layer is compressed once, for scale
 * k, and retains what comes later.
 */
final class OneLayer {
  private static final Setting<Integer> LAYER =
      Setting.integer("layer", 0, 0, 999, "the compressed layer, from 0");
  private static final Setting<Integer> SCALE =
      Setting.integer(
          "scale", -1, -1, 99, "the only scale that reads it compressed, from 0; -1 for all");

  static final PolicyKind KIND =
      PolicyKind.of(
          "one-layer",
          "all tokens, but the budget in one layer",
          "diagnostic: importance of a layer's cache",
          List.of(LAYER, SCALE),
          (spec, c) -> ScoredPolicy.of(spec.toString(), plan(spec, c), ScaleKv.scorer()));

  private OneLayer() {}

  private static BudgetPlan plan(PolicySpec spec, PolicyContext c) {
    ScaleSchedule s = c.schedule();
    int layer = LAYER.of(spec);
    int only = SCALE.of(spec);
    Require.between("policy one-layer: layer", layer, 0, c.layers() - 1);
    Require.that(
        only == -1 || (only >= 1 && only < s.scales()),
        "policy one-layer: scale must be between 1 and %d, got %d",
        s.scales() - 1,
        only);
    int[][][] tokens = new int[s.scales()][c.layers()][1];
    for (int k = 1; k < s.scales(); k++) {
      for (int l = 0; l < c.layers(); l++) {
        int stored = tokens[k - 1][l][0] + s.tokens(k - 1);
        boolean compressed = l == layer && (only < 0 || only == k);
        tokens[k][l][0] = compressed ? Math.min(stored, c.budget()) : stored;
      }
    }
    return BudgetPlan.ofHeads(s, Math.max(1, s.historyTokens()), tokens);
  }
}
