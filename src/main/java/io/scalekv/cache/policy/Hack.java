package io.scalekv.cache.policy;

import io.scalekv.cache.Attended;
import io.scalekv.cache.BudgetPlan;
import io.scalekv.cache.CachePolicy;
import io.scalekv.cache.Keeper;
import io.scalekv.cache.TopTokens;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Contextual heads, whose attention hardly differs from query to query, live on few tokens, so that
 * structural heads can have more (HACK, arXiv 2504.09261). Re-implemented from secondary notes; not
 * to be reported as HACK.
 *
 * <p>Contextual are the α·L·H heads of lowest attention variance. They hold ρ·b tokens, those of
 * highest attention from up to 32 evenly spaced queries of the newest map. Structural heads share
 * the rest; they hold the first two maps and the newest, then what the same attention picks from
 * between; where that is too much, the first two maps and the picked part of the newest.
 *
 * <p>No value of α is known to us. The default, one half, splits at the median, which needs no
 * scale of variance; with ρ = 0.2 a structural head then holds 1.8 b, so that none meets the whole
 * history below a budget of 55 %.
 *
 * <p>{@code phase=post} attends all that is held and selects afterwards; {@code phase=pre} selects
 * first and attends the selection only, at the last map too, which is what saves time there. Both
 * store the same.
 *
 * <p>Letters: L layers, H heads, R batch rows, G heads of a group, T tokens held, b mean budget.
 */
final class Hack implements CachePolicy {
  private static final String LABEL = "re-implemented from secondary notes";

  static final PolicyKind KIND =
      new PolicyKind(
          "hack",
          "hack (" + LABEL + "), arXiv 2504.09261",
          Map.of(
              "alpha", "share of contextual heads (0.5)",
              "rho", "their tokens as a share of the budget (0.2)",
              "phase", "post (default): select after attention; pre: before"),
          Hack::new);

  private static final int QUERIES = 32;
  private static final int FIRST_MAPS = 2;

  private final String name;
  private final boolean before;
  private final boolean[][] structural;
  private final BudgetPlan plan;

  private Hack(PolicySpec spec, PolicyContext c) {
    double[][] variance =
        PolicyCalibration.required(
            c.calibration().attentionVariance(), spec.name(), "attention variances (hack)");
    this.name = spec + " (" + LABEL + ")";
    this.before = spec.choice("phase", "post", "pre").equals("pre");
    int[] byVariance = byVariance(variance, c.layers(), c.heads());
    int contextual = (int) Math.round(spec.number("alpha", 0.5, 0, 1) * byVariance.length);
    this.structural = new boolean[c.layers()][c.heads()];
    for (int i = contextual; i < byVariance.length; i++) {
      structural[byVariance[i] / c.heads()][byVariance[i] % c.heads()] = true;
    }
    this.plan = plan(c, byVariance, contextual, spec.number("rho", 0.2, 0, 1));
  }

  /** All heads as layer · H + head, those of lowest variance first. */
  private static int[] byVariance(double[][] variance, int layers, int heads) {
    if (variance.length != layers || Arrays.stream(variance).anyMatch(v -> v.length != heads)) {
      throw new IllegalArgumentException(
          String.format(
              "policy hack: variances of %d layers of %d heads expected, got %d layers of %s",
              layers,
              heads,
              variance.length,
              Arrays.toString(Arrays.stream(variance).mapToInt(v -> v.length).toArray())));
    }
    return IntStream.range(0, layers * heads)
        .boxed()
        .sorted(Comparator.comparingDouble(i -> variance[i / heads][i % heads]))
        .mapToInt(Integer::intValue)
        .toArray();
  }

  /**
   * Tokens of every head; the sum is L·H·b wherever that many are there.
   *
   * @param byVariance all heads as layer · H + head, lowest variance first
   * @param contextual how many of them are contextual
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
    int[] held = new int[pairs];
    for (int k = 1; k < scales; k++) {
      int[] room = held.clone();
      for (int i = 0; i < pairs; i++) {
        room[i] += c.schedule().tokens(k - 1);
      }
      long all = Math.min((long) pairs * c.budget(), IntStream.of(room).asLongStream().sum());
      long reserved = IntStream.of(few).mapToLong(i -> Math.min(least, room[i])).sum();
      Arrays.fill(held, 0);
      long rest = all - share(held, all - reserved, many, room);
      share(held, rest, few, room);
      for (int i = 0; i < pairs; i++) {
        tokens[k][i / c.heads()][i % c.heads()] = held[i];
      }
    }
    return BudgetPlan.ofHeads(c.schedule(), c.budget(), tokens);
  }

  private static int[] highestFirst(int[] ascending) {
    int n = ascending.length;
    return IntStream.range(0, n).map(i -> ascending[n - 1 - i]).toArray();
  }

  /**
   * Shares tokens out equally, each head up to its room; what does not divide goes to the first of
   * the heads that have room.
   *
   * @param held filled for these heads
   * @return tokens given
   */
  private static long share(int[] held, long tokens, int[] heads, int[] room) {
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
      held[i] = Math.min(level, room[i]);
      given += held[i];
    }
    for (int i : heads) {
      if (given < tokens && held[i] < room[i]) {
        held[i]++;
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
  public boolean choosesBeforeAttention() {
    return before;
  }

  @Override
  public Keeper keeper(int layer) {
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

  /** Up to 32 evenly spaced queries of a map. */
  private static int[] queries(int tokens) {
    int n = Math.min(QUERIES, tokens);
    return IntStream.range(0, n).map(i -> (int) ((2L * i + 1) * tokens / (2L * n))).toArray();
  }

  /** Puts what a structural head holds in any case above all, what it never holds below all. */
  private static void rank(Attended a, float[] scores, int at, int budget) {
    int held = a.tokens();
    int first = Math.min(a.schedule().tokensBefore(Math.min(FIRST_MAPS, a.scale() + 1)), budget);
    int newest = Math.max(first, a.history());
    boolean fits = first + held - newest <= budget;
    Arrays.fill(scores, at, at + first, Float.POSITIVE_INFINITY);
    if (fits) {
      Arrays.fill(scores, at + newest, at + held, Float.POSITIVE_INFINITY);
    } else {
      Arrays.fill(scores, at + first, at + newest, Float.NEGATIVE_INFINITY);
    }
  }
}
