package io.scalekv.cache.policy;

import io.scalekv.cache.Allocation;
import io.scalekv.cache.Attended;
import io.scalekv.cache.BudgetPlan;
import io.scalekv.cache.KeepScorer;
import io.scalekv.cache.ScoredPolicy;
import java.util.Arrays;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

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
              "drafters",
                  "by hand, layer@scale joined by +, from 0: 5@6+2@5, or none (those of the"
                      + " calibration)",
              "kernel", "odd number of tokens averaged (5)",
              "pool", Pooling.WORDS,
              "queries", "whose: attention (default), or projection as in the released code",
              "score", "softmax (default), or logits as in the released code",
              "window", "paper (default), or released: 16 tokens, however small the budget"),
          (spec, c) ->
              ScoredPolicy.of(spec.toString(), plan(spec, c, allocation(spec)), scorer(spec)));

  private static final int WINDOW = 16;
  private static final Pattern PAIR = Pattern.compile("([0-9]{1,4})@([0-9]{1,4})");

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
    String byHand = spec.text("drafters", "");
    boolean[][] drafters =
        byHand.isEmpty()
            ? PolicyCalibration.required(
                c.calibration().drafters(), spec.name(), "drafters and refiners")
            : drafters(byHand, c);
    if (drafters.length != c.layers()) {
      throw new IllegalArgumentException(
          String.format(
              "policy %s: roles of %d layers expected, got %d",
              spec.name(), c.layers(), drafters.length));
    }
    return BudgetPlan.of(c.schedule(), c.budget(), drafters, allocation);
  }

  /** Reads {@code 5@6+2@5}, or {@code none}. */
  private static boolean[][] drafters(String text, PolicyContext c) {
    boolean[][] drafters = new boolean[c.layers()][c.schedule().scales()];
    for (String pair : text.equals("none") ? new String[0] : text.split("\\+", -1)) {
      Matcher m = PAIR.matcher(pair);
      int layer = m.matches() ? Integer.parseInt(m.group(1)) : c.layers();
      int scale = layer < c.layers() ? Integer.parseInt(m.group(2)) : 0;
      if (scale < 1 || scale >= c.schedule().scales()) {
        throw new IllegalArgumentException(
            String.format(
                "policy scalekv: drafters: layer@scale below %d@%d joined by + expected, got %s",
                c.layers(), c.schedule().scales(), pair));
      }
      drafters[layer][scale] = true;
    }
    return drafters;
  }

  /** The paper's choice of tokens, for any plan. */
  public static KeepScorer scorer() {
    return new ObservedAttention(ScaleKv::window, Integer.MAX_VALUE, Pooling.CACHE, Pooling.KERNEL);
  }

  /** The paper's choice with what the settings take from the released code. */
  private static KeepScorer scorer(PolicySpec spec) {
    return new ObservedAttention(
        spec.choice("window", "paper", "released").equals("paper")
            ? ScaleKv::window
            : a -> ObservationWindow.released(a.schedule().map(a.scale()), WINDOW),
        Integer.MAX_VALUE,
        Pooling.of(spec),
        Pooling.kernel(spec),
        spec.choice("queries", "attention", "projection").equals("projection"),
        spec.choice("score", "softmax", "logits").equals("softmax"));
  }

  private static ObservationWindow window(Attended a) {
    int budget = Arrays.stream(a.budget()).min().orElseThrow();
    int most = Math.min(Math.min(WINDOW, a.current()), budget / 4);
    int g = Math.max(1, ObservationWindow.side(most));
    return ObservationWindow.grid(a.schedule().map(a.scale()), g);
  }
}
