package io.scalekv.model.infinity;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.scalekv.cache.KvCache;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.model.AttentionSite;
import io.scalekv.model.AttentionTap;
import io.scalekv.tensor.TorchOps;
import java.util.ArrayList;
import java.util.List;

/**
 * Self-attention over a growing cache, one map after the other. The last map's keys and values are
 * attended but not stored, unless asked for.
 */
final class CachedAttention implements SelfAttention, AutoCloseable {
  private final ScaleSchedule schedule;
  private final int conditionalRows;
  private final boolean storeLastMap;
  private final List<AttentionTap> taps;
  private final List<KvCache> caches = new ArrayList<>();
  private int scale;

  CachedAttention(
      NDManager parent,
      int layers,
      ScaleSchedule schedule,
      int conditionalRows,
      boolean storeLastMap,
      List<AttentionTap> taps) {
    this.schedule = schedule;
    this.conditionalRows = conditionalRows;
    this.storeLastMap = storeLastMap;
    this.taps = taps;
    int capacity = storeLastMap ? schedule.totalTokens() : schedule.historyTokens();
    for (int i = 0; i < layers; i++) {
      caches.add(new KvCache(parent, capacity));
    }
  }

  /** Tells which map the next calls belong to. */
  void enter(int scale) {
    this.scale = scale;
  }

  /** The cache of one layer. */
  KvCache cache(int layer) {
    return caches.get(layer);
  }

  @Override
  public NDArray attend(int layer, NDArray query, NDArray key, NDArray value) {
    KvCache cache = caches.get(layer);
    NDManager scope = query.getManager();
    NDArray k = key;
    NDArray v = value;
    if (scale < schedule.scales() - 1 || storeLastMap) {
      cache.append(key, value);
      k = cache.keys(scope);
      v = cache.values(scope);
    } else if (cache.tokens() > 0) {
      k = cache.keys(scope).concat(key, 2);
      v = cache.values(scope).concat(value, 2);
    }
    AttentionSite site = new AttentionSite(layer, scale, schedule, conditionalRows, 1);
    for (AttentionTap tap : taps) {
      tap.attend(site, query, k, v);
    }
    return TorchOps.call("sdpa_unit", query, k, v);
  }

  @Override
  public void close() {
    caches.forEach(KvCache::close);
  }
}
