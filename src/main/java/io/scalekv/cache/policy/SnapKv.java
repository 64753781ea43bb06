package io.scalekv.cache.policy;

import io.scalekv.cache.ScoredPolicy;
import io.scalekv.cache.TokenMap;
import io.scalekv.cache.TokenScorer;
import java.util.List;

/**
 * SnapKV policy (Li et al., arXiv 2404.14469, section 4): retains the tokens that a window of
 * queries of the newest map attends to, averaged over neighbours, and the window. The window
 * shrinks to the map; its tokens take at most half of the budget. No causal mask: tokens of a map
 * see each other.
 */
final class SnapKv {
  private static final Setting<Integer> QUERIES =
      Setting.integer("w", 32, 1, 9999, "queries of the window");
  private static final Setting<String> WINDOW =
      Setting.choice(
          "window",
          "queries of the window: the last ones, or a grid over the newest map",
          List.of("last", "grid"));

  static final List<Setting<?>> SETTINGS = List.of(QUERIES, Pooling.WIDTH, WINDOW, Pooling.SETTING);

  static final PolicyKind KIND =
      PolicyKind.of(
          "snapkv",
          "tokens that a window of queries attends to, and the window",
          "Li et al., SnapKV, arXiv 2404.14469",
          SETTINGS,
          (spec, c) -> ScoredPolicy.of(spec.toString(), c.uniform(), scorer(spec, c.budget())));

  private SnapKv() {}

  /** Returns the setting {@code w}. */
  static int queries(PolicySpec spec) {
    return QUERIES.of(spec);
  }

  /**
   * Returns the scorer of these settings.
   *
   * @param budget mean tokens per layer and head
   */
  static TokenScorer scorer(PolicySpec spec, int budget) {
    int w = queries(spec);
    boolean grid = WINDOW.of(spec).equals("grid");
    return new ObservedAttention(
        in -> {
          TokenMap map = in.schedule().map(in.scale());
          return grid
              ? ObservationWindow.grid(map, ObservationWindow.side(Math.min(w, map.tokens())))
              : ObservationWindow.last(map, w);
        },
        (in, most) -> Math.min(most, budget / 2),
        Pooling.SETTING.of(spec),
        Pooling.WIDTH.of(spec),
        false,
        true);
  }
}
