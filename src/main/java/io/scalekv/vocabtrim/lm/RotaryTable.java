package io.scalekv.vocabtrim.lm;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import io.scalekv.tensor.NativeCopy;

/**
 * Table of cosines and sines of the rotary embedding in the layout of the Hugging Face library:
 * columns i and i + D/2 rotate by position · f_i, f_i = theta^(−2i/D), scaled. Frequencies and
 * angles are float32, as in that library.
 */
public final class RotaryTable implements AutoCloseable {
  private static final int LEAST = 256;

  private final LlamaConfig config;
  private final NDManager manager;
  private final float[] frequencies;
  private int positions;
  private NDArray cos;
  private NDArray sin;

  /** Creates an empty table, which grows on demand. */
  public RotaryTable(NDManager parent, LlamaConfig config) {
    this.config = config;
    this.manager = parent.newSubManager();
    this.frequencies = frequencies(config);
  }

  static float[] frequencies(LlamaConfig c) {
    float[] f = new float[c.headWidth() / 2];
    for (int i = 0; i < f.length; i++) {
      double plain = 1 / Math.pow(c.ropeTheta(), 2.0 * i / c.headWidth());
      f[i] = (float) c.ropeScaling().frequency(plain, i);
    }
    return f;
  }

  /**
   * Returns the rotations of some positions.
   *
   * @param scope owner of the results
   * @param from first position
   * @param to position after the last one
   */
  Rotations rotations(NDManager scope, int from, int to) {
    if (to > positions) {
      grow(to);
    }
    NDIndex rows = new NDIndex("{}:{}", from, to);
    NDArray c = cos.get(rows);
    NDArray s = sin.get(rows);
    c.attach(scope);
    s.attach(scope);
    return new Rotations(c, s);
  }

  /**
   * Rotations of some positions.
   *
   * @param cos [L,D]
   * @param sin [L,D]
   */
  record Rotations(NDArray cos, NDArray sin) {}

  private void grow(int to) {
    int all = Math.max(LEAST, Math.min(config.maxPositions(), Math.max(to, 2 * positions)));
    all = Math.max(all, to);
    int d = config.headWidth();
    float[] c = new float[all * d];
    float[] s = new float[all * d];
    for (int p = 0; p < all; p++) {
      for (int i = 0; i < d; i++) {
        float angle = p * frequencies[i % (d / 2)];
        c[p * d + i] = (float) Math.cos(angle);
        s[p * d + i] = (float) Math.sin(angle);
      }
    }
    // older views may still be in use: their arrays are freed with the manager
    cos = NativeCopy.of(manager, c, new Shape(all, d));
    sin = NativeCopy.of(manager, s, new Shape(all, d));
    positions = all;
  }

  @Override
  public void close() {
    manager.close();
  }
}
