package io.scalekv.cache;

import io.scalekv.io.Require;

/**
 * Shape of a transformer's self-attention: all that a KV cache, a budget plan and a profile need to
 * know of a model.
 *
 * @param layers number of layers L
 * @param heads number of heads H of a layer
 * @param headWidth channels of a head D
 */
public record Geometry(int layers, int heads, int headWidth) {
  /** Checks the ranges. */
  public Geometry {
    Require.atLeast("layers", layers, 1);
    Require.atLeast("heads", heads, 1);
    Require.atLeast("headWidth", headWidth, 1);
  }

  /** Channels of a layer, C = H · D. */
  public int width() {
    return heads * headWidth;
  }

  /**
   * Returns the memory model of a KV cache of this shape.
   *
   * @param keys number format of stored keys
   * @param values number format of stored values
   * @param branches 2 with classifier-free guidance, else 1
   * @param batch images drawn together
   */
  public MemoryModel memory(CacheType keys, CacheType values, int branches, int batch) {
    return new MemoryModel(this, keys, values, branches, batch);
  }
}
