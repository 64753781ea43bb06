package io.scalekv.cache.policy;

import io.scalekv.cache.Allocation;
import io.scalekv.cache.BudgetPlan;
import io.scalekv.cache.CachePolicy;
import io.scalekv.cache.ScoredPolicy;
import io.scalekv.cache.SelectionInputs;
import io.scalekv.cache.TokenScorer;
import io.scalekv.io.Require;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * ScaleKV policy as its paper describes it (Li et al., arXiv 2505.19602, eq. 4 and 5): drafters
 * retain more tokens than refiners, scale by scale. The 16 centres of a 4×4 grid on the newest map
 * are the queries of the score, softmax attention summed over them and averaged over five
 * neighbours in the cache; a map with fewer tokens has fewer centres.
 *
 * <p>⌊√min(16, n_k, b/4)⌋² of the centres, at least one, are retained by force, evenly among them,
 * where b are the tokens that the layer retains: 16 of them would fill a small budget.
 */
public final class ScaleKv {
  private static final Setting<Allocation> ALLOCATION =
      Setting.of(
          "allocation",
          "released",
          "released, paper or paper:START:DECAY",
          "how drafters and refiners share the budget",
          Allocation::parse);
  private static final Setting<String> DRAFTERS =
      Setting.of(
          "drafters",
          "calibrated",
          "calibrated, none, or layer (from 0) @ scale (from 1), joined by +, as in 5@7+2@6",
          "the drafters",
          ScaleKv::checked);
  private static final Setting<String> QUERIES =
      Setting.choice(
          "queries",
          "queries of attention, or their raw projection as in the released code",
          List.of("attention", "projection"));
  private static final Setting<String> SCORE =
      Setting.choice(
          "score",
          "softmax attention, or its logits as in the released code",
          List.of("softmax", "logits"));
  private static final Setting<String> WINDOW =
      Setting.choice(
          "window",
          "centres as in the paper, or the 16 tokens of the released code, all retained by force",
          List.of("paper", "released"));

  static final PolicyKind KIND =
      new PolicyKind.Simple(
          "scalekv",
          "tokens that a grid of queries attends to, with more tokens in drafters",
          "Li et al., ScaleKV, arXiv 2505.19602, the paper",
          List.of(ALLOCATION, DRAFTERS, Pooling.WIDTH, Pooling.SETTING, QUERIES, SCORE, WINDOW),
          spec -> spec.has(DRAFTERS) ? Set.of() : Set.of(PolicyCalibration.ROLES),
          ScaleKv::create,
          "");

  private static final int SIDE = 4;
  private static final int WINDOW_TOKENS = SIDE * SIDE;
  private static final Pattern PAIR = Pattern.compile("([0-9]{1,4})@([0-9]{1,4})");

  private ScaleKv() {}

  private static CachePolicy create(PolicySpec spec, PolicyContext c) {
    boolean[][] drafters =
        spec.has(DRAFTERS)
            ? drafters(DRAFTERS.of(spec), c)
            : c.calibration().part(PolicyCalibration.ROLES, boolean[][].class);
    return ScoredPolicy.of(
        spec.toString(), plan(spec.name(), c, drafters, ALLOCATION.of(spec)), scorer(spec));
  }

  /** Returns the budgets of drafters and refiners. */
  static BudgetPlan plan(
      String policy, PolicyContext c, boolean[][] drafters, Allocation allocation) {
    Require.that(
        drafters.length == c.layers(),
        "policy %s: calibration must have roles of %d layers, got %d",
        policy,
        c.layers(),
        drafters.length);
    return BudgetPlan.of(c.schedule(), c.budget(), drafters, allocation);
  }

  private static String checked(String text) {
    if (!text.equals("calibrated") && !text.equals("none")) {
      for (String pair : text.split("\\+", -1)) {
        Require.that(PAIR.matcher(pair).matches(), "pair must be layer@scale, got %s", pair);
      }
    }
    return text;
  }

  /** Reads {@code 5@7+2@6}, layers from 0 and scales from 1, or {@code none}. */
  private static boolean[][] drafters(String text, PolicyContext c) {
    boolean[][] drafters = new boolean[c.layers()][c.schedule().scales()];
    Matcher m = PAIR.matcher(text);
    while (m.find()) {
      int layer = Integer.parseInt(m.group(1));
      int scale = Integer.parseInt(m.group(2)) - 1;
      Require.that(
          layer < c.layers() && scale >= 1 && scale < c.schedule().scales(),
          "policy scalekv: drafters must be of layers 0 to %d and scales 2 to %d, got %s",
          c.layers() - 1,
          c.schedule().scales(),
          m.group());
      drafters[layer][scale] = true;
    }
    return drafters;
  }

  /** Returns the paper's scorer, for any plan. */
  public static TokenScorer scorer() {
    return scorer(PolicySpec.parse("scalekv"));
  }

  private static TokenScorer scorer(PolicySpec spec) {
    boolean paper = WINDOW.of(spec).equals("paper");
    return new ObservedAttention(
        in ->
            paper
                ? ObservationWindow.grid(in.schedule().map(in.scale()), SIDE)
                : ObservationWindow.released(in.schedule().map(in.scale()), WINDOW_TOKENS),
        paper ? ScaleKv::forced : (in, budget) -> budget,
        Pooling.SETTING.of(spec),
        Pooling.WIDTH.of(spec),
        QUERIES.of(spec).equals("projection"),
        SCORE.of(spec).equals("softmax"));
  }

  /** Returns the number of centres that are retained by force. */
  private static int forced(SelectionInputs in, int budget) {
    int side = ObservationWindow.side(Math.min(Math.min(WINDOW_TOKENS, in.current()), budget / 4));
    return Math.max(1, side * side);
  }
}
