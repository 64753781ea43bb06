package io.scalekv.model;

import ai.djl.ndarray.NDArray;
import io.scalekv.cache.KvCache;
import io.scalekv.cache.SelectionInputs;
import java.util.List;

/**
 * Sees the intermediate values of a generation. The arrays live only during the call. Letters: B
 * prompts, R rows (2B under guidance), L tokens of the map, C width, d bits, h×w the last map.
 */
public interface GenerationListener {
  /** Nothing is looked at. */
  GenerationListener NONE = new GenerationListener() {};

  /** Tells all of these, in order. */
  static GenerationListener all(List<? extends GenerationListener> listeners) {
    return new GenerationListener() {
      @Override
      public void mapBegins(int scale, int rows) {
        listeners.forEach(l -> l.mapBegins(scale, rows));
      }

      @Override
      public void mapEnds(int scale) {
        listeners.forEach(l -> l.mapEnds(scale));
      }

      @Override
      public void blockInput(int scale, NDArray x) {
        listeners.forEach(l -> l.blockInput(scale, x));
      }

      @Override
      public void blockOutput(int scale, int layer, NDArray x) {
        listeners.forEach(l -> l.blockOutput(scale, layer, x));
      }

      @Override
      public void logits(int scale, NDArray logits) {
        listeners.forEach(l -> l.logits(scale, logits));
      }

      @Override
      public void bits(int scale, NDArray bits) {
        listeners.forEach(l -> l.bits(scale, bits));
      }

      @Override
      public void summedCodes(int scale, NDArray codes) {
        listeners.forEach(l -> l.summedCodes(scale, codes));
      }

      @Override
      public void nextInput(int scale, NDArray codes) {
        listeners.forEach(l -> l.nextInput(scale, codes));
      }

      @Override
      public void attended(int branch, SelectionInputs a) {
        listeners.forEach(l -> l.attended(branch, a));
      }

      @Override
      public void cached(int scale, int layer, int branch, KvCache cache) {
        listeners.forEach(l -> l.cached(scale, layer, branch, cache));
      }
    };
  }

  /** A map's turn: its input is there, for R rows. */
  default void mapBegins(int scale, int rows) {}

  /** A map is done: its codes are accumulated, the input of the next is there. */
  default void mapEnds(int scale) {}

  /** Input of block 0, [R,L,C], level embedding added. */
  default void blockInput(int scale, NDArray x) {}

  /** Output of a layer, [R,L,C]. */
  default void blockOutput(int scale, int layer, NDArray x) {}

  /** Guided logits, [B,L,2d]. */
  default void logits(int scale, NDArray logits) {}

  /** Chosen bits, [B,L,d]. */
  default void bits(int scale, NDArray bits) {}

  /** Codes accumulated after this scale, [B,d',h,w]. */
  default void summedCodes(int scale, NDArray codes) {}

  /** Codes resized for the next scale, [B,L',d]; not called after the last scale. */
  default void nextInput(int scale, NDArray codes) {}

  /**
   * A group of heads has attended a map. Branch 0 holds all rows, or the conditional ones where the
   * unconditional rows have a cache of their own, branch 1.
   */
  default void attended(int branch, SelectionInputs a) {}

  /** A layer's cache after a map was stored and cut. */
  default void cached(int scale, int layer, int branch, KvCache cache) {}
}
