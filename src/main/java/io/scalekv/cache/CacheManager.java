package io.scalekv.cache;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/**
 * The caches of all layers during one generation, for the batch rows that share a policy. Right
 * after a layer has attended a map, its cache is cut to what the next map may read, so that only
 * one layer at a time holds more than its budget. The last map is not stored.
 *
 * <p>Letters: R batch rows, H heads, L tokens of the map, D head width.
 */
public final class CacheManager implements AutoCloseable {
  private static final double SOFTMAX_SCALE = 1;

  private final ScaleSchedule schedule;
  private final CachePolicy policy;
  private final BudgetPlan plan;
  private final boolean storeLastMap;
  private final CacheListener listener;
  private final BiFunction<HeldKv, NDArray, NDArray> attention;
  private final List<KvCache> caches = new ArrayList<>();
  private final List<Keeper> keepers = new ArrayList<>();
  private int scale;

  /**
   * Empty caches.
   *
   * @param parent owner of the memory
   * @param schedule token maps, those of the policy's plan
   * @param storeLastMap whether the last map is stored too, whole (for tests)
   */
  public CacheManager(
      NDManager parent,
      ScaleSchedule schedule,
      CachePolicy policy,
      CacheType keyType,
      CacheType valueType,
      boolean storeLastMap,
      CacheListener listener) {
    this(parent, schedule, policy, keyType, valueType, storeLastMap, false, listener);
  }

  /**
   * The same.
   *
   * @param bf16 whether attention rounds queries, keys and values to bfloat16; its result is then
   *     bfloat16 too
   */
  public CacheManager(
      NDManager parent,
      ScaleSchedule schedule,
      CachePolicy policy,
      CacheType keyType,
      CacheType valueType,
      boolean storeLastMap,
      boolean bf16,
      CacheListener listener) {
    this(
        parent,
        schedule,
        policy,
        keyType,
        valueType,
        storeLastMap,
        listener,
        bf16 ? HeldKv::attendBf16 : HeldKv::attend);
  }

  /** The same with another attention than the real one, for measuring the cache alone. */
  CacheManager(
      NDManager parent,
      ScaleSchedule schedule,
      CachePolicy policy,
      CacheType keyType,
      CacheType valueType,
      boolean storeLastMap,
      CacheListener listener,
      BiFunction<HeldKv, NDArray, NDArray> attention) {
    this.attention = attention;
    this.schedule = schedule;
    this.policy = policy;
    this.plan = policy.plan();
    this.storeLastMap = storeLastMap;
    this.listener = listener;
    if (!plan.schedule().equals(schedule)) {
      throw new IllegalArgumentException(
          "cache policy "
              + policy.name()
              + ": a plan for "
              + schedule.maps()
              + " expected, got "
              + plan);
    }
    int all = storeLastMap ? schedule.totalTokens() : schedule.historyTokens();
    int reserve = plan.cuts() ? 0 : all;
    for (int l = 0; l < plan.layers(); l++) {
      caches.add(new KvCache(parent, schedule, keyType, valueType, reserve));
      keepers.add(policy.keeper(l));
    }
  }

  /** Tells which map the next calls belong to. */
  public void enter(int map) {
    this.scale = map;
  }

  /** Number of layers. */
  public int layers() {
    return caches.size();
  }

  /** The cache of one layer. */
  public KvCache cache(int layer) {
    return caches.get(layer);
  }

  /** Bytes of all tokens held. */
  public long liveBytes() {
    return caches.stream().mapToLong(KvCache::liveBytes).sum();
  }

  /** Bytes taken from the system for them. */
  public long allocatedBytes() {
    return caches.stream().mapToLong(KvCache::allocatedBytes).sum();
  }

  /**
   * Attention of one layer with softmax scale 1 over its cache and the map itself; then the cache
   * is cut.
   *
   * @param query [R,H,L,D]
   * @param key [R,H,L,D]
   * @param value [R,H,L,D]
   * @param projectedQuery see {@link Attended#projectedQuery}
   * @return [R,H,L,D]
   */
  public NDArray attend(
      int layer, NDArray query, NDArray key, NDArray value, Supplier<NDArray> projectedQuery) {
    HeldKv held = caches.get(layer).read(query.getManager(), key, value);
    listener.attending(layer, query, held);
    int[] budget = budget(layer, held);
    List<Attended> groups = groups(layer, query, projectedQuery, held, budget);
    boolean last = scale == schedule.scales() - 1;
    boolean before = policy.choosesBeforeAttention();
    Kept kept = before ? choose(layer, groups, held, budget) : null;
    NDArray out;
    if (kept == null) {
      out = attention.apply(held, query);
    } else {
      HeldKv chosen = held.only(kept);
      out = attention.apply(chosen, query);
      chosen.free();
    }
    groups.forEach(listener::attended);
    if (!last || storeLastMap) {
      if (!before && !last) {
        kept = choose(layer, groups, held, budget);
      }
      if (kept == null || last) {
        caches.get(layer).keepAll(held);
      } else {
        caches.get(layer).keep(held, kept);
      }
      listener.cached(layer, caches.get(layer));
    }
    held.free();
    return out;
  }

  /**
   * Tokens that each head may keep for the next map. After the last there is none; but where tokens
   * are chosen before attention and the plan cuts at all, the last map reads no more tokens, its
   * own included, than its plan has.
   */
  private int[] budget(int layer, HeldKv held) {
    int last = schedule.scales() - 1;
    boolean whole = scale == last && !(policy.choosesBeforeAttention() && plan.cuts());
    int next = Math.min(scale + 1, last);
    return IntStream.range(0, held.heads())
        .map(h -> whole ? held.tokens(h) : Math.min(held.tokens(h), plan.tokens(next, layer, h)))
        .toArray();
  }

  /** All heads together where they hold equally many tokens, else head by head. */
  private List<Attended> groups(
      int layer, NDArray query, Supplier<NDArray> projectedQuery, HeldKv held, int[] budget) {
    if (held.even()) {
      return List.of(
          new Attended(
              layer,
              scale,
              schedule,
              IntStream.range(0, held.heads()).toArray(),
              query,
              projectedQuery,
              held.keys(),
              held.values(),
              SOFTMAX_SCALE,
              budget,
              caches.get(layer)::positions));
    }
    List<Attended> groups = new ArrayList<>();
    for (int h = 0; h < held.heads(); h++) {
      NDIndex one = new NDIndex(":,{}:{}", h, h + 1);
      int head = h;
      groups.add(
          new Attended(
              layer,
              scale,
              schedule,
              new int[] {h},
              query.get(one),
              () -> projectedQuery.get().get(one),
              held.keys(h),
              held.values(h),
              SOFTMAX_SCALE,
              new int[] {budget[h]},
              (row, g) -> caches.get(layer).positions(row, head)));
    }
    return groups;
  }

  /** What stays, or null where everything may. */
  private Kept choose(int layer, List<Attended> groups, HeldKv held, int[] budget) {
    Keeper keeper = keepers.get(layer);
    groups.forEach(keeper::attended);
    if (Arrays.equals(budget, held.counts())) {
      return null;
    }
    Kept kept = Kept.join(groups.stream().map(a -> keep(keeper, a)).toList());
    String where = String.format("policy %s, layer %d, scale %d", policy.name(), layer, scale);
    kept.check(where, held.rows(), held.counts(), budget);
    return kept;
  }

  private static Kept keep(Keeper keeper, Attended a) {
    boolean cut = Arrays.stream(a.budget()).anyMatch(b -> b < a.tokens());
    return cut ? keeper.keep(a) : Kept.all(a.heads().length, a.tokens());
  }

  @Override
  public void close() {
    caches.forEach(KvCache::close);
  }
}
