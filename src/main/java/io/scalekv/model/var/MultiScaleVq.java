package io.scalekv.model.var;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.TokenMap;
import io.scalekv.model.vae.MapResize;
import io.scalekv.tensor.TorchOps;
import io.scalekv.weights.Weights;
import java.util.ArrayList;
import java.util.List;

/**
 * Multi-scale residual vector quantisation (VAR, arXiv 2404.02905, algorithms 1 and 2): at every
 * scale the residual is reduced by area averaging, each position becomes its nearest code, and the
 * bicubic enlargement of the codes, half of it through a convolution Φ, is subtracted. The scales
 * share {@value #PHIS} convolutions.
 */
public final class MultiScaleVq {
  /** Number of the convolutions Φ. */
  static final int PHIS = 4;

  /**
   * Result of a quantisation.
   *
   * @param indices per scale, [N, h_k·w_k], int64
   * @param reduced per scale, the residual whose nearest codes were searched, [N, d, h_k, w_k]
   * @param sums per scale, the quantised latent up to it, [N, d, h, w]
   */
  public record Quantised(List<NDArray> indices, List<NDArray> reduced, List<NDArray> sums) {
    /** Returns the quantised latent, [N, d, h, w]. */
    public NDArray summed() {
      return sums.get(sums.size() - 1);
    }
  }

  private final Weights weights;

  /** Creates a quantiser over the weights of a tokenizer. */
  MultiScaleVq(Weights weights) {
    this.weights = weights;
  }

  /** Returns the codebook [V,d]. */
  public NDArray codebook() {
    return weights.get("quantize.embedding.weight");
  }

  /** Quantises the latent [N,d,h,w], whose sides are those of the last map. */
  public Quantised quantise(NDArray latent, ScaleSchedule schedule) {
    Quantised q = new Quantised(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
    NDArray residual = latent;
    for (int k = 0; k < schedule.scales(); k++) {
      NDArray reduced = MapResize.area(residual, schedule.map(k));
      NDArray indices = nearest(reduced);
      NDArray added = enlarge(codes(indices, schedule.map(k)), k, schedule);
      residual = residual.sub(added);
      q.indices.add(indices);
      q.reduced.add(reduced);
      q.sums.add(k == 0 ? added : q.summed().add(added));
    }
    return q;
  }

  /** Returns the index of the nearest code of every position: [N,d,h_k,w_k] to [N, h_k·w_k]. */
  public NDArray nearest(NDArray reduced) {
    return TorchOps.call("nearest_row", reduced, codebook());
  }

  /** Returns the codes of indices: [N, h_k·w_k] int64 to [N,d,h_k,w_k]. */
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
  public NDArray enlarge(NDArray codes, int scale, ScaleSchedule schedule) {
    NDArray up = MapResize.bicubic(codes, schedule.last());
    String phi = "quantize.quant_resi.qresi_ls." + phiIndex(scale, schedule.scales());
    return TorchOps.call("half_conv", up, weights.get(phi + ".weight"), weights.get(phi + ".bias"));
  }

  /**
   * Returns the latent up to a scale as the input of the next one: the area mean, [N,d,h,w] to
   * [N,d,h_k+1,w_k+1].
   *
   * @param scale the next scale, 0-based
   */
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
