package io.scalekv.cache.policy;

import io.scalekv.cache.KeepScorer;
import io.scalekv.cache.ScoredPolicy;
import io.scalekv.cache.TokenMap;
import java.util.Map;

/**
 * What the last queries of the newest map attend to, averaged over neighbours, and the tokens of
 * those queries (Li et al., SnapKV, arXiv 2404.14469, section 4). The window shrinks to the map;
 * its tokens take at most half the budget. No causal mask: tokens of a map see each other.
 */
final class SnapKv {
  static final Map<String, String> SETTINGS =
      Map.of(
          "w", "queries of the window (32)",
          "kernel", "odd number of tokens averaged along each axis (5)",
          "window", "last (default), or grid: spread over the newest map",
          "pool", Pooling.WORDS);

  static final PolicyKind KIND =
      new PolicyKind(
          "snapkv",
          "Li et al., SnapKV, arXiv 2404.14469",
          SETTINGS,
          (spec, c) -> ScoredPolicy.of(spec.toString(), c.uniform(), scorer(spec, c.budget())));

  private static final int QUERIES = 32;

  private SnapKv() {}

  /** The setting {@code w}. */
  static int queries(PolicySpec spec) {
    return spec.integer("w", QUERIES, 1, Integer.MAX_VALUE);
  }

  /**
   * The scorer of these settings.
   *
   * @param budget mean tokens per layer and head
   */
  static KeepScorer scorer(PolicySpec spec, int budget) {
    int w = queries(spec);
    boolean grid = spec.choice("window", "last", "grid").equals("grid");
    return new ObservedAttention(
        a -> {
          TokenMap map = a.schedule().map(a.scale());
          return grid
              ? ObservationWindow.grid(map, ObservationWindow.side(Math.min(w, map.tokens())))
              : ObservationWindow.last(map, w);
        },
        budget / 2,
        Pooling.of(spec),
        Pooling.kernel(spec));
  }
}
