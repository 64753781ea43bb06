package io.scalekv.model.var;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import io.scalekv.io.Require;
import io.scalekv.model.Sampling;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.apache.commons.numbers.arrays.Selection;

/**
 * Sampler of code indices from logits: guidance that grows with the scale, top-k, then top-p over
 * what is left (VAR, arXiv 2404.02905; the released code). Every image has its own random
 * generator, seeded by the caller, so that an image does not depend on its batch.
 *
 * <p>Letters: B images, L tokens, V codes.
 */
final class CodeSampler {
  private static final float GONE = Float.NEGATIVE_INFINITY;

  private final Sampling options;
  private final SplittableRandom[] random;

  /**
   * @param seeds one for each image
   */
  CodeSampler(Sampling options, long[] seeds) {
    this.options = options;
    this.random =
        Arrays.stream(seeds).mapToObj(SplittableRandom::new).toArray(SplittableRandom[]::new);
  }

  /**
   * Combines the branches: (1 + t) · conditional − t · unconditional with t = cfg · ratio, so that
   * the first map follows the class alone.
   *
   * @param logits [2B,L,V] under guidance (conditional rows first), else [B,L,V]
   * @param ratio place of the map, 0 for the first and 1 for the last
   * @return [B,L,V]
   */
  NDArray guide(NDArray logits, double ratio) {
    if (!options.guided()) {
      return logits;
    }
    double t = options.cfg() * ratio;
    long images = logits.getShape().get(0) / 2;
    NDArray conditional = logits.get(new NDIndex("0:{}", images));
    if (t == 0) {
      return conditional;
    }
    return conditional.mul(1 + t).sub(logits.get(new NDIndex("{}:", images)).mul(t));
  }

  /**
   * Sampled codes of a map.
   *
   * @param indices B·L
   * @param weights with {@code more_smooth} the weight of every code, B·L·V; else null
   */
  record Codes(int[] indices, float[] weights) {}

  /**
   * Draws the codes of a map.
   *
   * @param logits [B,L,V] as {@link #guide} leaves them
   * @param ratio place of the map, 0 for the first and 1 for the last
   */
  Codes sample(NDArray logits, double ratio) {
    Shape s = logits.getShape();
    int codes = (int) s.get(2);
    int perImage = (int) s.get(1);
    float[] values = logits.toFloatArray();
    int[] indices = new int[values.length / codes];
    if (options.moreSmooth()) {
      for (int i = 0; i < indices.length; i++) {
        SplittableRandom r = random[i / perImage];
        float[] row = masked(values, i, codes);
        indices[i] = draw(row, r.nextDouble());
        soften(row, ratio, r);
        System.arraycopy(row, 0, values, i * codes, codes);
      }
      return new Codes(indices, values);
    }
    double[] u = new double[indices.length];
    Arrays.setAll(u, i -> random[i / perImage].nextDouble());
    Arrays.parallelSetAll(indices, i -> draw(masked(values, i, codes), u[i]));
    return new Codes(indices, null);
  }

  /** Returns the logits of one token without those that are never drawn. */
  private float[] masked(float[] values, int token, int codes) {
    float[] row = Arrays.copyOfRange(values, token * codes, (token + 1) * codes);
    mask(row, options.topK(), options.topP());
    return row;
  }

  /**
   * Sets the logits that are never drawn to −∞: all below the k-th largest, where ties with it
   * stay; then, ascending, those whose cumulative probability is at most 1 − p. The largest stays
   * in any case, and of equal ones at the cut those with the smaller index go first.
   *
   * @param topK 0 for all
   * @param topP 0 for all; 1 drops only what has no probability in float32
   */
  static void mask(float[] row, int topK, double topP) {
    Require.between("top-k", topK, 0, row.length);
    float last = topK == 0 ? GONE : largest(row, topK);
    int equal = 0;
    if (topP != 0) {
      float[] sorted = from(row, last);
      int cut = cut(sorted, topP);
      last = sorted[cut];
      for (int i = cut; i > 0 && sorted[i - 1] == last; i--) {
        equal++;
      }
    }
    for (int i = 0; i < row.length; i++) {
      if (row[i] < last || row[i] == last && equal-- > 0) {
        row[i] = GONE;
      }
    }
  }

  /** Returns the k-th largest value. */
  private static float largest(float[] row, int k) {
    double[] values = new double[row.length];
    Arrays.setAll(values, i -> row[i]);
    Selection.select(values, values.length - k);
    return (float) values[values.length - k];
  }

  /** Returns the values that are at least as large as a limit, ascending. */
  private static float[] from(float[] row, float limit) {
    float[] kept = new float[row.length];
    int count = 0;
    for (float x : row) {
      if (x >= limit) {
        kept[count++] = x;
      }
    }
    Arrays.sort(kept, 0, count);
    return Arrays.copyOf(kept, count);
  }

  /** Returns the first place in ascending logits that stays under top-p. */
  private static int cut(float[] sorted, double topP) {
    float most = sorted[sorted.length - 1];
    double all = 0;
    for (float x : sorted) {
      all += Math.exp((double) x - most);
    }
    double sum = 0;
    int i = 0;
    for (; i < sorted.length - 1; i++) {
      sum += (float) (Math.exp((double) sorted[i] - most) / all);
      if ((float) sum > 1 - topP) {
        break;
      }
    }
    return i;
  }

  /** Returns the first index at which the cumulative probability is above u. */
  private static int draw(float[] row, double u) {
    float most = GONE;
    for (float x : row) {
      most = Math.max(most, x);
    }
    double sum = 0;
    for (float x : row) {
      if (x != GONE) {
        sum += Math.exp((double) x - most);
      }
    }
    double left = u * sum;
    int last = 0;
    for (int i = 0; i < row.length; i++) {
      if (row[i] != GONE) {
        left -= Math.exp((double) row[i] - most);
        last = i;
        if (left < 0) {
          break;
        }
      }
    }
    return last;
  }

  /**
   * Replaces logits by the Gumbel-softmax of logits · (1 + ratio) at temperature max(0.27 · (1 −
   * 0.95 · ratio), 0.005).
   */
  private static void soften(float[] row, double ratio, SplittableRandom r) {
    double tau = Math.max(0.27 * (1 - 0.95 * ratio), 0.005);
    double[] x = new double[row.length];
    double most = Double.NEGATIVE_INFINITY;
    for (int i = 0; i < row.length; i++) {
      double gumbel = row[i] == GONE ? 0 : -Math.log(-Math.log(1 - r.nextDouble()));
      x[i] = (row[i] * (1 + ratio) + gumbel) / tau;
      most = Math.max(most, x[i]);
    }
    double sum = 0;
    for (int i = 0; i < row.length; i++) {
      x[i] = Math.exp(x[i] - most);
      sum += x[i];
    }
    for (int i = 0; i < row.length; i++) {
      row[i] = (float) (x[i] / sum);
    }
  }
}
