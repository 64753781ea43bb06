package io.scalekv.metrics;

/** The range of pixel values that an LPIPS file expects. */
public enum LpipsRange {
  /** −1..1: a traced {@code lpips.LPIPS}. */
  MINUS_ONE_TO_ONE(2f / 255, -1),
  /** 0..1: a net that rescales by itself, as torchmetrics does with {@code normalize=True}. */
  ZERO_TO_ONE(1f / 255, 0);

  private final float factor;
  private final float offset;

  LpipsRange(float factor, float offset) {
    this.factor = factor;
    this.offset = offset;
  }

  float factor() {
    return factor;
  }

  float offset() {
    return offset;
  }
}
