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
import java.util.Arrays;
import java.util.List;

/**
 * Watches the attention of one generation and reduces the softmax rows of sampled queries to {@link
 * PromptStatistics}, one per prompt of the batch.
 *
 * <p>The same positions are drawn for both branches of a prompt, as a function of (seed, prompt,
 * layer, scale) alone. Rows and their sums are computed natively in float32; order statistics and
 * what is not linear in the sums, in double from these. Besides the heads, the row averaged over
 * the heads is measured like one more head. The first {@link ProfileOptions#detailRows()} of the
 * drawn rows are measured whole, the others only for the sums over keys.
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
    if (prompts.length == 0) {
      throw new IllegalArgumentException("profiler: at least one prompt expected, got none");
    }
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
      NDArray plain = float32(scope, rows(scope, query, seen));
      NDArray q = scaled(scope, plain, site.softmaxScale());
      NDArray k = float32(scope, rows(scope, key, seen));
      NDArray groups = scope.create(call.groups, new Shape(call.keys, call.width));
      int step = step(call.batch, call.keys);
      if (call.samples <= step) {
        call.rows(scope, q, k, groups, 0, call.details, call.samples);
      } else {
        for (int from = 0; from < call.details; from += step) {
          int to = Math.min(from + step, call.details);
          call.rows(scope, q, k, groups, from, to, to);
        }
        step = step(call.conditional, call.keys);
        for (int from = call.details; from < call.samples; from += step) {
          call.rows(scope, q, k, groups, from, from, Math.min(from + step, call.samples));
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

  /**
   * What all layers of a scale have in common.
   *
   * @param groups 1 where a key belongs to a group [T,G]: each source map up to the current one,
   *     then the sinks
   * @param topKeys K' of the history
   */
  private record Keys(GridDistance grid, float[] groups, int topKeys) {
    static Keys of(ScaleSchedule schedule, int scale, ProfileOptions options) {
      int width = scale + 2;
      float[] groups = new float[schedule.tokensBefore(scale + 1) * width];
      int history = schedule.tokensBefore(scale);
      int sinks = Math.min(options.sinkTokens(), history);
      for (int s = 0; s <= scale; s++) {
        for (int j = schedule.tokensBefore(s); j < schedule.tokensBefore(s + 1); j++) {
          groups[j * width + s] = 1;
          groups[j * width + width - 1] = j < sinks ? 1 : 0;
        }
      }
      int topKeys = history > 0 ? options.historyTopK().of(history) : 0;
      return new Keys(GridDistance.of(schedule, scale), groups, topKeys);
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

    /** The first so many samples are measured whole. */
    final int details;

    final int topKeys;
    final int[][] positions;
    final GridDistance grid;

    /** Groups of keys G. */
    final int width;

    final float[] groups;

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
      this.samples = Math.min(options.querySamples(), tokens);
      this.details = Math.min(options.detailRows(), samples);
      this.positions = new int[conditional][];
      for (int c = 0; c < conditional; c++) {
        positions[c] =
            QuerySampler.draw(options.seed(), prompts[c], site.layer(), scale, tokens, samples);
      }
      if (keysOfScale[scale] == null) {
        keysOfScale[scale] = Keys.of(schedule, scale, options);
      }
      this.grid = keysOfScale[scale].grid();
      this.width = scale + 2;
      this.groups = keysOfScale[scale].groups();
      this.topKeys = keysOfScale[scale].topKeys();
      this.totals = new double[batch * (heads + 1) * slots];
      this.counts = new int[totals.length];
    }

    /**
     * Measures the sampled rows from..whole−1 whole and of the rows whole..to−1 the masses, in the
     * conditional branch.
     */
    void rows(
        NDManager scope, NDArray query, NDArray key, NDArray groups, int from, int whole, int to) {
      float[] x;
      try (NDArray index = index(scope, from, to - from);
          NDArray distance =
              scope.create(
                  distances(from, whole - from), new Shape(conditional, 1, whole - from, keys));
          NDArray result = TorchOps.call("attention_sums", query, key, index, groups, distance)) {
        x = result.toFloatArray();
      }
      int read = details(x, from, whole - from);
      masses(x, read, to - whole);
    }

    /** Folds n rows that were measured whole; the position behind them. */
    private int details(float[] x, int from, int n) {
      int lines = batch * (heads + 1) * n;
      int block = lines * width;
      int drift = 3 * block;
      int rows = drift + conditional * (heads + 1) * n;
      for (int i = 0; i < lines; i++) {
        int slot = i / n * slots;
        masses(slot, x, i * width, x, rows + i * keys);
        dispersion(slot, x, i * width, block);
        if (branches == 2 && i < lines / 2) {
          add(slot, HeadStatistic.BRANCH_DRIFT, x[drift + i]);
        }
        if (from + i % n < options.sortedRows()) {
          add(slot, HeadStatistic.GINI, order.gini(x, rows + i * keys, keys));
        }
      }
      return rows + lines * keys;
    }

    /** Folds the masses of n rows. */
    private void masses(float[] x, int start, int n) {
      int rows = start + conditional * heads * n * width;
      int averaged = rows + conditional * heads * n * history;
      float[] mean = new float[width];
      for (int c = 0; c < conditional; c++) {
        for (int i = 0; i < n; i++) {
          Arrays.fill(mean, 0);
          for (int h = 0; h < heads; h++) {
            int line = (c * heads + h) * n + i;
            int at = start + line * width;
            masses((c * (heads + 1) + h) * slots, x, at, x, rows + line * history);
            for (int g = 0; g < width; g++) {
              mean[g] += x[at + g] / heads;
            }
          }
          int slot = (c * (heads + 1) + heads) * slots;
          masses(slot, mean, 0, x, averaged + (c * n + i) * history);
        }
      }
    }

    /** The drawn positions of each conditional row [C,1,n,1]. */
    private NDArray index(NDManager scope, int from, int n) {
      long[] index = new long[conditional * n];
      for (int c = 0; c < conditional; c++) {
        for (int i = 0; i < n; i++) {
          index[c * n + i] = positions[c][from + i];
        }
      }
      return scope.create(index, new Shape(conditional, 1, n, 1));
    }

    /** Distances of the drawn queries to the keys, [C,1,n,T]. */
    private float[] distances(int from, int n) {
      float[] d = new float[conditional * n * keys];
      for (int c = 0; c < conditional; c++) {
        for (int i = 0; i < n; i++) {
          grid.row(positions[c][from + i], d, (c * n + i) * keys);
        }
      }
      return d;
    }

    /** Folds what one row gives to the groups, and its history part. */
    private void masses(int slot, float[] sums, int at, float[] rows, int row) {
      int scale = site.scale();
      add(slot, HeadStatistic.CURRENT_MASS, sums[at + scale]);
      if (history > 0) {
        add(slot, HeadStatistic.HISTORY_TOP_K, order.topSum(rows, row, history, topKeys));
        add(slot, HeadStatistic.SINK_MASS, sums[at + scale + 1]);
      }
      int sources = slot + HeadStatistic.values().length;
      for (int s = 0; s < geometry.scales(); s++) {
        add(sources + s, s <= scale ? sums[at + s] : 0);
      }
    }

    /** Folds entropies and distances of one row from its sums of p, p ln p and p · distance. */
    private void dispersion(int slot, float[] sums, int at, int block) {
      int scale = site.scale();
      double historyMass = 0;
      double historyPLogP = 0;
      double historyDistance = 0;
      for (int s = 0; s < scale; s++) {
        historyMass += sums[at + s];
        historyPLogP += sums[at + block + s];
        historyDistance += sums[at + 2 * block + s];
      }
      double currentMass = sums[at + scale];
      double currentPLogP = sums[at + block + scale];
      double currentDistance = sums[at + 2 * block + scale];
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
