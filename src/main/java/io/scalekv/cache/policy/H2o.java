package io.scalekv.cache.policy;

import io.scalekv.cache.BudgetPlan;
import io.scalekv.cache.CachePolicy;
import io.scalekv.cache.RetainedTokens;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.SelectionInputs;
import io.scalekv.cache.TokenSelector;
import io.scalekv.cache.TopTokens;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * H2O policy (Zhang et al., arXiv 2306.14048, section 4): retains heavy hitters, the tokens with
 * most attention from all queries of all scales so far, in half of the budget, and recent tokens in
 * the other half. Attention is accumulated per batch row. The last tokens of a token map are its
 * bottom rows; {@code recent=grid} takes tokens spread over the newest map instead.
 */
final class H2o implements CachePolicy {
  private static final Setting<String> NORMALISE =
      Setting.choice(
          "normalise",
          "divide accumulated attention by the number of queries since the token came",
          List.of("none", "count"));
  private static final Setting<String> RECENT =
      Setting.choice(
          "recent",
          "recent tokens: the last ones, or a grid over the newest map",
          List.of("last", "grid"));

  static final PolicyKind KIND =
      PolicyKind.of(
          "h2o",
          "tokens with most accumulated attention, and recent tokens",
          "Zhang et al., H2O, arXiv 2306.14048",
          List.of(NORMALISE, RECENT),
          H2o::new);

  private final String name;
  private final BudgetPlan plan;
  private final boolean byCount;
  private final boolean grid;

  private H2o(PolicySpec spec, PolicyContext context) {
    this.name = spec.toString();
    this.plan = context.uniform();
    this.byCount = NORMALISE.of(spec).equals("count");
    this.grid = RECENT.of(spec).equals("grid");
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public BudgetPlan plan() {
    return plan;
  }

  @Override
  public TokenSelector selector(int layer) {
    return new Sums();
  }

  /** Accumulated attention on the stored tokens of one layer. */
  private final class Sums implements TokenSelector {
    private final Map<Integer, float[][]> byHead = new HashMap<>();

    @Override
    public void observe(SelectionInputs a) {
      if (!plan.evicts()) {
        return;
      }
      int t = a.tokens();
      int heads = a.heads().length;
      float[] now = AttentionScores.columns(a);
      for (int g = 0; g < heads; g++) {
        float[][] old = byHead.get(a.heads()[g]);
        float[][] sums = new float[a.rows()][t];
        for (int r = 0; r < sums.length; r++) {
          System.arraycopy(now, (r * heads + g) * t, sums[r], 0, t);
          for (int j = 0; old != null && j < old[r].length; j++) {
            sums[r][j] += old[r][j];
          }
        }
        byHead.put(a.heads()[g], sums);
      }
    }

    @Override
    public RetainedTokens select(SelectionInputs a) {
      int t = a.tokens();
      int heads = a.heads().length;
      float[] scores = new float[a.rows() * heads * t];
      for (int i = 0; i < a.rows() * heads; i++) {
        float[] own = byHead.get(a.heads()[i % heads])[i / heads].clone();
        if (byCount) {
          divide(own, a.positions(i / heads, i % heads), a);
        }
        for (int p : recent(a, a.budget()[i % heads] / 2)) {
          own[p] = Float.POSITIVE_INFINITY;
        }
        System.arraycopy(own, 0, scores, i * t, t);
      }
      RetainedTokens retained = TopTokens.of(scores, heads, t, a.budget());
      for (int g = 0; g < heads; g++) {
        float[][] sums = byHead.get(a.heads()[g]);
        for (int r = 0; r < sums.length; r++) {
          sums[r] = at(sums[r], retained.of(r, g));
        }
      }
      return retained;
    }
  }

  /** Divides by the number of queries since each token came. */
  private static void divide(float[] sums, int[] positions, SelectionInputs a) {
    ScaleSchedule schedule = a.schedule();
    int all = schedule.tokensBefore(a.scale() + 1);
    for (int j = 0, k = 0; j < sums.length; j++) {
      while (positions[j] >= schedule.tokensBefore(k + 1)) {
        k++;
      }
      sums[j] /= all - schedule.tokensBefore(k);
    }
  }

  /** Returns {@code count} recent tokens, or somewhat fewer in a grid. */
  private int[] recent(SelectionInputs a, int count) {
    int t = a.tokens();
    int[] recent = new int[count];
    if (!grid) {
      for (int i = 0; i < count; i++) {
        recent[i] = t - count + i;
      }
      return recent;
    }
    int g = ObservationWindow.side(Math.min(count, a.current()));
    int[] centres = ObservationWindow.grid(a.schedule().map(a.scale()), g).positions();
    for (int i = 0; i < centres.length; i++) {
      centres[i] += a.prefix();
    }
    return centres;
  }

  private static float[] at(float[] x, int[] index) {
    float[] out = new float[index.length];
    for (int i = 0; i < out.length; i++) {
      out[i] = x[index[i]];
    }
    return out;
  }
}
