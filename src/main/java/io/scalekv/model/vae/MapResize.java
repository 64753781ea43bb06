package io.scalekv.model.vae;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import io.scalekv.cache.TokenMap;
import io.scalekv.tensor.TorchOps;

/** Resizing of [N,C,·,·] to a token map; an array that has that size is returned itself. */
public final class MapResize {
  private MapResize() {}

  /** Returns the area mean (adaptive average). */
  public static NDArray area(NDArray x, TokenMap map) {
    return resize("resize_area", x, map);
  }

  /** Returns the bilinear resize, without antialias, also when shrinking. */
  public static NDArray bilinear(NDArray x, TokenMap map) {
    return resize("resize_bilinear", x, map);
  }

  /** Returns the bicubic enlargement: a = −0.75, half-pixel centres, edges repeated. */
  public static NDArray bicubic(NDArray x, TokenMap map) {
    return resize("resize_bicubic", x, map);
  }

  private static NDArray resize(String op, NDArray x, TokenMap map) {
    Shape s = x.getShape();
    if (s.get(2) == map.height() && s.get(3) == map.width()) {
      return x;
    }
    try (NDArray like = x.getManager().zeros(new Shape(map.height(), map.width()))) {
      return TorchOps.call(op, x, like);
    }
  }
}
