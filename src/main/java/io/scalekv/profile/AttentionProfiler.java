package io.scalekv.profile;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.model.AttentionSite;
import io.scalekv.model.AttentionTap;
import io.scalekv.tensor.TorchOps;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.List;

/**
 * Watches the attention of one generation and reduces the softmax rows of sampled queries to {@link
 * PromptStatistics}, one per prompt of the batch.
 *
 * <p>The same positions are drawn for both branches of a prompt, as a function of (seed, prompt,
 * layer, scale) alone. Rows and their sums are computed natively in float32; order statistics and
 * what is not linear in the sums, in double from these. Besides the heads, the row averaged over
 * the heads is measured like one more head.
 *
 * <p>Memory: rows are taken in blocks of at most max(2²⁰, B·(H+1)·T) attention values, and at most
 * five float32 arrays of that size live at a time (20 MiB up to 2²⁰). Keys and queries that are not
 * float32 are converted, once per call. The attention matrix of a map is never built.
 *
 * <p>For inference, on the full cache. Not safe for use by several threads at once: one profiler
 * per generation.
 */
public final class AttentionProfiler implements AttentionTap {
  private static final int BLOCK_VALUES = 1 << 20;

  /** Below this share of a row, what is left of it after rounding says nothing about its shape. */
  private static final double NEGLIGIBLE_MASS = 1e-30;

  private final ProfileGeometry geometry;
  private final ProfileOptions options;
  private final int[] prompts;
  private final int blockValues;
  private final PromptStatistics.Builder[] builders;
  private final RowOrder order = new RowOrder();
  private final CutError cut;

  private AttentionProfiler(
      ProfileGeometry geometry, ProfileOptions options, int[] prompts, int blockValues) {
    if (prompts.length == 0) {
      throw new IllegalArgumentException("profiler: at least one prompt expected, got none");
    }
    this.geometry = geometry;
    this.options = options;
    this.prompts = prompts.clone();
    this.blockValues = blockValues;
    this.builders =
        Arrays.stream(prompts)
            .mapToObj(p -> new PromptStatistics.Builder(p, geometry))
            .toArray(PromptStatistics.Builder[]::new);
    this.cut = options.cutTokens() == 0 ? null : new CutError(geometry, options.cutTokens());
  }

  /**
   * A profiler for one generation.
   *
   * @param geometry shape of the model
   * @param options what to measure
   * @param prompts index in the prompt set of each conditional batch row
   */
  public static AttentionProfiler create(
      ProfileGeometry geometry, ProfileOptions options, int... prompts) {
    return new AttentionProfiler(geometry, options, prompts, BLOCK_VALUES);
  }

  /** The same with another block size, in attention values. */
  static AttentionProfiler withBlocks(
      ProfileGeometry geometry, ProfileOptions options, int blockValues, int... prompts) {
    return new AttentionProfiler(geometry, options, prompts, blockValues);
  }

  /** What was seen, one for each prompt; an error if the generation is not complete. */
  public List<PromptStatistics> statistics() {
    return Arrays.stream(builders).map(PromptStatistics.Builder::build).toList();
  }

  @Override
  public void attend(AttentionSite site, NDArray query, NDArray key, NDArray value) {
    check(site, query.getShape(), key.getShape());
    int seen = options.unconditional() ? (int) query.getShape().get(0) : prompts.length;
    Call call = new Call(site, seen);
    try (NDManager scope = query.getManager().newSubManager()) {
      NDArray q = float32(scope, rows(scope, query, seen));
      NDArray k = float32(scope, rows(scope, key, seen));
      long perRow = (long) call.batch * (geometry.heads() + 1) * call.keys;
      int step = (int) Math.max(1, blockValues / perRow);
      for (int from = 0; from < call.samples; from += step) {
        call.block(q, k, from, Math.min(from + step, call.samples));
      }
      call.means();
      if (cut != null) {
        call.cut(cut.of(site, q, k, float32(scope, rows(scope, value, seen))));
      }
    }
    call.store();
  }

  private void check(AttentionSite site, Shape query, Shape key) {
    SiteCheck.check(geometry, prompts.length, site, query, key);
    for (PromptStatistics.Builder b : builders) {
      b.checkNew(site.layer(), site.scale());
    }
  }

  /** The first {@code count} batch rows, as a view. */
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

  /** One attention call: its geometry, its sampled rows and their running means. */
  private final class Call {
    final AttentionSite site;
    final int batch;
    final int conditional = prompts.length;
    final int branches;
    final int history;
    final int keys;
    final int samples;
    final int topKeys;
    final int[][] positions;
    final GridDistance grid;

    /** First key of each source map, T, end of the sinks. */
    final long[] bounds;

    final int width = PromptStatistics.width(geometry);
    final double[] totals;
    final int[] counts;
    final float[] row;
    final float[] sums;

    Call(AttentionSite site, int batch) {
      this.site = site;
      this.batch = batch;
      this.branches = batch / conditional;
      ScaleSchedule schedule = geometry.schedule();
      int scale = site.scale();
      int tokens = schedule.tokens(scale);
      this.history = schedule.tokensBefore(scale);
      this.keys = history + tokens;
      this.samples = Math.min(options.querySamples(), tokens);
      this.topKeys = history > 0 ? options.historyTopK().of(history) : 0;
      this.positions = new int[conditional][];
      for (int c = 0; c < conditional; c++) {
        positions[c] =
            QuerySampler.draw(options.seed(), prompts[c], site.layer(), scale, tokens, samples);
      }
      this.grid = GridDistance.of(schedule, scale);
      this.bounds = new long[scale + 3];
      for (int s = 0; s <= scale + 1; s++) {
        bounds[s] = schedule.tokensBefore(s);
      }
      bounds[scale + 2] = Math.min(options.sinkTokens(), history);
      this.totals = new double[batch * (geometry.heads() + 1) * width];
      this.counts = new int[totals.length];
      this.row = new float[keys];
      this.sums = new float[bounds.length + 5];
    }

    /** Folds the sampled rows from..to−1. */
    void block(NDArray query, NDArray key, int from, int to) {
      int n = to - from;
      try (NDManager scope = query.getManager().newSubManager()) {
        NDArray rows =
            TorchOps.call(
                "attention_rows",
                query,
                key,
                scope.create(indices(from, n), new Shape(batch, 1, n, 1)),
                scope.create(new float[] {(float) site.softmaxScale()}),
                scope.create(distances(from, n), new Shape(batch, 1, n, keys)),
                scope.create(bounds),
                scope.zeros(new Shape(branches)));
        rows.attach(scope);
        FloatBuffer values = rows.toByteBuffer(true).asFloatBuffer();
        int lines = batch * (geometry.heads() + 1) * n;
        int lineLength = keys + bounds.length + 5;
        for (int i = 0; i < lines; i++) {
          boolean sort = from + i % n < options.sortedRows();
          fold(i / n, sort, values, i * lineLength);
        }
      }
    }

    /** The drawn positions of each batch row; both branches of a prompt have the same. */
    private long[] indices(int from, int n) {
      long[] index = new long[batch * n];
      for (int b = 0; b < batch; b++) {
        for (int i = 0; i < n; i++) {
          index[b * n + i] = positions[b % conditional][from + i];
        }
      }
      return index;
    }

    /** Distances of the drawn queries to the keys, [B, 1, n, T]. */
    private float[] distances(int from, int n) {
      float[] d = new float[batch * n * keys];
      int half = conditional * n * keys;
      for (int c = 0; c < conditional; c++) {
        for (int i = 0; i < n; i++) {
          grid.row(positions[c][from + i], d, (c * n + i) * keys);
        }
      }
      if (branches == 2) {
        System.arraycopy(d, 0, d, half, half);
      }
      return d;
    }

    /**
     * Folds one softmax row of head {@code cell}, counted over the batch, and the sums behind it.
     */
    private void fold(int cell, boolean sort, FloatBuffer values, int at) {
      values.get(at + keys, sums);
      if (history > 0 || sort) {
        values.get(at, row, 0, sort ? keys : history);
      }
      int scales = site.scale() + 1;
      double logLargest = Math.log(sums[0]);
      double historyMass = 0;
      for (int s = 0; s < scales - 1; s++) {
        historyMass += sums[2 + s];
      }
      double currentMass = sums[1 + scales];
      int g = 2 + scales;
      double historyPLogP = sums[g] + historyMass * logLargest;
      double currentPLogP = sums[g + 1] + currentMass * logLargest;
      int slot = cell * width;
      boolean conditionalRow = cell / (geometry.heads() + 1) < conditional;

      add(slot, HeadStatistic.CURRENT_MASS, currentMass);
      double entropy = Math.max(0, -(currentPLogP + historyPLogP));
      add(slot, HeadStatistic.ENTROPY, entropy);
      add(slot, HeadStatistic.EFFECTIVE_KEYS, Math.exp(entropy));
      if (currentMass >= NEGLIGIBLE_MASS) {
        double part = partEntropy(currentMass, currentPLogP);
        add(slot, HeadStatistic.CURRENT_ENTROPY, part);
        add(slot, HeadStatistic.CURRENT_EFFECTIVE_KEYS, Math.exp(part));
        add(slot, HeadStatistic.CURRENT_DISTANCE, sums[g + 3] / currentMass);
      }
      if (historyMass >= NEGLIGIBLE_MASS) {
        double part = partEntropy(historyMass, historyPLogP);
        add(slot, HeadStatistic.HISTORY_ENTROPY, part);
        add(slot, HeadStatistic.HISTORY_EFFECTIVE_KEYS, Math.exp(part));
      }
      if (history > 0) {
        add(slot, HeadStatistic.HISTORY_TOP_K, order.topSum(row, history, topKeys));
        add(slot, HeadStatistic.SINK_MASS, sums[1]);
      }
      if (sort) {
        add(slot, HeadStatistic.GINI, order.gini(row, keys));
      }
      add(slot, HeadStatistic.DISTANCE, (double) sums[g + 2] + sums[g + 3]);
      if (branches == 2 && conditionalRow) {
        add(slot, HeadStatistic.BRANCH_DRIFT, sums[g + 4]);
      }
      int masses = slot + HeadStatistic.values().length;
      for (int s = 0; s < geometry.scales(); s++) {
        add(masses + s, s < scales ? sums[2 + s] : 0);
      }
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
      for (int i = 0; errors != null && i < batch * (geometry.heads() + 1); i++) {
        totals[i * width + HeadStatistic.CUT_ERROR.ordinal()] = errors.relative()[i];
        totals[i * width + HeadStatistic.CUT_CHANGE.ordinal()] = errors.rootMeanSquare()[i];
      }
    }

    /** Hands the means over to the prompts. */
    void store() {
      for (int b = 0; b < batch; b++) {
        PromptStatistics.Builder builder = builders[b % conditional];
        Branch branch = b < conditional ? Branch.CONDITIONAL : Branch.UNCONDITIONAL;
        for (int h = 0; h <= geometry.heads(); h++) {
          int at = (b * (geometry.heads() + 1) + h) * width;
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
