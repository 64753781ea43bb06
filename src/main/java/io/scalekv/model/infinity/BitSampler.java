package io.scalekv.model.infinity;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import io.scalekv.model.Sampling;
import io.scalekv.tensor.NativeCopy;
import java.util.SplittableRandom;

/**
 * Sampler of bits from guided logits. Every prompt has its own random generator, seeded by the
 * caller, so that an image does not depend on its batch.
 */
final class BitSampler {
  private final Sampling options;
  private final SplittableRandom[] random;

  /**
   * @param seeds one for each prompt
   */
  BitSampler(Sampling options, long[] seeds) {
    this.options = options;
    random = new SplittableRandom[seeds.length];
    for (int i = 0; i < seeds.length; i++) {
      random[i] = new SplittableRandom(seeds[i]);
    }
  }

  /**
   * Combines the branches.
   *
   * @param logits [2B,L,2d] while the unconditional branch runs (conditional rows first), else
   *     [B,L,2d]
   * @param k the scale, 0-based
   * @return [B,L,2d], divided by the temperature
   */
  NDArray guide(NDArray logits, int k) {
    double tau = options.taus().at(k);
    NDArray x = tau > 0 && tau != 1 ? logits.mul(1 / tau) : logits;
    if (logits.getShape().get(0) == random.length) {
      return x;
    }
    return options.insertionLayer() == 0 ? mix(x, k) : x.get(rows(0, random.length));
  }

  /** Combines the branches of hidden states, in both halves: [2B,L,C]. */
  NDArray guideHidden(NDArray x, int k) {
    NDArray mixed = mix(x, k);
    return mixed.concat(mixed, 0);
  }

  /** Returns [B,…] of [2B,…], conditional rows first. */
  private NDArray mix(NDArray x, int k) {
    long rows = random.length;
    NDArray conditional = x.get(rows(0, rows));
    double cfg = options.cfgs().at(k);
    return cfg == 1
        ? conditional
        : conditional.mul(cfg).add(x.get(rows(rows, 2 * rows)).mul(1 - cfg));
  }

  private static NDIndex rows(long from, long to) {
    return new NDIndex("{}:{}", from, to);
  }

  /**
   * Returns the bits of one scale.
   *
   * @param logits [B,L,2d] as {@link #guide} leaves them
   * @return [B,L,d], 0 or 1 as float32
   */
  NDArray sample(NDManager scope, NDArray logits, int k) {
    double tau = options.taus().at(k);
    Shape s = logits.getShape();
    int batch = (int) s.get(0);
    int perRow = (int) (s.get(1) * s.get(2) / 2);
    float[] pairs = logits.toFloatArray();
    float[] bits = new float[batch * perRow];
    for (int b = 0; b < batch; b++) {
      for (int i = 0; i < perRow; i++) {
        int at = b * perRow + i;
        bits[at] = draw(tau, random[b], pairs[2 * at], pairs[2 * at + 1]) ? 1 : 0;
      }
    }
    return NativeCopy.of(scope, bits, new Shape(batch, s.get(1), s.get(2) / 2));
  }

  /** Returns whether the bit is one; the generator advances by one number in any case. */
  private boolean draw(double tau, SplittableRandom r, float zero, float one) {
    double u = r.nextDouble();
    if (tau == 0) {
      return one > zero;
    }
    double p = 1 / (1 + Math.exp((double) zero - one));
    if (Math.min(p, 1 - p) <= 1 - options.topP()) {
      return p > 0.5;
    }
    return u < p;
  }
}
