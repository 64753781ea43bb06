package io.scalekv.cache.policy;

import io.scalekv.cache.Attended;
import io.scalekv.cache.BudgetPlan;
import io.scalekv.cache.CachePolicy;
import io.scalekv.cache.Keeper;
import io.scalekv.cache.Kept;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.TopTokens;
import java.util.HashMap;
import java.util.Map;

/**
 * Heavy hitters: half the budget for the tokens that received most attention from all queries of
 * all maps so far, half for recent ones (Zhang et al., H2O, arXiv 2306.14048, section 4). The
 * attention is summed per batch row. In a token map the last tokens are its bottom rows; {@code
 * recent=grid} takes tokens spread over the newest map instead.
 */
final class H2o implements CachePolicy {
  static final PolicyKind KIND =
      new PolicyKind(
          "h2o",
          "Zhang et al., H2O, arXiv 2306.14048",
          Map.of(
              "normalise",
              "none (default), or count: attention over the number of queries that gave it",
              "recent",
              "last (default), or grid: spread over the newest map"),
          H2o::new);

  private final String name;
  private final BudgetPlan plan;
  private final boolean byCount;
  private final boolean grid;

  private H2o(PolicySpec spec, PolicyContext context) {
    this.name = spec.toString();
    this.plan = context.uniform();
    this.byCount = spec.choice("normalise", "none", "count").equals("count");
    this.grid = spec.choice("recent", "last", "grid").equals("grid");
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
  public Keeper keeper(int layer) {
    return new Sums();
  }

  /** Attention received by the held tokens of one layer. */
  private final class Sums implements Keeper {
    private final Map<Integer, float[][]> byHead = new HashMap<>();

    @Override
    public void attended(Attended a) {
      if (!plan.cuts()) {
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
    public Kept keep(Attended a) {
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
      Kept kept = TopTokens.of(scores, heads, t, a.budget());
      for (int g = 0; g < heads; g++) {
        float[][] sums = byHead.get(a.heads()[g]);
        for (int r = 0; r < sums.length; r++) {
          sums[r] = at(sums[r], kept.of(r, g));
        }
      }
      return kept;
    }
  }

  /** Divides by the number of queries since each token came. */
  private static void divide(float[] sums, int[] positions, Attended a) {
    ScaleSchedule schedule = a.schedule();
    int all = schedule.tokensBefore(a.scale() + 1);
    for (int j = 0, k = 0; j < sums.length; j++) {
      while (positions[j] >= schedule.tokensBefore(k + 1)) {
        k++;
      }
      sums[j] /= all - schedule.tokensBefore(k);
    }
  }

  /** Held tokens that count as recent: {@code count} of them, or somewhat fewer in a grid. */
  private int[] recent(Attended a, int count) {
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
      centres[i] += a.history();
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
