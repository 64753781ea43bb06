package io.scalekv.profile;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.scalekv.model.AttentionSite;
import io.scalekv.model.AttentionTap;
import java.util.Random;

/**
 * Random queries and keys of a model, a function of (prompt, branch, layer, scale), shown to a tap
 * as a generation would.
 */
final class FakeAttention {
  static final int HEAD_WIDTH = 8;

  private final ProfileGeometry geometry;
  private final double softmaxScale;
  private final double spread;

  FakeAttention(ProfileGeometry geometry, double softmaxScale, double spread) {
    this.geometry = geometry;
    this.softmaxScale = softmaxScale;
    this.spread = spread;
  }

  /** One generation of these prompts. */
  void generate(AttentionTap tap, boolean guided, int... prompts) {
    for (int k = 0; k < geometry.scales(); k++) {
      for (int l = 0; l < geometry.layers(); l++) {
        attend(tap, guided, l, k, prompts);
      }
    }
  }

  void attend(AttentionTap tap, boolean guided, int layer, int scale, int... prompts) {
    int batch = prompts.length * (guided ? 2 : 1);
    float[][][][] query = new float[batch][][][];
    float[][][][] key = new float[batch][][][];
    for (int b = 0; b < batch; b++) {
      int prompt = prompts[b % prompts.length];
      boolean conditional = b < prompts.length;
      query[b] = query(prompt, conditional, layer, scale);
      key[b] = key(prompt, conditional, layer, scale);
    }
    AttentionSite site =
        new AttentionSite(layer, scale, geometry.schedule(), prompts.length, softmaxScale);
    try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
      NDArray q = array(manager, query);
      NDArray k = array(manager, key);
      tap.attend(site, q, k, k);
    }
  }

  /** [H][L][D]. */
  float[][][] query(int prompt, boolean conditional, int layer, int scale) {
    return draw(prompt, conditional, layer, scale, 1, geometry.schedule().tokens(scale));
  }

  /** [H][T][D]. */
  float[][][] key(int prompt, boolean conditional, int layer, int scale) {
    return draw(prompt, conditional, layer, scale, 2, geometry.schedule().tokensBefore(scale + 1));
  }

  private float[][][] draw(
      int prompt, boolean conditional, int layer, int scale, int kind, int tokens) {
    long seed = (((prompt * 2L + (conditional ? 1 : 0)) * 50 + layer) * 50 + scale) * 3 + kind;
    Random random = new Random(seed);
    float[][][] x = new float[geometry.heads()][tokens][HEAD_WIDTH];
    for (float[][] head : x) {
      for (float[] token : head) {
        for (int d = 0; d < HEAD_WIDTH; d++) {
          token[d] = (float) (spread * random.nextGaussian());
        }
      }
    }
    return x;
  }

  static NDArray array(NDManager manager, float[][][][] x) {
    int tokens = x[0][0].length;
    int width = x[0][0][0].length;
    float[] flat = new float[x.length * x[0].length * tokens * width];
    int i = 0;
    for (float[][][] batch : x) {
      for (float[][] head : batch) {
        for (float[] token : head) {
          System.arraycopy(token, 0, flat, i, width);
          i += width;
        }
      }
    }
    return manager.create(flat, new Shape(x.length, x[0].length, tokens, width)).duplicate();
  }
}
