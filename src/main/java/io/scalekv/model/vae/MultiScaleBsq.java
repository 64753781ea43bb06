package io.scalekv.model.vae;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.TokenMap;

/**
 * Binary spherical quantiser (Infinity, arXiv 2412.04431, section 3.2): each position becomes the
 * sign vector divided by √d; codes are enlarged bilinearly.
 *
 * <p>Letters: N images, d code bits, h×w a map.
 */
public final class MultiScaleBsq implements MultiScaleQuantiser {
  private final int codeBits;
  private final float code;

  /** Creates a quantiser for codes of {@code codeBits} bits: every entry is ±1/√codeBits. */
  public MultiScaleBsq(int codeBits) {
    this.codeBits = codeBits;
    this.code = (float) (1 / Math.sqrt(codeBits));
  }

  /** Returns the bits d of a position. */
  public int codeBits() {
    return codeBits;
  }

  /** Returns signs as bits: [N,d,h,w] to [N, h·w, d], 1 where positive, else 0. */
  @Override
  public NDArray nearest(NDArray residual) {
    return MultiScaleQuantiser.toTokens(residual.gt(0).toType(DataType.FLOAT32, false));
  }

  /**
   * Returns the codes of bits.
   *
   * @param bits [N, h·w, d], 0 or 1
   * @param map h×w
   * @return [N, d, h, w], entries ±1/√d
   */
  @Override
  public NDArray codes(NDArray bits, TokenMap map) {
    NDArray c = bits.mul(2 * code).sub(code);
    return c.transpose(0, 2, 1)
        .reshape(bits.getShape().get(0), codeBits, map.height(), map.width());
  }

  @Override
  public NDArray enlarge(NDArray codes, int scale, ScaleSchedule schedule) {
    return MapResize.bilinear(codes, schedule.last());
  }

  @Override
  public NDArray input(NDArray sum, int scale, ScaleSchedule schedule) {
    return MapResize.bilinear(sum, schedule.map(scale));
  }
}
