package io.scalekv.experiment;

import io.scalekv.cache.KvCache;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.SelectionInputs;
import io.scalekv.model.GenerationListener;
import io.scalekv.model.ModelConfig;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.commons.statistics.descriptive.Median;

/**
 * Meter of the cost of every map: time, operations, cache and memory of the process. A map begins
 * when its input is there and ends when the next one's is; text and tokenizer are not counted.
 *
 * <p>Operations are those of the matrix products, two for each multiply-add: the blocks' linear
 * layers, self-attention over the tokens that are really stored, and the head. Cross attention to
 * the text, word embedding and everything element by element are left out.
 */
public final class MapMeter implements GenerationListener {
  /**
   * One map.
   *
   * @param scale counted from 1
   * @param map rows x columns
   * @param tokens n_k
   * @param seconds median over the generations; the first, which warms up, counts only if it is the
   *     only one
   * @param cpuSeconds processor time of all threads of the process, the median as well
   * @param kvBytes of the tokens that all layers hold when it is done; the last map is not stored
   * @param peakRssMiB most memory of the process while it ran, or null where the system does not
   *     report it
   * @param gflop 10⁹ operations
   */
  public record Cost(
      int scale,
      String map,
      int tokens,
      double seconds,
      double cpuSeconds,
      long kvBytes,
      Long peakRssMiB,
      double gflop) {
    /** Returns the scale with its map, such as {@code 7 (16x16)}. */
    public String label() {
      return scale + " (" + map + ")";
    }
  }

  private final ModelConfig config;
  private final ScaleSchedule schedule;
  private final List<double[]> seconds = new ArrayList<>();
  private final List<double[]> cpuSeconds = new ArrayList<>();
  private final Map<Integer, Long> live = new HashMap<>();
  private final long[] liveAfter;
  private final Long[] peak;
  private final double[] attentionFlop;
  private int rows;
  private long begun;
  private double begunCpu;

  /** Creates a meter for generations of one schedule and batch. */
  public MapMeter(ModelConfig config, ScaleSchedule schedule) {
    this.config = config;
    this.schedule = schedule;
    this.liveAfter = new long[schedule.scales()];
    this.peak = new Long[schedule.scales()];
    this.attentionFlop = new double[schedule.scales()];
  }

  @Override
  public void scaleBegins(int scale, int batchRows) {
    rows = batchRows;
    if (scale == 0) {
      live.clear();
      seconds.add(new double[schedule.scales()]);
      cpuSeconds.add(new double[schedule.scales()]);
    }
    attentionFlop[scale] = 0;
    ProcessMemory.resetPeak();
    begunCpu = ProcessMemory.cpuSeconds();
    begun = System.nanoTime();
  }

  @Override
  public void attended(int branch, SelectionInputs a) {
    attentionFlop[a.scale()] +=
        4.0
            * a.rows()
            * a.heads().length
            * config.geometry().headWidth()
            * a.current()
            * a.tokens();
  }

  @Override
  public void cached(int scale, int layer, int branch, KvCache cache) {
    live.put(branch * config.geometry().layers() + layer, cache.liveBytes());
  }

  @Override
  public void scaleEnds(int scale) {
    seconds.get(seconds.size() - 1)[scale] = (System.nanoTime() - begun) / 1e9;
    cpuSeconds.get(seconds.size() - 1)[scale] = ProcessMemory.cpuSeconds() - begunCpu;
    liveAfter[scale] = live.values().stream().mapToLong(Long::longValue).sum();
    peak[scale] = larger(peak[scale], ProcessMemory.peakRssMiB());
  }

  private static Long larger(Long a, Long b) {
    return a == null || b != null && b > a ? b : a;
  }

  /** Returns the maps in order; empty before the first generation. */
  public List<Cost> maps() {
    List<Cost> costs = new ArrayList<>();
    for (int k = 0; k < schedule.scales() && !seconds.isEmpty(); k++) {
      costs.add(
          new Cost(
              k + 1,
              schedule.map(k).toString(),
              schedule.tokens(k),
              median(seconds, k),
              median(cpuSeconds, k),
              liveAfter[k],
              peak[k],
              (attentionFlop[k] + config.linearOperations(rows, schedule.tokens(k))) / 1e9));
    }
    return costs;
  }

  private static double median(List<double[]> times, int map) {
    int skip = times.size() > 1 ? 1 : 0;
    return Median.withDefaults()
        .evaluate(times.stream().skip(skip).mapToDouble(s -> s[map]).toArray());
  }
}
