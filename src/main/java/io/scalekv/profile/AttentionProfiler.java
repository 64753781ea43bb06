package io.scalekv.profile;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.model.AttentionSite;
import io.scalekv.model.AttentionTap;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Watches the attention of one generation and reduces the softmax rows of sampled queries to {@link
 * PromptStatistics}, one per prompt of the batch.
 *
 * <p>The same positions are drawn for both branches of a prompt, as a function of (seed, prompt,
 * layer, scale) alone. Statistics other than those that renormalise or count keys are sums of native
 * reductions; the rest is done in double on the reduced numbers. Besides the heads, the row averaged
 * over the heads is measured like one more head.
 *
 * <p>Memory: rows are taken in blocks of at most max(2²⁰, B·H·T) attention values, of which at most
 * five arrays live at a time (25 MB of float32 for B·H·T ≤ 2²⁰), plus the sampled query rows; keys and
 * queries that are not float32 are converted once per call. The T × T matrix is never built.
 *
 * <p>For inference. Not safe for use by several threads at once: one profiler per generation.
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
    Call call = new Call(site, (int) query.getShape().get(0), (int) query.getShape().get(3));
    try (NDManager scope = query.getManager().newSubManager()) {
      NDArray rows = call.sampledRows(scope, query);
      NDArray keys = float32(scope, key).transpose(0, 1, 3, 2);
      keys.attach(scope);
      long perRow = (long) call.batch * geometry.heads() * call.keys;
      int step = (int) Math.max(1, blockValues / perRow);
      for (int from = 0; from < call.samples; from += step) {
        call.block(scope, rows, keys, from, Math.min(from + step, call.samples));
      }
    }
    call.store();
  }

  private void check(AttentionSite site, Shape query, Shape key) {
    String where = "layer " + site.layer() + " scale " + site.scale() + ": ";
    ScaleSchedule schedule = geometry.schedule();
    if (!site.schedule().equals(schedule)) {
      throw new IllegalArgumentException(
          where + "schedule " + schedule.maps() + " expected, got " + site.schedule().maps());
    }
    if (site.layer() < 0 || site.layer() >= geometry.layers()) {
      throw new IllegalArgumentException(
          where + "layer 0 to " + (geometry.layers() - 1) + " expected");
    }
    if (site.scale() < 0 || site.scale() >= geometry.scales()) {
      throw new IllegalArgumentException(
          where + "scale 0 to " + (geometry.scales() - 1) + " expected");
    }
    int conditional = site.conditionalRows();
    if (conditional != prompts.length) {
      throw new IllegalArgumentException(
          where + prompts.length + " conditional rows expected, got " + conditional);
    }
    long batch = query.get(0);
    if (batch != conditional && batch != 2L * conditional) {
      throw new IllegalArgumentException(
          where
              + "batch of "
              + conditional
              + " or, guided, "
              + 2 * conditional
              + " rows expected, got "
              + batch);
    }
    Shape wantedQuery =
        new Shape(batch, geometry.heads(), schedule.tokens(site.scale()), query.get(3));
    Shape wantedKey =
        new Shape(
            batch, geometry.heads(), schedule.tokensBefore(site.scale() + 1), query.get(3));
    if (!query.equals(wantedQuery)) {
      throw new IllegalArgumentException(where + "query " + wantedQuery + " expected, got " + query);
    }
    if (!key.equals(wantedKey)) {
      throw new IllegalArgumentException(
          where
              + "keys "
              + wantedKey
              + " expected (profiling reads the full cache), got "
              + key);
    }
    for (PromptStatistics.Builder b : builders) {
      b.checkNew(site.layer(), site.scale());
    }
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
    final int headWidth;
    final int history;
    final int keys;
    final int samples;
    final int[][] positions;
    final GridDistance grid;
    final int width = PromptStatistics.width(geometry);
    final double[] sums;
    final int[] counts;
    final float[] row;

    Call(AttentionSite site, int batch, int headWidth) {
      this.site = site;
      this.batch = batch;
      this.branches = batch / conditional;
      this.headWidth = headWidth;
      ScaleSchedule schedule = geometry.schedule();
      int tokens = schedule.tokens(site.scale());
      this.history = schedule.tokensBefore(site.scale());
      this.keys = history + tokens;
      this.samples = Math.min(options.querySamples(), tokens);
      this.positions = new int[conditional][];
      for (int c = 0; c < conditional; c++) {
        positions[c] =
            QuerySampler.draw(
                options.seed(), prompts[c], site.layer(), site.scale(), tokens, samples);
      }
      this.grid = GridDistance.of(schedule, site.scale());
      this.sums = new double[batch * (geometry.heads() + 1) * width];
      this.counts = new int[sums.length];
      this.row = new float[keys];
    }

    /** The drawn query rows, times the softmax scale, [B, H, samples, D]. */
    NDArray sampledRows(NDManager scope, NDArray query) {
      long[] index = new long[batch * samples];
      for (int b = 0; b < batch; b++) {
        for (int i = 0; i < samples; i++) {
          index[b * samples + i] = positions[b % conditional][i];
        }
      }
      NDArray gather =
          scope
              .create(index, new Shape(batch, 1, samples, 1))
              .broadcast(new Shape(batch, geometry.heads(), samples, headWidth));
      NDArray rows = float32(scope, query).gather(gather, 2);
      rows.attach(scope);
      return site.softmaxScale() == 1 ? rows : rows.mul((float) site.softmaxScale());
    }

    /** Folds the sampled rows from..to−1. rows [B, H, samples, D], keysT [B, H, D, T]. */
    void block(NDManager parent, NDArray rows, NDArray keysT, int from, int to) {
      try (NDManager scope = parent.newSubManager()) {
        NDArray part = rows.get(new NDIndex(":, :, {}:{}", from, to));
        part.attach(scope);
        NDArray logits = part.matMul(keysT);
        NDArray logP = logits.logSoftmax(-1);
        logits.close();
        NDArray p = logP.exp();
        NDArray meanP = p.mean(new int[] {1}, true);
        NDArray distance = distances(scope, from, to);
        reduce(p, logP, distance, 0, from, to);
        NDArray logMeanP = meanP.maximum(Float.MIN_NORMAL).log();
        reduce(meanP, logMeanP, distance, geometry.heads(), from, to);
      }
    }

    /** Distances of the sampled queries to the keys, [1, prompts, 1, rows, T]. */
    private NDArray distances(NDManager scope, int from, int to) {
      int n = to - from;
      float[] d = new float[conditional * n * keys];
      for (int c = 0; c < conditional; c++) {
        for (int i = 0; i < n; i++) {
          grid.row(positions[c][from + i], d, (c * n + i) * keys);
        }
      }
      return scope.create(d, new Shape(1, conditional, 1, n, keys));
    }

    /**
     * Folds rows p [B, h, n, T] of h heads, the first of which is {@code firstHead}. Overwrites p and
     * logP.
     */
    private void reduce(
        NDArray p, NDArray logP, NDArray distance, int firstHead, int from, int to) {
      int n = to - from;
      int heads = (int) p.getShape().get(1);
      int scales = site.scale() + 1;
      NDList columns = new NDList();
      for (int s = 0; s < scales; s++) {
        int start = geometry.schedule().tokensBefore(s);
        columns.add(sum(p, start, start + geometry.schedule().tokens(s)));
      }
      columns.add(sum(p, 0, Math.min(options.sinkTokens(), Math.max(1, history))));
      double[] topSums = new double[batch * heads * n];
      double[] ginis = new double[batch * heads * n];
      order(p, n, from, topSums, ginis);
      float[] drift = branches == 2 ? drift(p, heads, n) : null;
      NDArray pLogP = logP.muli(p);
      columns.add(sum(pLogP, history, keys));
      NDArray moments = p.reshape(branches, conditional, heads, n, keys).muli(distance);
      moments = moments.reshape(batch, heads, n, keys);
      columns.add(sum(moments, history, keys));
      if (history > 0) {
        columns.add(sum(pLogP, 0, history));
        columns.add(sum(moments, 0, history));
      }
      float[] reduced = NDArrays.stack(columns, 0).toFloatArray();
      int stride = topSums.length;
      for (int i = 0; i < stride; i++) {
        int b = i / (heads * n);
        int head = firstHead + i / n % heads;
        Row r = new Row(reduced, i, stride, scales);
        boolean sorted = from + i % n < options.sortedRows();
        double rowDrift = drift != null && b < conditional ? drift[i] : Double.NaN;
        add(b, head, r, topSums[i], sorted ? ginis[i] : Double.NaN, rowDrift);
      }
    }

    private NDArray sum(NDArray rows, int from, int to) {
      return rows.get(new NDIndex(":, :, :, {}:{}", from, to)).sum(new int[] {3});
    }

    /** Total variation between the branches, prompt-major like the conditional half of the batch. */
    private float[] drift(NDArray p, int heads, int n) {
      NDArray halves = p.reshape(2, (long) conditional * heads * n, keys);
      return halves.get(0).sub(halves.get(1)).abs().sum(new int[] {1}).mul(0.5f).toFloatArray();
    }

    /** Top-K' sums and Gini coefficients, row by row from native memory. */
    private void order(NDArray p, int n, int from, double[] topSums, double[] ginis) {
      FloatBuffer buffer = p.toByteBuffer(true).asFloatBuffer();
      int top = history > 0 ? options.historyTopK().of(history) : 0;
      for (int i = 0; i < topSums.length; i++) {
        boolean sort = from + i % n < options.sortedRows();
        if (!sort && top == 0) {
          continue;
        }
        buffer.get(i * keys, row, 0, sort ? keys : history);
        topSums[i] = top > 0 ? order.topSum(row, history, top) : Double.NaN;
        if (sort) {
          ginis[i] = order.gini(row, keys);
        }
      }
      if (top == 0) {
        Arrays.fill(topSums, Double.NaN);
      }
    }

    private void add(int b, int head, Row r, double topSum, double gini, double drift) {
      int at = (b * (geometry.heads() + 1) + head) * width;
      boolean past = history > 0;
      add(at, HeadStatistic.CURRENT_MASS, r.currentMass);
      add(at, HeadStatistic.HISTORY_TOP_K, topSum);
      double entropy = Math.max(0, -(r.currentPLogP + r.historyPLogP));
      add(at, HeadStatistic.ENTROPY, entropy);
      add(at, HeadStatistic.EFFECTIVE_KEYS, Math.exp(entropy));
      double historyEntropy = partEntropy(r.historyMass, r.historyPLogP);
      add(at, HeadStatistic.HISTORY_ENTROPY, historyEntropy);
      add(at, HeadStatistic.HISTORY_EFFECTIVE_KEYS, Math.exp(historyEntropy));
      double currentEntropy = partEntropy(r.currentMass, r.currentPLogP);
      add(at, HeadStatistic.CURRENT_ENTROPY, currentEntropy);
      add(at, HeadStatistic.CURRENT_EFFECTIVE_KEYS, Math.exp(currentEntropy));
      add(at, HeadStatistic.GINI, gini);
      add(at, HeadStatistic.SINK_MASS, past ? r.sinkMass : Double.NaN);
      add(
          at,
          HeadStatistic.CURRENT_DISTANCE,
          r.currentMass < NEGLIGIBLE_MASS ? Double.NaN : r.currentMoment / r.currentMass);
      add(at, HeadStatistic.DISTANCE, r.currentMoment + r.historyMoment);
      add(at, HeadStatistic.BRANCH_DRIFT, drift);
      int masses = at + HeadStatistic.values().length;
      for (int s = 0; s < geometry.scales(); s++) {
        add(masses + s, s <= site.scale() ? r.mass(s) : 0);
      }
    }

    private void add(int at, HeadStatistic statistic, double v) {
      add(at + statistic.ordinal(), v);
    }

    private void add(int slot, double v) {
      if (!Double.isNaN(v)) {
        sums[slot] += v;
        counts[slot]++;
      }
    }

    /** Hands the means over to the prompts. */
    void store() {
      for (int i = 0; i < sums.length; i++) {
        sums[i] = counts[i] == 0 ? Double.NaN : sums[i] / counts[i];
      }
      for (int b = 0; b < batch; b++) {
        PromptStatistics.Builder builder = builders[b % conditional];
        Branch branch = b < conditional ? Branch.CONDITIONAL : Branch.UNCONDITIONAL;
        for (int h = 0; h <= geometry.heads(); h++) {
          int at = (b * (geometry.heads() + 1) + h) * width;
          builder.set(branch, site.layer(), site.scale(), h, sums, at);
        }
      }
      for (PromptStatistics.Builder b : builders) {
        b.complete(site.layer(), site.scale(), branches == 2);
      }
    }
  }

  /** Entropy in nats of p / mass over a part of the keys, from the part's mass and Σ p ln p. */
  private static double partEntropy(double mass, double pLogP) {
    return mass < NEGLIGIBLE_MASS ? Double.NaN : Math.max(0, Math.log(mass) - pLogP / mass);
  }

  /** The native sums of one row, read from columns of {@code stride} rows each. */
  private static final class Row {
    private final float[] columns;
    private final int index;
    private final int stride;
    final double currentMass;
    final double historyMass;
    final double sinkMass;
    final double currentPLogP;
    final double historyPLogP;
    final double currentMoment;
    final double historyMoment;

    /** The first columns are the masses of the source scales, the last of which is the current map. */
    Row(float[] columns, int index, int stride, int scales) {
      this.columns = columns;
      this.index = index;
      this.stride = stride;
      double past = 0;
      for (int s = 0; s < scales - 1; s++) {
        past += mass(s);
      }
      historyMass = past;
      currentMass = mass(scales - 1);
      sinkMass = column(scales);
      currentPLogP = column(scales + 1);
      currentMoment = column(scales + 2);
      historyPLogP = scales > 1 ? column(scales + 3) : 0;
      historyMoment = scales > 1 ? column(scales + 4) : 0;
    }

    double mass(int scale) {
      return column(scale);
    }

    private double column(int c) {
      return columns[c * stride + index];
    }
  }
}
