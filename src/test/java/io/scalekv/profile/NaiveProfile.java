package io.scalekv.profile;

import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.TokenMap;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;

/**
 * The obvious way: full attention matrices in double, every statistic from its definition. One
 * instance is one attention call of one prompt and branch.
 */
final class NaiveProfile {
  private final ScaleSchedule schedule;
  private final int scale;
  private final ProfileOptions options;
  private final int[] rows;
  private final int history;
  private final int keys;

  /** Softmax rows [head][query][key]; the last head is the mean of the others. */
  final double[][][] p;

  NaiveProfile(
      ScaleSchedule schedule,
      int scale,
      ProfileOptions options,
      int[] rows,
      float[][][] query,
      float[][][] key,
      double softmaxScale) {
    this.schedule = schedule;
    this.scale = scale;
    this.options = options;
    this.rows = rows;
    this.history = schedule.tokensBefore(scale);
    this.keys = schedule.tokensBefore(scale + 1);
    int heads = query.length;
    p = new double[heads + 1][schedule.tokens(scale)][keys];
    for (int h = 0; h < heads; h++) {
      for (int i = 0; i < p[h].length; i++) {
        double total = 0;
        for (int j = 0; j < keys; j++) {
          double dot = 0;
          for (int d = 0; d < query[h][i].length; d++) {
            dot += (double) query[h][i][d] * key[h][j][d];
          }
          p[h][i][j] = Math.exp(softmaxScale * dot);
          total += p[h][i][j];
        }
        for (int j = 0; j < keys; j++) {
          p[h][i][j] /= total;
          p[heads][i][j] += p[h][i][j] / heads;
        }
      }
    }
  }

  /** Means over the rows for one head; {@code other} is the other branch or null. */
  Map<HeadStatistic, Double> statistics(int head, boolean conditional, NaiveProfile other) {
    Map<HeadStatistic, Double> means = new EnumMap<>(HeadStatistic.class);
    for (HeadStatistic s : HeadStatistic.values()) {
      int details = details();
      int n =
          switch (s) {
            case GINI -> conditional ? Math.min(ProfileOptions.SORTED_ROWS, details) : 0;
            case CURRENT_MASS, HISTORY_TOP_K, SINK_MASS -> conditional ? rows.length : details;
            default -> details;
          };
      double sum = 0;
      for (int i = 0; i < n; i++) {
        sum += value(s, head, rows[i], other);
      }
      means.put(s, sum / n);
    }
    return means;
  }

  private int details() {
    return Math.min(options.detailRows(), rows.length);
  }

  double sourceMass(int head, boolean conditional, int source) {
    int n = conditional ? rows.length : details();
    double sum = 0;
    for (int i = 0; i < n; i++) {
      double[] row = p[head][rows[i]];
      sum += mass(row, schedule.tokensBefore(source), schedule.tokensBefore(source + 1));
    }
    return sum / n;
  }

  private double value(HeadStatistic s, int head, int i, NaiveProfile other) {
    double[] row = p[head][i];
    boolean past = history > 0;
    return switch (s) {
      case CURRENT_MASS -> mass(row, history, keys);
      case HISTORY_TOP_K -> past ? top(row) : Double.NaN;
      case ENTROPY -> entropy(row, 0, keys);
      case EFFECTIVE_KEYS -> Math.exp(entropy(row, 0, keys));
      case HISTORY_ENTROPY -> past ? entropy(row, 0, history) : Double.NaN;
      case HISTORY_EFFECTIVE_KEYS -> past ? Math.exp(entropy(row, 0, history)) : Double.NaN;
      case CURRENT_ENTROPY -> entropy(row, history, keys);
      case CURRENT_EFFECTIVE_KEYS -> Math.exp(entropy(row, history, keys));
      case GINI -> gini(row);
      case SINK_MASS ->
          past ? mass(row, 0, Math.min(ProfileOptions.SINK_TOKENS, history)) : Double.NaN;
      case CURRENT_DISTANCE -> distance(row, i, history) / mass(row, history, keys);
      case DISTANCE -> distance(row, i, 0);
      case CUT_ERROR, CUT_CHANGE -> Double.NaN;
      case BRANCH_DRIFT -> other == null ? Double.NaN : variation(row, other.p[head][i]);
    };
  }

  private double top(double[] row) {
    double[] sorted = Arrays.copyOf(row, history);
    Arrays.sort(sorted);
    return mass(sorted, history - options.historyTopK().of(history), history);
  }

  private static double mass(double[] row, int from, int to) {
    double sum = 0;
    for (int j = from; j < to; j++) {
      sum += row[j];
    }
    return sum;
  }

  private static double entropy(double[] row, int from, int to) {
    double mass = mass(row, from, to);
    double sum = 0;
    for (int j = from; j < to; j++) {
      sum -= row[j] / mass * Math.log(row[j] / mass);
    }
    return sum;
  }

  /** Mean absolute difference of all pairs over twice the mean: another definition, no sorting. */
  private double gini(double[] row) {
    double sum = 0;
    for (double a : row) {
      for (double b : row) {
        sum += Math.abs(a - b);
      }
    }
    return sum / (2.0 * keys * mass(row, 0, keys));
  }

  private double distance(double[] row, int query, int from) {
    double[] here = centre(history + query);
    double sum = 0;
    for (int j = from; j < keys; j++) {
      double[] there = centre(j);
      sum += row[j] * Math.hypot(here[0] - there[0], here[1] - there[1]);
    }
    return sum;
  }

  private double[] centre(int token) {
    int k = schedule.scaleOf(token);
    TokenMap map = schedule.map(k);
    int i = token - schedule.tokensBefore(k);
    int row = i / map.width();
    int column = i % map.width();
    return new double[] {(row + 0.5) / map.height(), (column + 0.5) / map.width()};
  }

  private static double variation(double[] a, double[] b) {
    double sum = 0;
    for (int j = 0; j < a.length; j++) {
      sum += Math.abs(a[j] - b[j]) / 2;
    }
    return sum;
  }

  /** Mean over the rows of the mean Kullback-Leibler divergence of the heads to their mean row. */
  double headDisagreement() {
    int heads = p.length - 1;
    double sum = 0;
    for (int h = 0; h < heads; h++) {
      for (int i = 0; i < details(); i++) {
        double[] row = p[h][rows[i]];
        for (int j = 0; j < keys; j++) {
          sum += row[j] * Math.log(row[j] / p[heads][rows[i]][j]);
        }
      }
    }
    return sum / (heads * details());
  }
}
