package io.scalekv.study;

import io.scalekv.io.Require;
import io.scalekv.metrics.Interval;
import io.scalekv.profile.LayerStatistics;
import io.scalekv.roles.ClassifiedRoles;
import io.scalekv.roles.RoleRule;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import org.apache.commons.statistics.descriptive.Quantile;

/**
 * Stability of roles under other prompts (Li et al., ScaleKV, fig. 8), seeds, guidance and query
 * samples.
 */
public final class RoleStability {
  private RoleStability() {}

  /**
   * Agreement of two calibrations.
   *
   * @param drafters of the second
   * @param jaccard overlap of the drafters
   * @param adjustedRand of the roles; NaN for fewer than two pairs
   * @param zSpearman rank correlation of the z-scores of all pairs; NaN where undefined
   */
  public record Agreement(int drafters, double jaccard, double adjustedRand, double zSpearman) {}

  /**
   * Calibrations on some of the prompts: means over draws and the intervals that hold 95 % of them.
   *
   * @param prompts number of prompts
   * @param jaccard of the drafters, against those of all prompts
   * @param zSpearman of the z-scores, against those of all prompts
   * @param otherJaccard of the drafters, against those of as many other prompts; no draws where
   *     there are not as many others
   * @param otherZSpearman of the z-scores, against those of other prompts
   */
  public record Convergence(
      int prompts,
      Interval jaccard,
      Interval zSpearman,
      Interval otherJaccard,
      Interval otherZSpearman) {}

  /** Returns the agreement of two calibrations of one model. */
  public static Agreement agreement(ClassifiedRoles a, ClassifiedRoles b) {
    return new Agreement(
        b.assignment().drafters().size(),
        a.assignment().jaccard(b.assignment()),
        PartitionAgreement.adjustedRand(
            a.assignment(), b.assignment(), a.statistics().firstCutScale()),
        RoleAgreement.spearman(a.statistics().z(), b.statistics().z(), 0, a.assignment().scales()));
  }

  /** Returns 1, 2, 4, … below n, then n. */
  public static List<Integer> doublings(int n) {
    List<Integer> counts = new ArrayList<>();
    for (int c = 1; c < n; c *= 2) {
      counts.add(c);
    }
    counts.add(n);
    return counts;
  }

  /**
   * Returns the agreement of calibrations on 1, 2, 4 … prompts, drawn without replacement, with all
   * prompts and with the same number of others. A draw of most prompts agrees with all of them
   * because it shares them; two draws that share none stand for two sets of that size.
   *
   * @param draws draws per number of prompts, at least 1
   * @param seed of the draws
   */
  public static List<Convergence> convergence(
      RoleRule rule, LayerStatistics table, int draws, long seed) {
    Require.atLeast("draws", draws, 1);
    int n = table.prompts();
    ClassifiedRoles all = rule.roles(table);
    SplittableRandom random = new SplittableRandom(seed);
    List<Convergence> points = new ArrayList<>();
    for (int count : doublings(n)) {
      List<Agreement> withAll = new ArrayList<>();
      List<Agreement> withOthers = new ArrayList<>();
      int[] prompts = IntStream.range(0, n).toArray();
      for (int d = 0; d < (count == n ? 1 : draws); d++) {
        shuffle(prompts, Math.min(n, 2 * count), random);
        ClassifiedRoles drawn = rule.roles(table, sorted(prompts, 0, count));
        withAll.add(agreement(all, drawn));
        if (2 * count <= n) {
          withOthers.add(agreement(drawn, rule.roles(table, sorted(prompts, count, 2 * count))));
        }
      }
      points.add(
          new Convergence(
              count,
              spread(withAll, Agreement::jaccard),
              spread(withAll, Agreement::zSpearman),
              spread(withOthers, Agreement::jaccard),
              spread(withOthers, Agreement::zSpearman)));
    }
    return points;
  }

  private static Interval spread(List<Agreement> draws, ToDoubleFunction<Agreement> value) {
    double[] defined = draws.stream().mapToDouble(value).filter(v -> !Double.isNaN(v)).toArray();
    double mean = Arrays.stream(defined).average().orElse(Double.NaN);
    double[] ends =
        defined.length < 2
            ? new double[] {Double.NaN, Double.NaN}
            : Quantile.withDefaults().evaluate(defined, 0.025, 0.975);
    return new Interval(mean, ends[0], ends[1], defined.length, 0);
  }

  /** Moves {@code front} random elements to the front. */
  private static void shuffle(int[] values, int front, SplittableRandom random) {
    for (int i = 0; i < front; i++) {
      int other = random.nextInt(i, values.length);
      int kept = values[i];
      values[i] = values[other];
      values[other] = kept;
    }
  }

  /** Sorts, since means are taken in the order of the prompts. */
  private static int[] sorted(int[] prompts, int from, int to) {
    int[] part = Arrays.copyOfRange(prompts, from, to);
    Arrays.sort(part);
    return part;
  }
}
