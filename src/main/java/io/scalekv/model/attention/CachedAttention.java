package io.scalekv.model.attention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import io.scalekv.cache.AttentionInputs;
import io.scalekv.cache.CacheListener;
import io.scalekv.cache.CacheManager;
import io.scalekv.cache.CachePolicy;
import io.scalekv.cache.CacheSettings;
import io.scalekv.cache.KvCache;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.SelectionInputs;
import io.scalekv.io.Require;
import io.scalekv.model.AttentionSite;
import io.scalekv.model.AttentionTap;
import io.scalekv.model.GenerationListener;
import io.scalekv.model.Precision;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/**
 * Self-attention over the KV cache of one generation, scale by scale: one {@link CacheManager} for
 * all batch rows, or one per guidance branch if their policies differ.
 */
public final class CachedAttention implements SelfAttention, AutoCloseable {
  private final ScaleSchedule schedule;
  private final int conditionalRows;
  private final int guided;
  private final List<AttentionTap> taps;
  private final GenerationListener listener;
  private final List<CacheManager> branches = new ArrayList<>();
  private int scale;

  /**
   * @param conditionalRows rows of the conditional branch; the first of each batch
   * @param guided scales, from the first, in which unconditional rows follow them; their cache is
   *     freed before the next scale
   * @param precision in which queries meet keys and values
   */
  public CachedAttention(
      NDManager parent,
      ScaleSchedule schedule,
      int conditionalRows,
      int guided,
      CacheSettings settings,
      Precision precision,
      List<AttentionTap> taps,
      GenerationListener listener) {
    this.schedule = schedule;
    this.conditionalRows = conditionalRows;
    this.taps = taps;
    this.listener = listener;
    this.guided = guided;
    CachePolicy other = settings.unconditional();
    boolean ends = guided > 0 && guided < schedule.scales();
    List<CachePolicy> policies =
        guided == 0 || other == null && !ends
            ? List.of(settings.policy())
            : List.of(settings.policy(), other == null ? settings.policy() : other);
    Require.that(
        policies.size() == 1 || taps.isEmpty(),
        "taps need one cache for both guidance branches, got one each");
    for (CachePolicy policy : policies) {
      Require.that(
          policy.plan().schedule().equals(schedule),
          "policy %s must be made for the maps %s, got %s",
          policy.name(),
          schedule.maps(),
          policy.plan().schedule().maps());
      branches.add(
          new CacheManager(
              parent,
              policy,
              settings.keys(),
              settings.values(),
              precision.half() ? CacheManager.Attention.BF16 : CacheManager.Attention.FP32,
              new Observer(branches.size())));
    }
  }

  /** Forwards the events of one branch's cache. */
  private final class Observer implements CacheListener {
    private final int branch;

    Observer(int branch) {
      this.branch = branch;
    }

    @Override
    public void attending(int layer, NDArray query, AttentionInputs held) {
      AttentionSite site = new AttentionSite(layer, scale, schedule, conditionalRows, 1);
      taps.forEach(tap -> tap.attend(site, query, held.keys(), held.values()));
    }

    @Override
    public void attended(SelectionInputs a) {
      listener.attended(branch, a);
    }

    @Override
    public void cached(int layer, KvCache cache) {
      listener.cached(scale, layer, branch, cache);
    }
  }

  /** Sets the scale of the next calls. */
  public void enter(int newScale) {
    this.scale = newScale;
    if (newScale == guided && branches.size() > 1) {
      CacheManager ended = branches.remove(1);
      ended.close();
      for (int layer = 0; layer < ended.layers(); layer++) {
        listener.cached(newScale, layer, 1, ended.cache(layer));
      }
    }
    branches.forEach(b -> b.enter(newScale));
  }

  @Override
  public NDArray attend(
      int layer, NDArray query, NDArray key, NDArray value, Supplier<NDArray> projectedQuery) {
    Supplier<NDArray> projected = once(projectedQuery);
    if (branches.size() == 1) {
      return branches.get(0).attend(layer, query, key, value, projected);
    }
    NDIndex first = new NDIndex("0:{}", conditionalRows);
    NDIndex rest = new NDIndex("{}:", conditionalRows);
    NDArray conditional = attend(0, first, layer, query, key, value, projected);
    NDArray unconditional = attend(1, rest, layer, query, key, value, projected);
    return conditional.concat(unconditional, 0);
  }

  /** Returns a supplier that computes its value at most once. */
  private static Supplier<NDArray> once(Supplier<NDArray> source) {
    NDArray[] value = new NDArray[1];
    return () -> {
      if (value[0] == null) {
        value[0] = source.get();
      }
      return value[0];
    };
  }

  private NDArray attend(
      int branch,
      NDIndex rows,
      int layer,
      NDArray query,
      NDArray key,
      NDArray value,
      Supplier<NDArray> projectedQuery) {
    return branches
        .get(branch)
        .attend(
            layer,
            query.get(rows),
            key.get(rows),
            value.get(rows),
            () -> projectedQuery.get().get(rows));
  }

  @Override
  public void close() {
    branches.forEach(CacheManager::close);
  }
}
