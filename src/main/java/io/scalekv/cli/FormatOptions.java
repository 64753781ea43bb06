package io.scalekv.cli;

import io.scalekv.cache.CacheType;
import io.scalekv.cache.Geometry;
import io.scalekv.cache.MemoryModel;
import picocli.CommandLine.Option;

/** Number formats of stored keys and values. */
@HelpGroup(HelpGroup.Heading.CACHE)
final class FormatOptions {
  @Option(
      names = "--key-type",
      paramLabel = "fp32|bf16|int8",
      defaultValue = "fp32",
      description = "Number format of stored keys (default: ${DEFAULT-VALUE}).")
  private CacheType keys = CacheType.FP32;

  @Option(
      names = "--value-type",
      paramLabel = "fp32|bf16|int8",
      description =
          "Number format of stored values (default: that of --dtype; memory: bf16 for published"
              + " models).")
  private CacheType values;

  /** Returns the number format of keys. */
  CacheType keys() {
    return keys;
  }

  /** Returns the number format of values, by default the one in which they are computed. */
  CacheType values(CacheType computed) {
    return values == null ? computed : values;
  }

  /**
   * Returns the memory of a model's cache.
   *
   * @param computed number format in which values are computed
   * @param guided whether an unconditional branch is drawn, too
   */
  MemoryModel memory(Geometry geometry, CacheType computed, boolean guided, int batch) {
    return geometry.memory(keys, values(computed), guided ? 2 : 1, batch);
  }
}
