package io.scalekv.cache.policy;

import io.scalekv.cache.BudgetTooSmallException;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.io.Require;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * AMS-KV policy (arXiv 2511.16047, from secondary notes; the paper's numbers of maps are unknown to
 * us): retains the first maps whole and the most recent maps, more of them in layers whose keys and
 * values change most from map to map.
 *
 * <p>Layer l retains maps 0 to c−1 and the last m_l maps before the one that reads, at least one.
 * Fitting the budget is ours: m_l grows from 1 in rounds up to {@code high}, layers of lowest
 * similarity first, while no scale has more than L·b tokens; a layer that does not fit once keeps
 * its number of maps. If the first c maps and one recent map are too many, fewer first maps are
 * retained; if one recent map alone is, the budget is refused. Where the budget covers the whole
 * prefix, all of it is retained. Whole maps rarely add up to the budget, so the name states the
 * tokens in use.
 */
final class AmsKv {
  private static final Setting<Integer> FIRST =
      Setting.integer("c", 2, 0, 99, "first maps that are retained, where they fit");
  private static final Setting<Integer> HIGH =
      Setting.integer("high", 2, 1, 99, "most recent maps that a layer may retain");

  static final PolicyKind KIND =
      PolicyKind.of(
          "ams-kv",
          "first maps and most recent maps, more in layers that change most",
          "AMS-KV, arXiv 2511.16047, from secondary notes",
          List.of(FIRST, HIGH),
          Set.of(PolicyCalibration.AMS_KV),
          (spec, c) -> new AmsKv(spec, c).policy(spec));

  private final PolicyContext context;
  private final ScaleSchedule schedule;
  private final int first;
  private final int[] recent;

  private AmsKv(PolicySpec spec, PolicyContext context) {
    this.context = context;
    this.schedule = context.schedule();
    double[] similarity = context.calibration().part(PolicyCalibration.AMS_KV, double[].class);
    Require.that(
        similarity.length == context.layers(),
        "policy ams-kv: calibration must have similarities of %d layers, got %d",
        context.layers(),
        similarity.length);
    int maps = schedule.scales();
    boolean all = context.budget() >= schedule.historyTokens();
    this.first = all ? maps : firstMaps(schedule, context.budget(), FIRST.of(spec));
    this.recent = recentMaps(schedule, context.budget(), first, HIGH.of(spec), similarity);
  }

  /**
   * Returns the largest number of first maps, at most {@code wanted}, that fits in the budget
   * together with one recent map.
   */
  static int firstMaps(ScaleSchedule schedule, int budget, int wanted) {
    for (int maps = Math.min(wanted, schedule.scales()); maps >= 0; maps--) {
      if (most(schedule, maps, new int[] {1}) <= budget) {
        return maps;
      }
    }
    throw new BudgetTooSmallException(
        String.format(
            "policy ams-kv: n/a, one recent map in every layer takes %d tokens, got a budget of %d",
            most(schedule, 0, new int[] {1}), budget));
  }

  /**
   * Returns the number of recent maps of each layer, m [L].
   *
   * @param budget mean tokens b
   * @param first first maps that are retained
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
    int[] recent = IntStream.range(0, layers).map(l -> 1).toArray();
    boolean[] stopped = new boolean[layers];
    for (int m = 2; m <= high; m++) {
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

  /** Returns the most tokens over all layers that any scale reads. */
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

  private int[] retained(int t, int layer, int head) {
    int firstEnd = Math.min(first, t);
    int newer = Math.max(firstEnd, t - recent[layer]);
    return IntStream.concat(
            IntStream.range(0, schedule.tokensBefore(firstEnd)),
            IntStream.range(schedule.tokensBefore(newer), schedule.tokensBefore(t)))
        .toArray();
  }

  private PlannedPolicy policy(PolicySpec spec) {
    PlannedPolicy plain = PlannedPolicy.of(spec.toString(), context, 1, this::retained);
    String name =
        String.format(Locale.ROOT, "%s (%.1f tokens in use)", spec, plain.plan().largestMean());
    return new PlannedPolicy(name, plain.plan(), plain.positions());
  }
}
