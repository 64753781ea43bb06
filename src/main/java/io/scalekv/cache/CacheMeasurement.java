package io.scalekv.cache;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntConsumer;

/**
 * Measurement of the memory of a KV cache: runs it at a model's geometry on random queries, keys
 * and values, without the model and without the attention products.
 */
public final class CacheMeasurement implements CacheListener {
  private final List<CacheManager> branches = new ArrayList<>();
  private long tokensBetween;
  private long peakTokens;
  private long bytesBetween;
  private long peakBytes;
  private long workingPeak;

  private CacheMeasurement() {}

  /**
   * Runs one generation.
   *
   * @param settings policies and number formats
   * @param memory geometry, branches and batch
   * @param onScale called with each scale, 0-based, as it begins
   */
  public static CacheUsage run(CacheSettings settings, MemoryModel memory, IntConsumer onScale) {
    CacheMeasurement measured = new CacheMeasurement();
    ScaleSchedule schedule = settings.policy().plan().schedule();
    CachePolicy other = settings.unconditional();
    boolean ends = memory.guidedScales(schedule) < schedule.scales();
    List<CachePolicy> policies =
        memory.branches() == 1 || other == null && !ends
            ? List.of(settings.policy())
            : List.of(settings.policy(), other == null ? settings.policy() : other);
    try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
      for (CachePolicy policy : policies) {
        measured.branches.add(
            new CacheManager(
                manager,
                policy,
                settings.keys(),
                settings.values(),
                CacheManager.Attention.NONE,
                measured));
      }
      for (int k = 0; k < schedule.scales(); k++) {
        onScale.accept(k);
        if (k == memory.guidedScales(schedule)) {
          measured.branches.remove(1).close();
        }
        int rows = memory.branches() * memory.batch() / policies.size();
        measured.scale(manager, k, schedule.tokens(k), memory.geometry(), rows);
      }
      measured.branches.forEach(CacheManager::close);
    }
    double heads =
        (double) memory.geometry().layers() * memory.geometry().heads() * policies.size();
    return new CacheUsage(
        measured.tokensBetween / heads,
        measured.peakTokens / heads,
        measured.bytesBetween,
        measured.peakBytes,
        measured.workingPeak);
  }

  private void scale(NDManager manager, int k, int tokens, Geometry g, int rows) {
    try (NDManager scope = manager.newSubManager()) {
      Shape shape = new Shape(rows, g.heads(), tokens, g.headWidth());
      NDArray query = scope.randomNormal(0, 1, shape, DataType.FLOAT32);
      NDArray key = scope.randomNormal(0, 1, shape, DataType.FLOAT32);
      NDArray value = scope.randomNormal(0, 1, shape, DataType.FLOAT32);
      for (CacheManager branch : branches) {
        branch.enter(k);
      }
      for (int layer = 0; layer < g.layers(); layer++) {
        for (CacheManager branch : branches) {
          try (NDManager step = scope.newSubManager()) {
            query.attach(step);
            branch.attend(layer, query, key, value, () -> query);
            query.attach(scope);
          }
        }
      }
    }
    tokensBetween = Math.max(tokensBetween, tokens());
    bytesBetween = Math.max(bytesBetween, bytes());
  }

  private long bytes() {
    return branches.stream().mapToLong(CacheManager::liveBytes).sum();
  }

  private long tokens() {
    return branches.stream().mapToLong(CacheManager::tokens).sum();
  }

  @Override
  public void attending(int layer, NDArray query, AttentionInputs inputs) {
    workingPeak = Math.max(workingPeak, bytes() + inputs.copiedBytes());
  }

  @Override
  public void cached(int layer, KvCache cache) {
    peakTokens = Math.max(peakTokens, tokens());
    peakBytes = Math.max(peakBytes, bytes());
  }
}
