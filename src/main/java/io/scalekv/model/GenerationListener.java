package io.scalekv.model;

import ai.djl.ndarray.NDArray;
import io.scalekv.cache.KvCache;
import io.scalekv.cache.SelectionInputs;
import java.util.List;
import java.util.function.Consumer;

/**
 * Observer of a generation. The arrays are valid only during the call. Letters: B prompts, L tokens
 * of the scale, d bits of a token.
 */
public interface GenerationListener {
  /** Listener that ignores everything. */
  GenerationListener NONE = new GenerationListener() {};

  /** Returns a listener that passes every call to all of these, in order. */
  static GenerationListener all(List<? extends GenerationListener> listeners) {
    return new GenerationListener() {
      private void each(Consumer<GenerationListener> call) {
        listeners.forEach(call);
      }

      @Override
      public void scaleBegins(int scale, int rows) {
        each(l -> l.scaleBegins(scale, rows));
      }

      @Override
      public void scaleEnds(int scale) {
        each(l -> l.scaleEnds(scale));
      }

      @Override
      public void codes(int scale, NDArray codes) {
        each(l -> l.codes(scale, codes));
      }

      @Override
      public void attended(int branch, SelectionInputs inputs) {
        each(l -> l.attended(branch, inputs));
      }

      @Override
      public void cached(int scale, int layer, int branch, KvCache cache) {
        each(l -> l.cached(scale, layer, branch, cache));
      }
    };
  }

  /**
   * Called before the layers of a scale run.
   *
   * @param rows batch rows, 2B under guidance
   */
  default void scaleBegins(int scale, int rows) {}

  /** Called when the codes of a scale are accumulated and the input of the next one is ready. */
  default void scaleEnds(int scale) {}

  /** Called with the drawn token codes, [B,L,d] as 0 and 1. */
  default void codes(int scale, NDArray codes) {}

  /**
   * Called when a group of heads has attended to a scale. Branch 0 holds all rows, or the
   * conditional ones where the unconditional rows have their own cache, branch 1.
   */
  default void attended(int branch, SelectionInputs inputs) {}

  /** Called when a layer's cache has stored a scale and evicted tokens. */
  default void cached(int scale, int layer, int branch, KvCache cache) {}
}
