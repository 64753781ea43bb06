package io.scalekv.cache;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntConsumer;

/**
 * Runs the cache of a generation at a model's geometry on random queries, keys and values, without
 * the model and without the attention products, and reads off how many bytes it holds.
 */
public final class CacheMeasurement {
  /**
   * The cache after one map.
   *
   * @param scale the map, 0-based
   * @param liveBytes of the tokens held by all layers
   * @param allocatedBytes taken from the system for them
   * @param formulaBytes what the memory model says of the plan
   */
  public record AfterMap(int scale, long liveBytes, long allocatedBytes, long formulaBytes) {}

  /**
   * A whole run.
   *
   * @param maps one entry per stored map; the last map is attended, not stored
   * @param peakBytes the most that tokens took at any moment, the float32 copies of the layer that
   *     attends included
   */
  public record Result(List<AfterMap> maps, long peakBytes) {}

  /** Adds the copies of the attending layer to what the caches hold. */
  private static final class Peak implements CacheListener {
    private CacheManager cache;
    private long bytes;

    @Override
    public void attending(int layer, NDArray query, HeldKv held) {
      bytes = Math.max(bytes, cache.allocatedBytes() + held.copiedBytes());
    }
  }

  private CacheMeasurement() {}

  /**
   * Goes through all maps.
   *
   * @param policy with its plan
   * @param memory geometry, formats, branches and batch; their product is the number of rows
   * @param heads number of heads H
   * @param onMap told each map as it begins
   */
  public static Result run(
      CachePolicy policy,
      MemoryModel memory,
      CacheType keys,
      CacheType values,
      int heads,
      IntConsumer onMap) {
    BudgetPlan plan = policy.plan();
    ScaleSchedule schedule = plan.schedule();
    int rows = memory.branches() * memory.batch();
    int width = memory.width() / heads;
    List<AfterMap> after = new ArrayList<>();
    Peak peak = new Peak();
    try (NDManager manager = NDManager.newBaseManager("PyTorch");
        CacheManager cache =
            new CacheManager(
                manager, schedule, policy, keys, values, false, peak, (held, query) -> query)) {
      peak.cache = cache;
      for (int k = 0; k < schedule.scales(); k++) {
        onMap.accept(k);
        cache.enter(k);
        try (NDManager map = manager.newSubManager()) {
          Shape shape = new Shape(rows, heads, schedule.tokens(k), width);
          NDArray query = map.randomNormal(0, 1, shape, DataType.FLOAT32);
          NDArray key = map.randomNormal(0, 1, shape, DataType.FLOAT32);
          NDArray value = map.randomNormal(0, 1, shape, DataType.FLOAT32);
          for (int layer = 0; layer < cache.layers(); layer++) {
            try (NDManager scope = map.newSubManager()) {
              query.attach(scope);
              cache.attend(layer, query, key, value, () -> query);
              query.attach(map);
            }
          }
        }
        if (k < schedule.scales() - 1) {
          after.add(
              new AfterMap(
                  k, cache.liveBytes(), cache.allocatedBytes(), formula(plan, memory, heads, k)));
        }
      }
    }
    return new Result(after, peak.bytes);
  }

  /** Bytes of what the plan lets stand after map k. */
  private static long formula(BudgetPlan plan, MemoryModel memory, int heads, int k) {
    long perHead = 0;
    for (int l = 0; l < plan.layers(); l++) {
      for (int h = 0; h < heads; h++) {
        perHead += plan.tokens(k + 1, l, h);
      }
    }
    return memory.bytesOfHeadTokens(perHead, heads, k + 1);
  }
}
