package io.scalekv.cache.policy;

import io.scalekv.cache.Allocation;
import io.scalekv.cache.Attended;
import io.scalekv.cache.BudgetPlan;
import io.scalekv.cache.KeepScorer;
import io.scalekv.cache.ScoredPolicy;
import java.util.Arrays;
import java.util.Map;

/**
 * ScaleKV as its paper describes it (Li et al., arXiv 2505.19602, eq. 4 and 5): drafters hold more
 * than refiners, scale by scale; the centres of a grid on the newest map stay, and of the others
 * those that the centres' queries attend to most, averaged over five neighbours in the cache.
 *
 * <p>The grid shrinks with map and budget: ⌊√min(16, n_k, b/4)⌋² centres, at least one, where b are
 * the tokens that the layer keeps.
 */
public final class ScaleKv {
  static final PolicyKind KIND =
      new PolicyKind(
          "scalekv",
          "Li et al., ScaleKV, arXiv 2505.19602, the paper",
          Map.of(
              "allocation",
                  "how drafters and refiners share: released (default), paper or"
                      + " paper:START:DECAY",
              "kernel", "odd number of tokens averaged (5)",
              "pool",
                  "neighbours in the cache (1d-cache), in the map's rows (1d-map) or map (2d-map)"),
          (spec, c) ->
              ScoredPolicy.of(
                  spec.toString(),
                  plan(spec, c, allocation(spec)),
                  scorer(Pooling.of(spec), Pooling.kernel(spec))));

  private static final int WINDOW = 16;

  private ScaleKv() {}

  private static Allocation allocation(PolicySpec spec) {
    try {
      return Allocation.parse(spec.text("allocation", "released"));
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("policy " + spec.name() + ": " + e.getMessage(), e);
    }
  }

  /** Budgets by the measured roles. */
  static BudgetPlan plan(PolicySpec spec, PolicyContext c, Allocation allocation) {
    boolean[][] drafters =
        PolicyCalibration.required(
            c.calibration().drafters(), spec.name(), "drafters and refiners");
    if (drafters.length != c.layers()) {
      throw new IllegalArgumentException(
          String.format(
              "policy %s: roles of %d layers expected, got %d",
              spec.name(), c.layers(), drafters.length));
    }
    return BudgetPlan.of(c.schedule(), c.budget(), drafters, allocation);
  }

  /** The paper's choice of tokens, for any plan. */
  public static KeepScorer scorer() {
    return scorer(Pooling.CACHE, Pooling.KERNEL);
  }

  private static KeepScorer scorer(Pooling pooling, int kernel) {
    return new ObservedAttention(ScaleKv::window, Integer.MAX_VALUE, pooling, kernel);
  }

  private static ObservationWindow window(Attended a) {
    int budget = Arrays.stream(a.budget()).min().orElseThrow();
    int most = Math.min(Math.min(WINDOW, a.current()), budget / 4);
    int g = Math.max(1, ObservationWindow.side(most));
    return ObservationWindow.grid(a.schedule().map(a.scale()), g);
  }
}
