package io.scalekv.model.vae;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.TokenMap;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * Multi-scale residual quantiser (VAR, arXiv 2404.02905, algorithms 1 and 2): at every scale the
 * residual is reduced by area averaging, each position chooses its nearest code, and the
 * enlargement of the codes is subtracted.
 *
 * <p>Letters: N images, d numbers of a code, h_k×w_k the map of scale k, h×w the last map. Scales
 * are 0-based.
 */
public interface MultiScaleQuantiser {
  /**
   * Result of a quantisation.
   *
   * @param chosen per scale, the choice of every position, see {@link #nearest}
   * @param reduced per scale, the residual whose nearest codes were searched, [N, d, h_k, w_k]
   * @param sums per scale, the quantised latent up to it, [N, d, h, w]
   */
  record Quantised(List<NDArray> chosen, List<NDArray> reduced, List<NDArray> sums) {
    /** Returns the quantised latent, [N, d, h, w]. */
    public NDArray summed() {
      return sums.get(sums.size() - 1);
    }
  }

  /** Returns the choice of every position: [N,d,h_k,w_k] to [N, h_k·w_k, …]. */
  NDArray nearest(NDArray reduced);

  /** Returns the codes of choices, [N,d,h_k,w_k]. */
  NDArray codes(NDArray chosen, TokenMap map);

  /** Returns what the codes of a scale add to the latent: [N,d,h_k,w_k] to [N,d,h,w]. */
  NDArray enlarge(NDArray codes, int scale, ScaleSchedule schedule);

  /** Returns the latent up to a scale as input of the next one, {@code scale}: [N,d,h_k,w_k]. */
  NDArray input(NDArray sum, int scale, ScaleSchedule schedule);

  /** Quantises the latent [N,d,h,w], whose sides are those of the last map. */
  default Quantised quantise(NDArray latent, ScaleSchedule schedule) {
    return quantise(latent, schedule, schedule.scales(), schedule.scales(), chosen -> chosen);
  }

  /**
   * Quantises for teacher forcing: choices of the first scales, each of a residual that noise in
   * the choices before it has changed.
   *
   * @param scales number of scales that choose; the last of them is not summed
   * @param noise from the choices of a scale to those that are summed
   */
  default Quantised teach(
      NDArray latent, ScaleSchedule schedule, int scales, UnaryOperator<NDArray> noise) {
    return quantise(latent, schedule, scales, scales - 1, noise);
  }

  private Quantised quantise(
      NDArray latent,
      ScaleSchedule schedule,
      int scales,
      int summed,
      UnaryOperator<NDArray> noise) {
    Quantised q = new Quantised(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
    NDArray residual = latent;
    for (int k = 0; k < scales; k++) {
      TokenMap map = schedule.map(k);
      NDArray reduced = MapResize.area(residual, map);
      NDArray chosen = nearest(reduced);
      q.reduced.add(reduced);
      q.chosen.add(chosen);
      if (k < summed) {
        NDArray added = enlarge(codes(noise.apply(chosen), map), k, schedule);
        residual = residual.sub(added);
        q.sums.add(k == 0 ? added : q.summed().add(added));
      }
    }
    return q;
  }

  /** Returns the inputs of all scales after those summed, [N, T, d]. */
  default NDArray inputs(Quantised q, ScaleSchedule schedule) {
    NDList tokens = new NDList();
    for (int k = 0; k < q.sums.size(); k++) {
      tokens.add(toTokens(input(q.sums.get(k), k + 1, schedule)));
    }
    return NDArrays.concat(tokens, 1);
  }

  /** Returns positions as rows: [N,C,h,w] to [N, h·w, C]. */
  static NDArray toTokens(NDArray x) {
    Shape s = x.getShape();
    return x.reshape(s.get(0), s.get(1), s.get(2) * s.get(3)).transpose(0, 2, 1);
  }
}
