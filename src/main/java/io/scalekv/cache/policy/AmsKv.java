package io.scalekv.cache.policy;

import io.scalekv.cache.ScaleSchedule;
import java.util.Comparator;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * The first maps whole, and behind them the most recent maps, more of them in layers whose keys and
 * values change most from map to map (AMS-KV, arXiv 2511.16047; from secondary notes, the paper's
 * own numbers of maps are unknown to us).
 *
 * <p>Layer l holds maps 0 to c−1 and the last m_l before the map that reads. Fitting the budget is
 * ours: m_l starts at 0 and grows by one round after the other up to {@code high}, layers of lowest
 * similarity first, while at no map more than L·b tokens are held; a layer that does not fit once
 * is left as it is. If the first c maps alone are too many, as many of them stay as fit. Where the
 * budget covers the whole history, all of it stays. Whole maps rarely add up to the budget, so the
 * name says what is held.
 *
 * <p>{@code partial=true} is another method, ours: layers with m_l = 0 share what is left at each
 * map for a regular grid of tokens of the map before it.
 */
final class AmsKv {
  static final PolicyKind KIND =
      new PolicyKind(
          "ams-kv",
          "AMS-KV, arXiv 2511.16047, from secondary notes",
          Map.of(
              "c", "first maps that stay, where they fit (2)",
              "high", "most recent maps that a layer may hold (2)",
              "partial", "true: what is left goes to a grid of the newest map (false)"),
          (spec, c) -> new AmsKv(spec, c).policy(spec));

  private final PolicyContext context;
  private final ScaleSchedule schedule;
  private final int first;
  private final int[] recent;
  private final boolean partial;

  private AmsKv(PolicySpec spec, PolicyContext context) {
    this.context = context;
    this.schedule = context.schedule();
    int maps = schedule.scales();
    double[] similarity =
        PolicyCalibration.required(
            context.calibration().mapSimilarity(), spec.name(), "map similarities (amsKv)");
    if (similarity.length != context.layers()) {
      throw new IllegalArgumentException(
          String.format(
              "policy %s: similarities of %d layers expected, got %d",
              spec.name(), context.layers(), similarity.length));
    }
    int high = spec.integer("high", 2, 1, Integer.MAX_VALUE);
    boolean all = context.budget() >= schedule.historyTokens();
    this.first = firstMaps(schedule, context.budget(), spec.integer("c", 2, 0, maps));
    this.recent =
        recentMaps(
            schedule, context.budget(), first, all ? maps : Math.min(high, maps), similarity);
    this.partial = spec.choice("partial", "false", "true").equals("true");
  }

  /** The largest number of first maps, at most {@code wanted}, that fits in the budget. */
  static int firstMaps(ScaleSchedule schedule, int budget, int wanted) {
    int maps = wanted;
    while (schedule.tokensBefore(maps) > budget) {
      maps--;
    }
    return maps;
  }

  /**
   * How many recent maps each layer holds, m [L].
   *
   * @param budget mean tokens b
   * @param first first maps that stay
   * @param high largest m
   * @param similarity [L], the lowest is served first
   */
  static int[] recentMaps(
      ScaleSchedule schedule, int budget, int first, int high, double[] similarity) {
    int layers = similarity.length;
    int[] order =
        IntStream.range(0, layers)
            .boxed()
            .sorted(Comparator.comparingDouble(l -> similarity[l]))
            .mapToInt(Integer::intValue)
            .toArray();
    int[] recent = new int[layers];
    boolean[] stopped = new boolean[layers];
    for (int m = 1; m <= high; m++) {
      for (int l : order) {
        if (stopped[l]) {
          continue;
        }
        recent[l] = m;
        if (most(schedule, first, recent) > (long) layers * budget) {
          recent[l] = m - 1;
          stopped[l] = true;
        }
      }
    }
    return recent;
  }

  /** Most tokens over all layers that any map reads. */
  private static long most(ScaleSchedule schedule, int first, int[] recent) {
    return IntStream.range(0, schedule.scales())
        .mapToLong(t -> wholeMaps(schedule, t, first, recent))
        .max()
        .orElse(0);
  }

  private static long wholeMaps(ScaleSchedule schedule, int t, int first, int[] recent) {
    long sum = 0;
    for (int m : recent) {
      int firstEnd = Math.min(first, t);
      int newer = Math.max(firstEnd, t - m);
      sum += schedule.tokensBefore(t) - schedule.tokensBefore(newer);
      sum += schedule.tokensBefore(firstEnd);
    }
    return sum;
  }

  private int[] held(int t, int layer, int head) {
    int firstEnd = Math.min(first, t);
    int newer = Math.max(firstEnd, t - recent[layer]);
    IntStream stay = IntStream.range(0, schedule.tokensBefore(firstEnd));
    if (partial && recent[layer] == 0 && t > first) {
      return IntStream.concat(stay, grid(t)).toArray();
    }
    return IntStream.concat(
            stay, IntStream.range(schedule.tokensBefore(newer), schedule.tokensBefore(t)))
        .toArray();
  }

  /** Positions of the grid of map t−1 that each layer without recent maps holds. */
  private IntStream grid(int t) {
    long left = (long) context.layers() * context.budget();
    left -= wholeMaps(schedule, t, first, recent);
    long sharers = IntStream.of(recent).filter(m -> m == 0).count();
    int share = (int) Math.min(left / sharers, schedule.tokens(t - 1));
    int start = schedule.tokensBefore(t - 1);
    int[] cells = grid(schedule.map(t - 1).height(), schedule.map(t - 1).width(), share);
    return IntStream.of(cells).map(i -> start + i);
  }

  /**
   * Row-major indices of the centres of an even grid over an h×w map, of at most {@code tokens}
   * cells, shaped like the map.
   */
  static int[] grid(int h, int w, int tokens) {
    if (tokens < 1) {
      return new int[0];
    }
    int rows = (int) Math.max(1, Math.min(h, Math.floor(Math.sqrt((double) tokens * h / w))));
    int r = Math.min(rows, tokens);
    int c = Math.min(w, tokens / r);
    return IntStream.range(0, r * c)
        .map(i -> (2 * (i / c) + 1) * h / (2 * r) * w + (2 * (i % c) + 1) * w / (2 * c))
        .toArray();
  }

  private PlannedPolicy policy(PolicySpec spec) {
    PlannedPolicy plain = PlannedPolicy.of(spec.toString(), context, 1, this::held);
    String name =
        String.format(
            Locale.ROOT,
            partial
                ? "%s (with a grid of the newest map, holds %.1f tokens)"
                : "%s (holds %.1f tokens)",
            spec,
            plain.plan().largestMean());
    return new PlannedPolicy(name, plain.plan(), plain.positions());
  }
}
