package io.scalekv.cache;

import io.scalekv.io.Require;

/**
 * Memory of a KV cache by formula (Li et al., ScaleKV, table 1):
 *
 * <pre>  bytes = tokens · L · C · (bytes(K) + bytes(V)) · branches · batch</pre>
 *
 * <p>8-bit numbers need quantisation scales of 4 bytes each (float32), which come on top:
 *
 * <pre>
 *   keys, one per channel of a head and source map:  maps · L · C · 4 · branches · batch
 *   values, one per token and head:                  tokens · L · H · 4 · branches · batch
 * </pre>
 *
 * <p>The key scales of a map stay when its tokens are evicted, so there are those of K−1 maps at
 * the end. {@link Geometry#memory} is the only maker.
 */
public final class MemoryModel {
  private static final int QUANTISATION_SCALE_BYTES = 4;

  private final Geometry geometry;
  private final CacheType keys;
  private final CacheType values;
  private final int branches;
  private final int batch;
  private final int guidedScales;

  MemoryModel(Geometry geometry, CacheType keys, CacheType values, int branches, int batch) {
    this(geometry, keys, values, branches, batch, Integer.MAX_VALUE);
  }

  private MemoryModel(
      Geometry geometry,
      CacheType keys,
      CacheType values,
      int branches,
      int batch,
      int guidedScales) {
    this.guidedScales = guidedScales;
    this.geometry = geometry;
    this.keys = keys;
    this.values = values;
    this.branches = Require.atLeast("branches", branches, 1);
    this.batch = Require.atLeast("batch", batch, 1);
  }

  /** Returns the shape of the model. */
  public Geometry geometry() {
    return geometry;
  }

  /** Returns the number format of stored keys. */
  public CacheType keys() {
    return keys;
  }

  /** Returns the number format of stored values. */
  public CacheType values() {
    return values;
  }

  /** Guidance branches, 1 or 2. */
  public int branches() {
    return branches;
  }

  /** Returns images drawn together. */
  public int batch() {
    return batch;
  }

  /** Returns the same model of one guidance branch alone. */
  public MemoryModel ofOneBranch() {
    return new MemoryModel(geometry, keys, values, 1, batch);
  }

  /**
   * Returns the same model with an unconditional branch in the first scales only; its tokens are
   * freed before the next scale.
   */
  public MemoryModel guidedFor(int scales) {
    return new MemoryModel(geometry, keys, values, branches, batch, scales);
  }

  /** Returns the number of scales after which tokens of a branch are freed; all if none are. */
  public int guidedScales(ScaleSchedule schedule) {
    return branches == 1 ? schedule.scales() : Math.min(guidedScales, schedule.scales());
  }

  private long rows() {
    return (long) branches * batch;
  }

  /** Returns bytes of one token in one head, its value scale included, over these batch rows. */
  private long headTokenBytes(long rows) {
    long numbers = (long) geometry.headWidth() * (keys.bytes() + values.bytes());
    long scale = values == CacheType.INT8 ? QUANTISATION_SCALE_BYTES : 0;
    return Math.multiplyExact(rows, numbers + scale);
  }

  /** Returns bytes of the key scales of one source map in one layer, over these batch rows. */
  private long layerMapBytes(long rows) {
    return keys == CacheType.INT8
        ? Math.multiplyExact(rows, (long) geometry.width() * QUANTISATION_SCALE_BYTES)
        : 0;
  }

  /**
   * Returns the bytes of a cache with the same number of tokens in every layer and head.
   *
   * @param tokens per layer and head
   * @param maps source maps seen so far, K−1 at the end
   */
  public long bytes(long tokens, int maps) {
    Require.that(
        tokens >= 0 && maps >= 0, "tokens and maps must be >= 0, got %d, %d", tokens, maps);
    long layer =
        Math.addExact(
            Math.multiplyExact(tokens * geometry.heads(), headTokenBytes(rows())),
            Math.multiplyExact(maps, layerMapBytes(rows())));
    return Math.multiplyExact(geometry.layers(), layer);
  }

  /**
   * Returns the most bytes between scales of a cache with at most that many tokens in every layer
   * and head.
   *
   * @param tokens budget of the conditional branch
   * @param unconditional budget of the other branch
   */
  public long nominalBytes(long tokens, long unconditional, ScaleSchedule schedule) {
    MemoryModel one = ofOneBranch();
    int last = schedule.scales() - 1;
    long alone = one.bytes(tokens, last);
    if (branches == 1) {
      return alone;
    }
    int guided = Math.min(guidedScales(schedule), last);
    long read = schedule.tokensBefore(guided);
    boolean ends = guided < last;
    long both =
        Math.addExact(
            one.bytes(ends ? Math.min(read, tokens) : tokens, guided),
            one.bytes(ends ? Math.min(read, unconditional) : unconditional, guided));
    return Math.max(alone, both);
  }

  /** Returns the bytes of a full cache: T_{K−1} tokens in every layer and head. */
  public long fullBytes(ScaleSchedule schedule) {
    return bytes(schedule.historyTokens(), schedule.scales() - 1);
  }

  /** Returns the bytes of a cache that also stores the last scale, which nothing reads. */
  public long bytesOfAll(ScaleSchedule schedule) {
    return bytes(schedule.totalTokens(), schedule.scales());
  }

  /** Returns the most bytes stored after any layer's write: the meaning of budgets in bytes. */
  public long peakBytes(BudgetPlan... plans) {
    return usage(plans).peakKvBytes();
  }

  /**
   * Returns tokens and bytes of a generation whose layers evict by a plan. While layer l works on
   * map k, layers before it hold their tokens for map k+1 and all others still those for map k. The
   * last map is attended but not stored.
   *
   * @param plans one plan for all branches, or one for each branch; layer by layer, they work in
   *     this order
   * @throws IllegalArgumentException if the number of layers, heads or plans does not fit
   */
  public CacheUsage usage(BudgetPlan... plans) {
    Require.that(
        plans.length == 1 || plans.length == branches,
        "budget plans must be one, or one for each of %d branches, got %d",
        branches,
        plans.length);
    int scales = plans[0].schedule().scales();
    int guided = guidedScales(plans[0].schedule());
    BudgetPlan[] each =
        guided < scales && plans.length == 1 ? new BudgetPlan[] {plans[0], plans[0]} : plans;
    Walk walk = new Walk(each);
    for (int k = 0; k < scales; k++) {
      if (k == guided) {
        walk.free(each[1], k);
      }
      for (int l = 0; l < geometry.layers(); l++) {
        for (BudgetPlan plan : k < guided ? each : new BudgetPlan[] {each[0]}) {
          walk.attend(plan, k, l);
          if (k + 1 < scales) {
            walk.write(plan, k, l);
          }
        }
      }
      walk.endOfScale();
    }
    return walk.usage();
  }

  /** Returns tokens of all heads of a layer when {@code scale} reads its cache. */
  private long layerTokens(BudgetPlan plan, int scale, int layer) {
    if (plan.headsAlike()) {
      return (long) geometry.heads() * plan.tokens(scale, layer);
    }
    long tokens = 0;
    for (int h = 0; h < geometry.heads(); h++) {
      tokens += plan.tokens(scale, layer, h);
    }
    return tokens;
  }

  /** One generation, write by write. */
  private final class Walk {
    private final long plans;
    private final long tokenBytes;
    private final long mapBytes;
    private final long copyBytes;
    private long tokens;
    private long bytes;
    private long tokensBetween;
    private long bytesBetween;
    private long peakTokens;
    private long peakBytes;
    private long workingPeak;

    Walk(BudgetPlan... plans) {
      for (BudgetPlan plan : plans) {
        Require.that(
            plan.layers() == geometry.layers(),
            "budget plan must have %d layers, got %d",
            geometry.layers(),
            plan.layers());
      }
      this.plans = plans.length;
      long rows = rows() / plans.length;
      this.tokenBytes = headTokenBytes(rows);
      this.mapBytes = layerMapBytes(rows);
      this.copyBytes = Math.multiplyExact(rows, 2L * Float.BYTES * geometry.headWidth());
    }

    void attend(BudgetPlan plan, int k, int l) {
      long read = layerTokens(plan, k, l) + (long) geometry.heads() * plan.schedule().tokens(k);
      workingPeak =
          Math.max(workingPeak, Math.addExact(bytes, Math.multiplyExact(read, copyBytes)));
    }

    void write(BudgetPlan plan, int k, int l) {
      long added = layerTokens(plan, k + 1, l) - layerTokens(plan, k, l);
      tokens += added;
      bytes = Math.addExact(bytes, Math.multiplyExact(added, tokenBytes) + mapBytes);
      peakTokens = Math.max(peakTokens, tokens);
      peakBytes = Math.max(peakBytes, bytes);
    }

    void free(BudgetPlan plan, int k) {
      for (int l = 0; l < plan.layers(); l++) {
        long freed = layerTokens(plan, k, l);
        tokens -= freed;
        bytes -= freed * tokenBytes + k * mapBytes;
      }
    }

    void endOfScale() {
      tokensBetween = Math.max(tokensBetween, tokens);
      bytesBetween = Math.max(bytesBetween, bytes);
    }

    CacheUsage usage() {
      double heads = (double) geometry.layers() * geometry.heads() * plans;
      return new CacheUsage(
          tokensBetween / heads, peakTokens / heads, bytesBetween, peakBytes, workingPeak);
    }
  }

  @Override
  public String toString() {
    return String.format(
        "KV cache of %s, keys %s, values %s, %d branches, batch %d",
        geometry, keys, values, branches, batch);
  }
}
