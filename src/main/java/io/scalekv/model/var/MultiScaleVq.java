package io.scalekv.model.var;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.TokenMap;
import io.scalekv.model.vae.MapResize;
import io.scalekv.model.vae.MultiScaleQuantiser;
import io.scalekv.tensor.TorchOps;
import io.scalekv.weights.Weights;

/**
 * Vector quantiser of VAR: each position becomes its nearest code; codes are enlarged bicubically,
 * half of them through a convolution Φ. The scales share {@value #PHIS} convolutions.
 */
public final class MultiScaleVq implements MultiScaleQuantiser {
  /** Number of the convolutions Φ. */
  static final int PHIS = 4;

  private final Weights weights;

  /** Creates a quantiser over the weights of a tokenizer. */
  MultiScaleVq(Weights weights) {
    this.weights = weights;
  }

  /** Returns the codebook [V,d]. */
  public NDArray codebook() {
    return weights.get("quantize.embedding.weight");
  }

  /** Returns the index of the nearest code of every position: [N,d,h_k,w_k] to [N, h_k·w_k]. */
  @Override
  public NDArray nearest(NDArray reduced) {
    return TorchOps.call("nearest_row", reduced, codebook());
  }

  /** Returns the codes of indices: [N, h_k·w_k] int64 to [N,d,h_k,w_k]. */
  @Override
  public NDArray codes(NDArray indices, TokenMap map) {
    return fromTokens(TorchOps.call("embedding", indices, codebook()), map);
  }

  /** Returns rows as positions: [N, h_k·w_k, d] to [N,d,h_k,w_k]. */
  public static NDArray fromTokens(NDArray rows, TokenMap map) {
    Shape s = rows.getShape();
    return rows.transpose(0, 2, 1).reshape(s.get(0), s.get(2), map.height(), map.width());
  }

  /**
   * Returns what the codes of a scale add to the latent: their bicubic enlargement to the last map,
   * half of it through Φ.
   *
   * @param codes [N,d,h_k,w_k]
   * @param scale 0-based
   * @return [N,d,h,w]
   */
  @Override
  public NDArray enlarge(NDArray codes, int scale, ScaleSchedule schedule) {
    NDArray up = MapResize.bicubic(codes, schedule.last());
    String phi = "quantize.quant_resi.qresi_ls." + phiIndex(scale, schedule.scales());
    return TorchOps.call("half_conv", up, weights.get(phi + ".weight"), weights.get(phi + ".bias"));
  }

  /** {@inheritDoc} It is the area mean. */
  @Override
  public NDArray input(NDArray sum, int scale, ScaleSchedule schedule) {
    return MapResize.area(sum, schedule.map(scale));
  }

  /**
   * Returns which of the convolutions a scale uses: the nearest of {@value #PHIS} ticks between
   * 1/12 and 11/12 to scale / (scales − 1). Ties exist in real arithmetic; the rounding of doubles
   * decides them as in the published code, for ten scales 0 0 1 1 1 2 2 3 3 3.
   *
   * @param scale 0-based
   */
  static int phiIndex(int scale, int scales) {
    double first = 1 / 3.0 / PHIS;
    double last = 1 - first;
    double step = (last - first) / (PHIS - 1);
    double at = scales == 1 ? 0 : scale / (double) (scales - 1);
    int best = 0;
    double distance = Double.POSITIVE_INFINITY;
    for (int i = 0; i < PHIS; i++) {
      double tick = i == PHIS - 1 ? last : i * step + first;
      if (Math.abs(tick - at) < distance) {
        distance = Math.abs(tick - at);
        best = i;
      }
    }
    return best;
  }
}
