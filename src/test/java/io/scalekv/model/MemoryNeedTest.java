package io.scalekv.model;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.scalekv.cache.CacheSettings;
import io.scalekv.cache.CacheType;
import io.scalekv.cache.ScaleSchedule;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class MemoryNeedTest {
  @Test
  void weightsAndCacheAreThoseOfTheFormulas() {
    ModelConfig config = ModelCatalog.config("infinity-2b");
    ScaleSchedule schedule = config.schedule(Optional.of("1M"), 1);
    CacheSettings full = CacheSettings.full(schedule, 32);
    MemoryNeed need = MemoryNeed.of(config, schedule, full, true, LoadOptions.of(false));
    assertEquals(4 * 2_204_697_152L, need.weights());
    assertEquals(4 * 110_118_051L, need.tokenizer());
    assertEquals(
        config
            .geometry()
            .memory(CacheType.FP32, CacheType.FP32, 2, 1)
            .peakBytes(full.policy().plan()),
        need.cache());
    MemoryNeed half = MemoryNeed.of(config, schedule, full, false, LoadOptions.of(true));
    assertEquals(0.5, (double) half.weights() / need.weights(), 1e-3);
    assertEquals(2 * half.cache(), need.cache());
  }
}
