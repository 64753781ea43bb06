package io.scalekv.cache.policy;

import io.scalekv.cache.RetainedTokens;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.SelectionInputs;
import io.scalekv.cache.TokenMap;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The scores of h2o, snapkv, scalekv and scalekv-released written out in double precision, one
 * layer of one generation. It follows the held tokens on its own.
 */
abstract class ScoreOracle {
  /** Positions of the held tokens in the sequence of all maps: [row · heads + head]. */
  final List<List<Integer>> held = new ArrayList<>();

  /** Sees a map that will be stored. */
  void attended(SelectionInputs a) {
    int first = a.schedule().tokensBefore(a.scale());
    for (int i = 0; i < a.rows() * a.heads().length; i++) {
      if (held.size() <= i) {
        held.add(new ArrayList<>());
      }
      IntStream.range(first, first + a.current()).forEach(held.get(i)::add);
    }
  }

  /** Scores [row · heads + head][token], infinite where a token stays in any case. */
  abstract double[][] score(SelectionInputs a);

  /** Follows a choice. */
  void kept(RetainedTokens kept) {
    for (int i = 0; i < held.size(); i++) {
      held.set(i, at(held.get(i), kept.of(i / kept.heads(), i % kept.heads())));
    }
  }

  static <T> List<T> at(List<T> all, int[] index) {
    List<T> some = new ArrayList<>();
    for (int i : index) {
      some.add(all.get(i));
    }
    return some;
  }

  /** Products of queries and keys: [row · heads + head][query][key]. */
  private static double[][][] products(float[] q, SelectionInputs a, double factor) {
    float[] k = a.keys().toFloatArray();
    int d = (int) a.keys().getShape().get(3);
    int l = a.current();
    int t = a.tokens();
    double[][][] s = new double[a.rows() * a.heads().length][l][t];
    for (int i = 0; i < s.length; i++) {
      for (int x = 0; x < l; x++) {
        for (int y = 0; y < t; y++) {
          for (int c = 0; c < d; c++) {
            s[i][x][y] += (double) q[(i * l + x) * d + c] * k[(i * t + y) * d + c] * factor;
          }
        }
      }
    }
    return s;
  }

  static double[][][] attention(SelectionInputs a) {
    return softmax(products(a.query().toFloatArray(), a, a.softmaxScale()));
  }

  private static double[][][] softmax(double[][][] p) {
    for (double[][] head : p) {
      for (double[] row : head) {
        double sum = 0;
        for (int j = 0; j < row.length; j++) {
          row[j] = Math.exp(row[j]);
          sum += row[j];
        }
        for (int j = 0; j < row.length; j++) {
          row[j] /= sum;
        }
      }
    }
    return p;
  }

  static double sum(double[][] p, Iterable<Integer> queries, int key) {
    double sum = 0;
    for (int i : queries) {
      sum += p[i][key];
    }
    return sum;
  }

  static List<Integer> last(int n, int count) {
    return IntStream.range(n - Math.min(n, count), n).boxed().toList();
  }

  static List<Integer> centres(TokenMap map, int g) {
    List<Integer> all = new ArrayList<>();
    for (int i = 0; i < g; i++) {
      for (int j = 0; j < g; j++) {
        int row = (int) ((i + 0.5) * map.height() / g);
        int column = (int) ((j + 0.5) * map.width() / g);
        int p = row * map.width() + column;
        if (!all.contains(p)) {
          all.add(p);
        }
      }
    }
    return all;
  }

  static List<Integer> evenly(List<Integer> all, int count) {
    int m = Math.min(count, all.size());
    return IntStream.range(0, m)
        .mapToObj(i -> all.get((int) ((i + 0.5) * all.size() / m)))
        .toList();
  }

  /** Attention from all queries so far. */
  static ScoreOracle h2o(boolean byCount, boolean grid) {
    return new ScoreOracle() {
      private final List<List<Double>> sums = new ArrayList<>();
      private final List<List<Integer>> queries = new ArrayList<>();

      @Override
      void attended(SelectionInputs a) {
        super.attended(a);
        double[][][] p = attention(a);
        for (int i = 0; i < p.length; i++) {
          if (sums.size() <= i) {
            sums.add(new ArrayList<>());
            queries.add(new ArrayList<>());
          }
          for (int j = 0; j < a.tokens(); j++) {
            if (j == sums.get(i).size()) {
              sums.get(i).add(0.0);
              queries.get(i).add(0);
            }
            sums.get(i).set(j, sums.get(i).get(j) + sum(p[i], last(a.current(), a.current()), j));
            queries.get(i).set(j, queries.get(i).get(j) + a.current());
          }
        }
      }

      @Override
      double[][] score(SelectionInputs a) {
        int t = a.tokens();
        double[][] s = new double[sums.size()][t];
        for (int i = 0; i < s.length; i++) {
          int recent = a.budget()[i % a.heads().length] / 2;
          for (int j = 0; j < t; j++) {
            s[i][j] = sums.get(i).get(j) / (byCount ? queries.get(i).get(j) : 1);
            if (!grid && j >= t - recent) {
              s[i][j] = Double.POSITIVE_INFINITY;
            }
          }
          if (grid) {
            int g = (int) Math.sqrt(Math.min(recent, a.current()));
            for (int p : centres(a.schedule().map(a.scale()), g)) {
              s[i][a.prefix() + p] = Double.POSITIVE_INFINITY;
            }
          }
        }
        return s;
      }

      @Override
      void kept(RetainedTokens kept) {
        super.kept(kept);
        for (int i = 0; i < sums.size(); i++) {
          int[] index = kept.of(i / kept.heads(), i % kept.heads());
          sums.set(i, at(sums.get(i), index));
          queries.set(i, at(queries.get(i), index));
        }
      }
    };
  }

  /** Window queries' attention, averaged: {@code w} queries, at most {@code most} of them stay. */
  static ScoreOracle snapkv(int w, int kernel, boolean grid, String pool, int most) {
    return new ScoreOracle() {
      @Override
      double[][] score(SelectionInputs a) {
        TokenMap map = a.schedule().map(a.scale());
        int wq = Math.min(w, map.tokens());
        List<Integer> q = grid ? centres(map, (int) Math.sqrt(wq)) : last(map.tokens(), wq);
        List<Integer> stay =
            grid ? evenly(q, most) : q.subList(q.size() - Math.min(q.size(), most), q.size());
        return observed(a, attention(a), q, i -> stay, kernel, pool);
      }
    };
  }

  static int forced(double most) {
    int side = (int) Math.floor(Math.sqrt(most));
    return Math.max(1, side * side);
  }

  /** The paper's 16 centres, of which few are retained by force. */
  static ScoreOracle scalekv(int kernel, String pool) {
    return scalekv(kernel, pool, false, true, false);
  }

  /** The same, each of its choices as in the released code or not. */
  static ScoreOracle scalekv(
      int kernel, String pool, boolean projected, boolean softmax, boolean released) {
    return new ScoreOracle() {
      @Override
      double[][] score(SelectionInputs a) {
        TokenMap map = a.schedule().map(a.scale());
        int b = a.budget()[0];
        double most = Math.min(Math.min(16, map.tokens()), b / 4.0);
        int forced = released ? b : Math.min(b, forced(most));
        List<Integer> q = released ? releasedWindow(map) : centres(map, 4);
        boolean last = released && (map.height() != map.width() || map.height() < 4);
        int n = q.size();
        List<Integer> stay = last ? q.subList(n - Math.min(n, b), n) : evenly(q, forced);
        float[] queries = (projected ? a.projectedQuery().get() : a.query()).toFloatArray();
        double factor = projected ? 1 / Math.sqrt(a.keys().getShape().get(3)) : a.softmaxScale();
        double[][][] p = products(queries, a, factor);
        return observed(a, softmax ? softmax(p) : p, q, i -> stay, kernel, pool);
      }
    };
  }

  /** Patch centres of a 4×4 grid of square patches, or the last 16 tokens. */
  private static List<Integer> releasedWindow(TokenMap map) {
    if (map.height() != map.width() || map.height() < 4) {
      return last(map.tokens(), 16);
    }
    int p = map.height() / 4;
    List<Integer> q = new ArrayList<>();
    for (int i = 0; i < 16; i++) {
      q.add((i / 4 * p + (p - 1) / 2) * map.width() + i % 4 * p + (p - 1) / 2);
    }
    return q;
  }

  /** Window tokens of one row and head. */
  interface Stay {
    List<Integer> of(int head);
  }

  double[][] observed(
      SelectionInputs a,
      double[][][] p,
      List<Integer> queries,
      Stay stay,
      int kernel,
      String pool) {
    double[][] s = new double[p.length][a.tokens()];
    for (int i = 0; i < p.length; i++) {
      List<Integer> others = new ArrayList<>();
      for (int j = 0; j < a.tokens(); j++) {
        if (stay.of(i).contains(j - a.prefix())) {
          s[i][j] = Double.POSITIVE_INFINITY;
        } else {
          others.add(j);
        }
      }
      for (int x = 0; x < others.size(); x++) {
        double sum = 0;
        double largest = Double.NEGATIVE_INFINITY;
        for (int y = 0; y < others.size(); y++) {
          boolean near =
              pool.startsWith("1d-cache")
                  ? Math.abs(x - y) <= kernel / 2
                  : near(a.schedule(), i, others.get(x), others.get(y), kernel / 2, pool);
          double one = near ? sum(p[i], queries, others.get(y)) : 0;
          sum += one;
          largest = near ? Math.max(largest, one) : largest;
        }
        double mean = sum / (pool.equals("2d-map") ? kernel * kernel : kernel);
        s[i][others.get(x)] = pool.equals("1d-cache-max") ? largest : mean;
      }
    }
    return s;
  }

  private boolean near(ScaleSchedule schedule, int i, int x, int y, int reach, String pool) {
    int a = held.get(i).get(x);
    int b = held.get(i).get(y);
    int map = schedule.scaleOf(a);
    if (map != schedule.scaleOf(b)) {
      return false;
    }
    if (pool.equals("1d-map")) {
      return Math.abs(a - b) <= reach;
    }
    int first = schedule.tokensBefore(map);
    int width = schedule.map(map).width();
    return Math.abs((a - first) / width - (b - first) / width) <= reach
        && Math.abs((a - first) % width - (b - first) % width) <= reach;
  }

  /** Raw logits of the grid's queries, or of the last ones. */
  static ScoreOracle released(int kernel, boolean max) {
    return new ScoreOracle() {
      @Override
      double[][] score(SelectionInputs a) {
        TokenMap map = a.schedule().map(a.scale());
        int t = a.tokens();
        boolean square = map.height() == map.width() && map.height() >= 4;
        List<Integer> q = releasedWindow(map);
        List<Integer> columns = square ? q.stream().map(x -> x + a.prefix()).toList() : last(t, 16);
        float[] raw = a.projectedQuery().get().toFloatArray();
        double[][][] logits = products(raw, a, 1 / Math.sqrt(a.keys().getShape().get(3)));
        double[][] s = new double[logits.length][t];
        for (int i = 0; i < s.length; i++) {
          int b = a.budget()[i % a.heads().length];
          int n = columns.size();
          List<Integer> stay = square ? evenly(columns, b) : columns.subList(n - Math.min(n, b), n);
          for (int j = 0; j < t; j++) {
            double pooled = max ? Double.NEGATIVE_INFINITY : 0;
            for (int x = Math.max(0, j - kernel / 2); x <= Math.min(t - 1, j + kernel / 2); x++) {
              double one = columns.contains(x) ? Double.NEGATIVE_INFINITY : sum(logits[i], q, x);
              pooled = max ? Math.max(pooled, one) : pooled + one / kernel;
            }
            s[i][j] = columns.contains(j) ? Double.NEGATIVE_INFINITY : pooled;
            s[i][j] = stay.contains(j) ? Double.POSITIVE_INFINITY : s[i][j];
          }
        }
        return s;
      }
    };
  }
}
