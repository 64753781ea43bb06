package io.scalekv.cache.policy;

import io.scalekv.cache.BudgetPlan;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.ScoredPolicy;
import java.util.Map;

/**
 * Cuts the cache of one layer alone to the budget and leaves all others whole: what that layer's
 * cache is worth. Not a way to save memory. Tokens are chosen as ScaleKV does ({@link
 * ScaleKv#scorer}). With {@code scale=k} the layer is cut once, for map k (0-based), and what comes
 * later is kept.
 */
final class OneLayer {
  static final PolicyKind KIND =
      new PolicyKind(
          "one-layer",
          "a measurement: one layer holds the budget, all others everything",
          Map.of(
              "layer", "the layer that is cut, from 0 (0)",
              "scale", "the only map that reads it cut, from 0 (all of them)"),
          (spec, c) -> ScoredPolicy.of(spec.toString(), plan(spec, c), ScaleKv.scorer()));

  private OneLayer() {}

  private static BudgetPlan plan(PolicySpec spec, PolicyContext c) {
    ScaleSchedule s = c.schedule();
    int layer = spec.integer("layer", 0, 0, c.layers() - 1);
    int only = spec.integer("scale", -1, 1, s.scales() - 1);
    int[][][] tokens = new int[s.scales()][c.layers()][1];
    for (int k = 1; k < s.scales(); k++) {
      for (int l = 0; l < c.layers(); l++) {
        int held = tokens[k - 1][l][0] + s.tokens(k - 1);
        boolean cut = l == layer && (only < 0 || only == k);
        tokens[k][l][0] = cut ? Math.min(held, c.budget()) : held;
      }
    }
    return BudgetPlan.ofHeads(s, Math.max(1, s.historyTokens()), tokens);
  }
}
