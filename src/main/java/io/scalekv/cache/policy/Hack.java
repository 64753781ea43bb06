package io.scalekv.cache.policy;

import io.scalekv.cache.BudgetPlan;
import io.scalekv.cache.CachePolicy;
import io.scalekv.cache.SelectionInputs;
import io.scalekv.cache.TokenSelector;
import io.scalekv.cache.TopTokens;
import io.scalekv.io.Require;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * HACK policy (arXiv 2504.09261), re-implemented from secondary notes and labelled so: contextual
 * heads, whose attention hardly differs from query to query, get few tokens, so that structural
 * heads can have more.
 *
 * <p>Contextual are the α·L·H heads of lowest attention variance. They retain ρ·b tokens, those of
 * highest attention from up to 32 evenly spaced queries of the newest map. Structural heads share
 * the rest; they retain the first two maps and the newest, then the tokens between them that the
 * same attention ranks highest; where these maps are too large, the first two maps and the highest
 * ranked part of the newest.
 *
 * <p>No value of α is known to us. The default, one half, splits at the median, which needs no
 * scale of variance; with ρ = 0.2 a structural head then has 1.8 b tokens, so that none reads the
 * whole prefix below a budget of 55 %.
 *
 * <p>{@code phase=post} attends all stored tokens and selects afterwards; {@code phase=pre} selects
 * first and attends the selection only, at the last scale too, which saves time there. Both store
 * the same tokens.
 *
 * <p>Letters: L layers, H heads, R batch rows, G heads of a group, T stored tokens, b mean budget.
 */
final class Hack implements CachePolicy {
  private static final Setting<Double> ALPHA =
      Setting.number("alpha", 0.5, 0, 1, "share of contextual heads");
  private static final Setting<Double> RHO =
      Setting.number("rho", 0.2, 0, 1, "tokens of a contextual head as a share of the budget");
  private static final Setting<String> PHASE =
      Setting.choice("phase", "select after or before attention", List.of("post", "pre"));

  static final PolicyKind KIND =
      new PolicyKind.Simple(
          "hack",
          "few tokens in contextual heads, more in structural heads",
          "HACK, arXiv 2504.09261, from secondary notes",
          List.of(ALPHA, RHO, PHASE),
          spec -> Set.of(PolicyCalibration.HACK),
          Hack::new,
          "from notes");

  private static final int QUERIES = 32;
  private static final int FIRST_MAPS = 2;

  private final String name;
  private final boolean before;
  private final boolean[][] structural;
  private final BudgetPlan plan;

  private Hack(PolicySpec spec, PolicyContext c) {
    double[][] variance = c.calibration().part(PolicyCalibration.HACK, double[][].class);
    this.name = KIND.label(spec);
    this.before = PHASE.of(spec).equals("pre");
    int[] byVariance = byVariance(variance, c.layers(), c.heads());
    int contextual = (int) Math.round(ALPHA.of(spec) * byVariance.length);
    this.structural = new boolean[c.layers()][c.heads()];
    for (int i = contextual; i < byVariance.length; i++) {
      structural[byVariance[i] / c.heads()][byVariance[i] % c.heads()] = true;
    }
    this.plan = plan(c, byVariance, contextual, RHO.of(spec));
  }

  /** Returns all heads as layer · H + head, lowest variance first. */
  private static int[] byVariance(double[][] variance, int layers, int heads) {
    Require.that(
        variance.length == layers && Arrays.stream(variance).allMatch(v -> v.length == heads),
        "policy hack: calibration must have variances of %d layers of %d heads, got %d layers of"
            + " %s",
        layers,
        heads,
        variance.length,
        Arrays.toString(Arrays.stream(variance).mapToInt(v -> v.length).toArray()));
    return IntStream.range(0, layers * heads)
        .boxed()
        .sorted(Comparator.comparingDouble(i -> variance[i / heads][i % heads]))
        .mapToInt(Integer::intValue)
        .toArray();
  }

  /**
   * Returns the tokens of every head; the sum is L·H·b wherever there are that many.
   *
   * @param byVariance all heads as layer · H + head, lowest variance first
   * @param contextual number of contextual heads among them
   * @param rho tokens of a contextual head as a share of the budget
   */
  static BudgetPlan plan(PolicyContext c, int[] byVariance, int contextual, double rho) {
    int pairs = byVariance.length;
    if (contextual == 0 || contextual == pairs) {
      return c.uniform();
    }
    int[] few = highestFirst(Arrays.copyOfRange(byVariance, 0, contextual));
    int[] many = highestFirst(Arrays.copyOfRange(byVariance, contextual, pairs));
    int least = Math.max(1, (int) Math.floor(rho * c.budget()));
    int scales = c.schedule().scales();
    int[][][] tokens = new int[scales][c.layers()][c.heads()];
    int[] shares = new int[pairs];
    for (int k = 1; k < scales; k++) {
      int[] room = shares.clone();
      for (int i = 0; i < pairs; i++) {
        room[i] += c.schedule().tokens(k - 1);
      }
      long all = Math.min((long) pairs * c.budget(), IntStream.of(room).asLongStream().sum());
      long reserved = IntStream.of(few).mapToLong(i -> Math.min(least, room[i])).sum();
      Arrays.fill(shares, 0);
      long rest = all - share(shares, all - reserved, many, room);
      share(shares, rest, few, room);
      for (int i = 0; i < pairs; i++) {
        tokens[k][i / c.heads()][i % c.heads()] = shares[i];
      }
    }
    return BudgetPlan.ofHeads(c.schedule(), c.budget(), tokens);
  }

  private static int[] highestFirst(int[] ascending) {
    int n = ascending.length;
    return IntStream.range(0, n).map(i -> ascending[n - 1 - i]).toArray();
  }

  /**
   * Shares tokens equally, each head up to its room; the remainder goes to the first heads with
   * room.
   *
   * @param shares tokens of the heads, filled here
   * @return number of shared tokens
   */
  private static long share(int[] shares, long tokens, int[] heads, int[] room) {
    int level = 0;
    int high = IntStream.of(heads).map(i -> room[i]).max().orElse(0);
    while (level < high) {
      int middle = level + (high - level + 1) / 2;
      if (IntStream.of(heads).mapToLong(i -> Math.min(middle, room[i])).sum() <= tokens) {
        level = middle;
      } else {
        high = middle - 1;
      }
    }
    long given = 0;
    for (int i : heads) {
      shares[i] = Math.min(level, room[i]);
      given += shares[i];
    }
    for (int i : heads) {
      if (given < tokens && shares[i] < room[i]) {
        shares[i]++;
        given++;
      }
    }
    return given;
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
  public boolean selectsBeforeAttention() {
    return before;
  }

  @Override
  public TokenSelector selector(int layer) {
    return a -> {
      int heads = a.heads().length;
      float[] scores = AttentionScores.window(a, queries(a.current()));
      for (int i = 0; i < a.rows() * heads; i++) {
        if (structural[layer][a.heads()[i % heads]]) {
          rank(a, scores, i * a.tokens(), a.budget()[i % heads]);
        }
      }
      return TopTokens.of(scores, heads, a.tokens(), a.budget());
    };
  }

  /** Returns up to 32 evenly spaced queries of a map. */
  private static int[] queries(int tokens) {
    int n = Math.min(QUERIES, tokens);
    return IntStream.range(0, n).map(i -> (int) ((2L * i + 1) * tokens / (2L * n))).toArray();
  }

  /** Sets the scores of tokens that a structural head always or never retains to ±∞. */
  private static void rank(SelectionInputs a, float[] scores, int at, int budget) {
    int stored = a.tokens();
    int first = Math.min(a.schedule().tokensBefore(Math.min(FIRST_MAPS, a.scale() + 1)), budget);
    int newest = Math.max(first, a.prefix());
    boolean fits = first + stored - newest <= budget;
    Arrays.fill(scores, at, at + first, Float.POSITIVE_INFINITY);
    if (fits) {
      Arrays.fill(scores, at + newest, at + stored, Float.POSITIVE_INFINITY);
    } else {
      Arrays.fill(scores, at + first, at + newest, Float.NEGATIVE_INFINITY);
    }
  }
}
