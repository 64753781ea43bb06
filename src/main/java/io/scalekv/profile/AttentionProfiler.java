package io.scalekv.profile;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.io.Require;
import io.scalekv.model.AttentionSite;
import io.scalekv.model.AttentionTap;
import io.scalekv.tensor.TorchOps;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Tap that reduces the softmax rows of sampled queries of one generation to {@link
 * PromptStatistics}, one per prompt of the batch.
 *
 * <p>The same positions are drawn for both branches of a prompt, as a function of (seed, prompt,
 * layer, scale) alone. Rows and their p·ln p are computed natively in float32; their sums and order
 * statistics in double from these. Besides the heads, the row averaged over the heads is measured
 * like one more head. The first {@link ProfileOptions#detailRows()} of the drawn rows are measured
 * whole, the others only for the sums over keys.
 *
 * <p>Memory: rows are taken in blocks of at most max(2²⁰, B·(H+1)·T) attention values, and at most
 * six float32 arrays of that size live at a time (24 MiB up to 2²⁰). Keys and queries that are not
 * float32 are converted, once per call. The attention matrix of a map is never built.
 *
 * <p>For inference, on the full cache. Not safe for use by several threads at once: one profiler
 * per generation.
 */
public final class AttentionProfiler implements AttentionTap {
  private static final int BLOCK_VALUES = 1 << 20;

  /** Below this share of a row, what is left of it after rounding says nothing about its shape. */
  private static final double NEGLIGIBLE_MASS = 1e-30;

  private static final int STATISTICS = HeadStatistic.values().length;

  private final ProfileGeometry geometry;
  private final ProfileOptions options;
  private final int[] prompts;
  private final int blockValues;
  private final PromptStatistics.Builder[] builders;
  private final RowOrder order = new RowOrder();
  private final CutError cut;
  private final Keys[] keysOfScale;

  private AttentionProfiler(
      ProfileGeometry geometry, ProfileOptions options, int[] prompts, int blockValues) {
    Require.that(prompts.length > 0, "prompts must be at least one, got none");
    this.geometry = geometry;
    this.options = options;
    this.prompts = prompts.clone();
    this.blockValues = blockValues;
    this.keysOfScale = new Keys[geometry.scales()];
    this.builders =
        Arrays.stream(prompts)
            .mapToObj(p -> new PromptStatistics.Builder(p, geometry))
            .toArray(PromptStatistics.Builder[]::new);
    this.cut = options.cutTokens() == 0 ? null : new CutError(geometry, options.cutTokens());
  }

  /**
   * Returns a profiler for one generation.
   *
   * @param geometry shape of the model
   * @param options what to measure
   * @param prompts index in the prompt set of each conditional batch row
   */
  public static AttentionProfiler create(
      ProfileGeometry geometry, ProfileOptions options, int... prompts) {
    return new AttentionProfiler(geometry, options, prompts, BLOCK_VALUES);
  }

  /** Returns the same with another block size, in attention values. */
  static AttentionProfiler withBlocks(
      ProfileGeometry geometry, ProfileOptions options, int blockValues, int... prompts) {
    return new AttentionProfiler(geometry, options, prompts, blockValues);
  }

  /** Returns the statistics of each prompt; an error if the generation is not complete. */
  public List<PromptStatistics> statistics() {
    return Arrays.stream(builders).map(PromptStatistics.Builder::build).toList();
  }

  @Override
  public void attend(AttentionSite site, NDArray query, NDArray key, NDArray value) {
    check(site, query.getShape(), key.getShape());
    int seen = options.unconditional() ? (int) query.getShape().get(0) : prompts.length;
    Call call = new Call(site, seen);
    try (NDManager scope = query.getManager().newSubManager()) {
      NDArray plain = float32(scope, rows(scope, query, seen));
      NDArray q = scaled(scope, plain, site.softmaxScale());
      NDArray k = float32(scope, rows(scope, key, seen));
      int step = step(call.batch, call.keys);
      if (call.samples <= step) {
        call.rows(scope, q, k, 0, call.details, call.samples);
      } else {
        for (int from = 0; from < call.details; from += step) {
          int to = Math.min(from + step, call.details);
          call.rows(scope, q, k, from, to, to);
        }
        step = step(call.conditional, call.keys);
        for (int from = call.details; from < call.samples; from += step) {
          call.rows(scope, q, k, from, from, Math.min(from + step, call.samples));
        }
      }
      call.means();
      if (cut != null) {
        call.cut(cut.of(site, plain, k, float32(scope, rows(scope, value, seen))));
      }
    }
    call.store();
  }

  /** Query rows of a block. */
  private int step(int batchRows, int keys) {
    return (int) Math.max(1, blockValues / ((long) batchRows * (geometry.heads() + 1) * keys));
  }

  private static NDArray scaled(NDManager scope, NDArray query, double scale) {
    if (scale == 1) {
      return query;
    }
    NDArray scaled = query.mul((float) scale);
    scaled.attach(scope);
    return scaled;
  }

  private void check(AttentionSite site, Shape query, Shape key) {
    SiteCheck.check(geometry, prompts.length, site, query, key);
    for (PromptStatistics.Builder b : builders) {
      b.checkNew(site.layer(), site.scale());
    }
  }

  /** Returns the first {@code count} batch rows, as a view. */
  private static NDArray rows(NDManager scope, NDArray array, int count) {
    if (array.getShape().get(0) == count) {
      return array;
    }
    NDArray view = array.get(new NDIndex("0:{}", count));
    view.attach(scope);
    return view;
  }

  private static NDArray float32(NDManager scope, NDArray array) {
    if (array.getDataType() == DataType.FLOAT32) {
      return array;
    }
    NDArray converted = array.toType(DataType.FLOAT32, false);
    converted.attach(scope);
    return converted;
  }

  /**
   * Values shared by all layers of a scale.
   *
   * @param starts position of the first key of each source map up to the current one, and the end
   * @param sinks sinks among the keys of the prefix
   * @param topKeys K' of the prefix
   */
  private record Keys(GridDistance grid, int[] starts, int sinks, int topKeys) {
    static Keys of(ScaleSchedule schedule, int scale, ProfileOptions options) {
      int history = schedule.tokensBefore(scale);
      return new Keys(
          GridDistance.of(schedule, scale),
          IntStream.rangeClosed(0, scale + 1).map(schedule::tokensBefore).toArray(),
          Math.min(ProfileOptions.SINK_TOKENS, history),
          history > 0 ? options.historyTopK().of(history) : 0);
    }
  }

  /** One attention call: its geometry, its sampled rows and their running means. */
  private final class Call {
    final AttentionSite site;
    final int batch;
    final int conditional = prompts.length;
    final int branches;
    final int heads = geometry.heads();
    final int history;
    final int keys;
    final int samples;

    /** Number of samples that are measured whole, the first ones. */
    final int details;

    final int[][] positions;

    final Keys shared;

    final int slots = PromptStatistics.width(geometry);
    final double[] totals;
    final int[] counts;

    Call(AttentionSite site, int batch) {
      this.site = site;
      this.batch = batch;
      this.branches = batch / conditional;
      ScaleSchedule schedule = geometry.schedule();
      int scale = site.scale();
      int tokens = schedule.tokens(scale);
      this.history = schedule.tokensBefore(scale);
      this.keys = history + tokens;
      this.samples = Math.min(options.querySamples(), site.queries());
      this.details = Math.min(options.detailRows(), samples);
      this.positions = new int[conditional][];
      for (int c = 0; c < conditional; c++) {
        positions[c] =
            site.sampled() != null
                ? Arrays.copyOf(site.sampled(), samples)
                : QuerySampler.draw(
                    options.seed(), prompts[c], site.layer(), scale, tokens, samples);
      }
      if (keysOfScale[scale] == null) {
        keysOfScale[scale] = Keys.of(schedule, scale, options);
      }
      this.shared = keysOfScale[scale];
      this.totals = new double[batch * (heads + 1) * slots];
      this.counts = new int[totals.length];
    }

    /**
     * Measures the sampled rows from..whole−1 whole and of the rows whole..to−1 the masses, in the
     * conditional branch.
     */
    void rows(NDManager scope, NDArray query, NDArray key, int from, int whole, int to) {
      int n = to - from;
      int detailed = whole - from;
      float[] x =
          keys == 1 ? onlyKey(n, detailed) : softmaxRows(scope, query, key, from, detailed, n);
      if (detailed < n) {
        masses(x, n, detailed);
      }
      details(x, detailed < n ? conditional * heads * n * keys : 0, from, detailed);
    }

    /**
     * Returns the rows from..from+n−1 of the conditional branch [R,H,n,T] if not all are detailed;
     * then the detailed ones of all branches [B,H+1,detailed,T], the last head their mean, and
     * their p ln p.
     */
    private float[] softmaxRows(
        NDManager scope, NDArray query, NDArray key, int from, int detailed, int n) {
      try (NDArray index = index(scope, from, n);
          NDArray wanted = scope.create(new Shape(detailed), DataType.INT64);
          NDArray result = TorchOps.call("profiled_rows", query, key, index, wanted)) {
        return result.toFloatArray();
      }
    }

    /** Returns the same where there is one key, which gets all attention. */
    private float[] onlyKey(int n, int detailed) {
      int rows = detailed < n ? conditional * heads * n : 0;
      int whole = batch * (heads + 1) * detailed;
      float[] x = new float[rows + 2 * whole];
      Arrays.fill(x, 0, rows + whole, 1);
      return x;
    }

    /** Folds n rows that were measured whole; x holds p from {@code start}, p ln p behind it. */
    private void details(float[] x, int start, int from, int n) {
      int lines = batch * (heads + 1) * n;
      float[] distance = new float[keys];
      for (int c = 0; c < conditional; c++) {
        for (int i = 0; i < n; i++) {
          shared.grid().row(positions[c][from + i], distance, 0);
          for (int b = c; b < batch; b += conditional) {
            for (int h = 0; h <= heads; h++) {
              int line = (b * (heads + 1) + h) * n + i;
              int slot = (b * (heads + 1) + h) * slots;
              int row = start + line * keys;
              masses(slot, x, row);
              topK(slot, x, row);
              dispersion(slot, x, row, row + lines * keys, distance);
              if (b == c && branches == 2) {
                int other = row + lines / 2 * keys;
                add(slot, HeadStatistic.BRANCH_DRIFT, RowSums.difference(x, row, other, keys) / 2);
              }
              if (b == c && from + i < ProfileOptions.SORTED_ROWS) {
                add(slot, HeadStatistic.GINI, order.gini(x, row, keys));
              }
            }
          }
        }
      }
    }

    /** Folds the masses of the rows {@code from}..n−1 of the conditional branch [R,H,n,T]. */
    private void masses(float[] x, int n, int from) {
      float[] mean = new float[keys];
      for (int c = 0; c < conditional; c++) {
        for (int i = from; i < n; i++) {
          Arrays.fill(mean, 0);
          for (int h = 0; h < heads; h++) {
            int slot = (c * (heads + 1) + h) * slots;
            int row = ((c * heads + h) * n + i) * keys;
            masses(slot, x, row);
            topK(slot, x, row);
            RowSums.add(mean, x, row, keys);
          }
          for (int j = 0; j < keys; j++) {
            mean[j] /= heads;
          }
          int slot = (c * (heads + 1) + heads) * slots;
          masses(slot, mean, 0);
          topK(slot, mean, 0);
        }
      }
    }

    /**
     * Returns the drawn positions of each conditional row and head, as rows of all queries [C,H,n].
     */
    private NDArray index(NDManager scope, int from, int n) {
      int queries = site.queries();
      long[] index = new long[conditional * heads * n];
      for (int line = 0; line < conditional * heads; line++) {
        for (int i = 0; i < n; i++) {
          int row = site.sampled() == null ? positions[line / heads][from + i] : from + i;
          index[line * n + i] = (long) line * queries + row;
        }
      }
      return scope.create(index, new Shape(conditional, heads, n));
    }

    /** Folds what one row gives to the maps and the sinks. */
    private void masses(int slot, float[] x, int row) {
      int scale = site.scale();
      int sources = slot + STATISTICS;
      for (int s = 0; s < geometry.scales(); s++) {
        double mass = s <= scale ? part(x, row, s) : 0;
        add(sources + s, mass);
        if (s == scale) {
          add(slot, HeadStatistic.CURRENT_MASS, mass);
        }
      }
      if (history > 0) {
        add(slot, HeadStatistic.SINK_MASS, RowSums.sum(x, row, row + shared.sinks()));
      }
    }

    /** Returns the sum over the keys of one source map. */
    private double part(float[] x, int row, int source) {
      return RowSums.sum(x, row + shared.starts()[source], row + shared.starts()[source + 1]);
    }

    private void topK(int slot, float[] x, int row) {
      if (history > 0) {
        add(slot, HeadStatistic.HISTORY_TOP_K, order.topSum(x, row, history, shared.topKeys()));
      }
    }

    /** Folds entropies and distances of one row of p and of p ln p. */
    private void dispersion(int slot, float[] x, int p, int pLogP, float[] distance) {
      double historyMass = RowSums.sum(x, p, p + history);
      double historyPLogP = RowSums.sum(x, pLogP, pLogP + history);
      double historyDistance = RowSums.dot(x, p, distance, 0, history);
      double currentMass = RowSums.sum(x, p + history, p + keys);
      double currentPLogP = RowSums.sum(x, pLogP + history, pLogP + keys);
      double currentDistance = RowSums.dot(x, p, distance, history, keys);
      double entropy = Math.max(0, -(currentPLogP + historyPLogP));
      add(slot, HeadStatistic.ENTROPY, entropy);
      add(slot, HeadStatistic.EFFECTIVE_KEYS, Math.exp(entropy));
      if (currentMass >= NEGLIGIBLE_MASS) {
        double part = partEntropy(currentMass, currentPLogP);
        add(slot, HeadStatistic.CURRENT_ENTROPY, part);
        add(slot, HeadStatistic.CURRENT_EFFECTIVE_KEYS, Math.exp(part));
        add(slot, HeadStatistic.CURRENT_DISTANCE, currentDistance / currentMass);
      }
      if (historyMass >= NEGLIGIBLE_MASS) {
        double part = partEntropy(historyMass, historyPLogP);
        add(slot, HeadStatistic.HISTORY_ENTROPY, part);
        add(slot, HeadStatistic.HISTORY_EFFECTIVE_KEYS, Math.exp(part));
      }
      add(slot, HeadStatistic.DISTANCE, historyDistance + currentDistance);
    }

    private void add(int slot, HeadStatistic statistic, double v) {
      add(slot + statistic.ordinal(), v);
    }

    private void add(int index, double v) {
      totals[index] += v;
      counts[index]++;
    }

    /** Turns sums into means. */
    void means() {
      for (int i = 0; i < totals.length; i++) {
        totals[i] = counts[i] == 0 ? Double.NaN : totals[i] / counts[i];
      }
    }

    /** Takes over the errors of a cut, [B][H+1]; null where nothing is cut. */
    void cut(CutError.Errors errors) {
      for (int i = 0; errors != null && i < batch * (heads + 1); i++) {
        totals[i * slots + HeadStatistic.CUT_ERROR.ordinal()] = errors.relative()[i];
        totals[i * slots + HeadStatistic.CUT_CHANGE.ordinal()] = errors.rootMeanSquare()[i];
      }
    }

    /** Hands the means over to the prompts. */
    void store() {
      for (int b = 0; b < batch; b++) {
        PromptStatistics.Builder builder = builders[b % conditional];
        Branch branch = b < conditional ? Branch.CONDITIONAL : Branch.UNCONDITIONAL;
        for (int h = 0; h <= heads; h++) {
          int at = (b * (heads + 1) + h) * slots;
          builder.set(branch, site.layer(), site.scale(), h, totals, at);
        }
      }
      for (PromptStatistics.Builder b : builders) {
        b.complete(site.layer(), site.scale(), branches == 2);
      }
    }
  }

  /** Entropy in nats of p / mass over a part of the keys, from the part's mass and Σ p ln p. */
  private static double partEntropy(double mass, double pLogP) {
    return Math.max(0, Math.log(mass) - pLogP / mass);
  }
}
