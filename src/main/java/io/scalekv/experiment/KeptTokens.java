package io.scalekv.experiment;

import io.scalekv.cache.KvCache;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.model.GenerationListener;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Record of the tokens that some layers still hold when a map reads them, as the share of batch
 * rows and heads that hold each.
 */
public final class KeptTokens implements GenerationListener {
  private final ScaleSchedule schedule;
  private final Map<Integer, double[][]> shares = new TreeMap<>();

  /** Watches the given layers, 0-based. */
  public KeptTokens(ScaleSchedule schedule, Set<Integer> layers) {
    this.schedule = schedule;
    layers.forEach(l -> shares.put(l, new double[schedule.scales()][]));
  }

  @Override
  public void cached(int scale, int layer, int branch, KvCache cache) {
    if (branch != 0 || !shares.containsKey(layer) || scale + 1 >= schedule.scales()) {
      return;
    }
    double[] share = new double[schedule.tokensBefore(scale + 1)];
    double one = 1.0 / (cache.rows() * cache.heads());
    for (int r = 0; r < cache.rows(); r++) {
      for (int h = 0; h < cache.heads(); h++) {
        for (int position : cache.positions(r, h)) {
          share[position] += one;
        }
      }
    }
    shares.get(layer)[scale + 1] = share;
  }

  /** Returns the token maps. */
  public ScaleSchedule schedule() {
    return schedule;
  }

  /**
   * Returns the share of rows and heads, 0 to 1, that hold each of the T_k tokens before map {@code
   * scale} when it reads them; of the last generation seen. Map 0 reads nothing.
   */
  public double[] share(int layer, int scale) {
    return scale == 0 ? new double[0] : shares.get(layer)[scale].clone();
  }
}
