package io.scalekv.model.vae;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.TokenMap;
import java.util.ArrayList;
import java.util.List;

/**
 * Multi-scale residual binary spherical quantisation (Infinity, arXiv 2412.04431, section 3.2): at
 * every scale the residual is reduced by area averaging, each position becomes the sign vector
 * divided by √d, and its bilinear enlargement is subtracted.
 *
 * <p>Letters: N images, d code bits, h_k×w_k the map of scale k, h×w the last map.
 */
public final class MultiScaleBsq {
  /**
   * Result of a quantisation.
   *
   * @param bits per scale, [N, h_k·w_k, d], 0 or 1
   * @param residuals per scale, the input of the sign, [N, d, h_k, w_k]
   * @param summed the quantised latent, [N, d, h, w]
   */
  public record Quantised(List<NDArray> bits, List<NDArray> residuals, NDArray summed) {}

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

  /** Quantises the latent z [N,d,h,w], whose sides are those of the last map. */
  public Quantised quantise(NDArray z, ScaleSchedule schedule) {
    List<NDArray> bits = new ArrayList<>();
    List<NDArray> residuals = new ArrayList<>();
    NDArray residual = z;
    NDArray summed = null;
    for (int k = 0; k < schedule.scales(); k++) {
      TokenMap map = schedule.map(k);
      NDArray reduced = MapResize.area(residual, map);
      residuals.add(reduced);
      NDArray signs = signs(reduced);
      bits.add(signs);
      NDArray up = MapResize.bilinear(codes(signs, map), schedule.last());
      residual = residual.sub(up);
      summed = summed == null ? up : summed.add(up);
    }
    return new Quantised(bits, residuals, summed);
  }

  /** Returns signs as bits: [N,d,h,w] to [N, h·w, d], 1 where positive, else 0. */
  public NDArray signs(NDArray residual) {
    return toTokens(residual.gt(0).toType(DataType.FLOAT32, false));
  }

  /**
   * Returns the codes of bits.
   *
   * @param bits [N, h·w, d], 0 or 1
   * @param map h×w
   * @return [N, d, h, w], entries ±1/√d
   */
  public NDArray codes(NDArray bits, TokenMap map) {
    NDArray c = bits.mul(2 * code).sub(code);
    return c.transpose(0, 2, 1)
        .reshape(bits.getShape().get(0), codeBits, map.height(), map.width());
  }

  /** Returns positions as rows: [N,C,h,w] to [N, h·w, C]. */
  public static NDArray toTokens(NDArray x) {
    Shape s = x.getShape();
    return x.reshape(s.get(0), s.get(1), s.get(2) * s.get(3)).transpose(0, 2, 1);
  }
}
