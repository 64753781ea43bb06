package io.scalekv.cache;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/**
 * KV caches of all layers during one generation, for the batch rows that share a policy. Right
 * after a layer has attended a scale, its cache is compressed to the budget of the next scale, so
 * that only one layer at a time holds more than its budget. The last scale is not stored.
 *
 * <p>Letters: R batch rows, H heads, L tokens of the map, D head width.
 */
public final class CacheManager implements AutoCloseable {
  private static final double SOFTMAX_SCALE = 1;

  /** Attention of a layer's queries [R,H,L,D] over its keys and values. */
  @FunctionalInterface
  public interface Attention {
    /** In float32. */
    Attention FP32 = AttentionInputs::attend;

    /** With queries, keys and values rounded to bfloat16; so is the result. */
    Attention BF16 = AttentionInputs::attendBf16;

    /** Without the products, for measuring the cache alone. */
    Attention NONE = (inputs, query) -> query;

    /** Returns [R,H,L,D]. */
    NDArray of(AttentionInputs inputs, NDArray query);
  }

  private final ScaleSchedule schedule;
  private final CachePolicy policy;
  private final BudgetPlan plan;
  private final CacheListener listener;
  private final Attention attention;
  private final List<KvCache> caches = new ArrayList<>();
  private final List<TokenSelector> selectors = new ArrayList<>();
  private int scale;

  /**
   * Empty caches.
   *
   * @param parent owner of the memory
   * @param policy its plan names the token maps and the number of layers
   * @param keys number format of stored keys
   * @param values number format of stored values
   */
  public CacheManager(
      NDManager parent,
      CachePolicy policy,
      CacheType keys,
      CacheType values,
      Attention attention,
      CacheListener listener) {
    this.policy = policy;
    this.plan = policy.plan();
    this.schedule = plan.schedule();
    this.attention = attention;
    this.listener = listener;
    int reserve = plan.evicts() ? 0 : schedule.historyTokens();
    for (int l = 0; l < plan.layers(); l++) {
      caches.add(new KvCache(parent, schedule, keys, values, reserve));
      selectors.add(policy.selector(l));
    }
  }

  /** Begins a scale, 0-based; the next calls belong to it. */
  public void enter(int scale) {
    this.scale = scale;
  }

  /** Returns the number of layers. */
  public int layers() {
    return caches.size();
  }

  /** Returns the cache of one layer. */
  public KvCache cache(int layer) {
    return caches.get(layer);
  }

  /** Returns bytes of all stored tokens. */
  public long liveBytes() {
    return caches.stream().mapToLong(KvCache::liveBytes).sum();
  }

  /** Returns stored tokens of all heads and layers, of one batch row. */
  public long tokens() {
    return caches.stream().mapToLong(KvCache::tokens).sum();
  }

  /**
   * Attends one layer with softmax scale 1 over its cache and the current map, then compresses the
   * cache.
   *
   * @param query [R,H,L,D]
   * @param key [R,H,L,D]
   * @param value [R,H,L,D]
   * @param projectedQuery see {@link SelectionInputs#projectedQuery}
   * @return [R,H,L,D]
   */
  public NDArray attend(
      int layer, NDArray query, NDArray key, NDArray value, Supplier<NDArray> projectedQuery) {
    KvCache cache = caches.get(layer);
    AttentionInputs inputs = cache.read(query.getManager(), key, value);
    listener.attending(layer, query, inputs);
    int[] budget = budget(layer, inputs);
    List<SelectionInputs> groups = groups(layer, query, projectedQuery, inputs, budget);
    boolean before = policy.selectsBeforeAttention();
    RetainedTokens retained = before ? select(layer, groups, inputs, budget) : null;
    NDArray out;
    if (retained == null) {
      out = attention.of(inputs, query);
    } else {
      listener.selected(layer, retained);
      AttentionInputs selected = inputs.only(retained);
      out = attention.of(selected, query);
      selected.free();
    }
    groups.forEach(listener::attended);
    if (scale < schedule.scales() - 1) {
      if (!before) {
        retained = select(layer, groups, inputs, budget);
      }
      if (retained == null) {
        cache.storeAll(inputs);
      } else {
        cache.store(inputs, retained);
      }
      listener.cached(layer, cache);
    }
    inputs.free();
    return out;
  }

  /**
   * Tokens that each head may store for the next scale. After the last scale there is none; but
   * where tokens are selected before attention and the plan evicts at all, the last scale reads no
   * more tokens, its own included, than its plan has.
   */
  private int[] budget(int layer, AttentionInputs inputs) {
    int last = schedule.scales() - 1;
    boolean whole = scale == last && !(policy.selectsBeforeAttention() && plan.evicts());
    int next = Math.min(scale + 1, last);
    return IntStream.range(0, inputs.heads())
        .map(
            h -> whole ? inputs.tokens(h) : Math.min(inputs.tokens(h), plan.tokens(next, layer, h)))
        .toArray();
  }

  /** Returns all heads as one group where they store the same number of tokens, else each alone. */
  private List<SelectionInputs> groups(
      int layer,
      NDArray query,
      Supplier<NDArray> projectedQuery,
      AttentionInputs inputs,
      int[] budget) {
    if (inputs.even()) {
      return List.of(
          new SelectionInputs(
              layer,
              scale,
              schedule,
              IntStream.range(0, inputs.heads()).toArray(),
              query,
              projectedQuery,
              inputs.ofAllHeads(),
              SOFTMAX_SCALE,
              budget,
              caches.get(layer)::positions));
    }
    List<SelectionInputs> groups = new ArrayList<>();
    for (int h = 0; h < inputs.heads(); h++) {
      NDIndex one = new NDIndex(":,{}:{}", h, h + 1);
      int head = h;
      groups.add(
          new SelectionInputs(
              layer,
              scale,
              schedule,
              new int[] {h},
              query.get(one),
              () -> projectedQuery.get().get(one),
              inputs.ofHead(h),
              SOFTMAX_SCALE,
              new int[] {budget[h]},
              (row, g) -> caches.get(layer).positions(row, head)));
    }
    return groups;
  }

  /** Returns the retained tokens, or null where nothing is evicted. */
  private RetainedTokens select(
      int layer, List<SelectionInputs> groups, AttentionInputs inputs, int[] budget) {
    TokenSelector selector = selectors.get(layer);
    groups.forEach(selector::observe);
    if (Arrays.equals(budget, inputs.counts())) {
      return null;
    }
    RetainedTokens retained =
        RetainedTokens.join(groups.stream().map(g -> select(selector, g)).toList());
    String where = String.format("policy %s, layer %d, scale %d", policy.name(), layer, scale + 1);
    retained.check(where, inputs.rows(), inputs.counts(), budget);
    return retained;
  }

  private static RetainedTokens select(TokenSelector selector, SelectionInputs group) {
    boolean evicts = Arrays.stream(group.budget()).anyMatch(b -> b < group.tokens());
    return evicts
        ? selector.select(group)
        : RetainedTokens.all(group.heads().length, group.tokens());
  }

  @Override
  public void close() {
    caches.forEach(KvCache::close);
  }
}
