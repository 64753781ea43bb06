package io.scalekv.model.infinity;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.scalekv.model.Precision;
import io.scalekv.weights.Weights;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;

/** Names, shapes and initial values of the transformer's weights. */
public final class InfinityWeights {
  private static final Pattern PRODUCT =
      Pattern.compile(
          "(mat_(qkv|kv|q)\\.weight|mat_q\\.bias|(q|v|zero_k)_bias"
              + "|(proj|proj_for_ca\\.[02]|word_embed|ada_lin\\.1|head|fc[12])\\.(weight|bias))$");

  private InfinityWeights() {}

  /** Returns every weight with its shape, under the names of the published state dict. */
  public static Map<String, Shape> shapes(InfinityConfig c) {
    Map<String, Shape> s = new LinkedHashMap<>();
    int width = c.width();
    s.put("cfg_uncond", new Shape(c.textMaxLength(), c.textWidth()));
    s.put("pos_start", new Shape(1, 1, width));
    s.put("text_norm.weight", new Shape(c.textWidth()));
    String pool = "text_proj_for_sos.ca.";
    s.put(pool + "mat_q", new Shape(1, c.poolHeads(), width / c.poolHeads()));
    s.put(pool + "v_bias", new Shape(width));
    s.put(pool + "zero_k_bias", new Shape(width));
    s.put(pool + "mat_kv.weight", new Shape(2L * width, c.textWidth()));
    linear(s, pool + "proj", width, width);
    linear(s, "text_proj_for_ca.0", c.textWidth(), width);
    linear(s, "text_proj_for_ca.2", width, width);
    s.put("lvl_embed.weight", new Shape(InfinityConfig.LEVELS, width));
    linear(s, "word_embed", c.tokenBits(), width);
    linear(s, "shared_ada_lin.1", width, 6 * width);
    linear(s, "head_nm.ada_lin.1", width, 2 * width);
    linear(s, "head", width, 2 * c.tokenBits());
    for (int i = 0; i < c.depth(); i++) {
      String b = c.blockName(i) + ".";
      s.put(b + "ada_gss", new Shape(1, 1, 6, width));
      s.put(b + "sa.scale_mul_1H11", new Shape(1, c.heads(), 1, 1));
      s.put(b + "sa.q_bias", new Shape(width));
      s.put(b + "sa.v_bias", new Shape(width));
      s.put(b + "sa.zero_k_bias", new Shape(width));
      s.put(b + "sa.mat_qkv.weight", new Shape(3L * width, width));
      linear(s, b + "sa.proj", width, width);
      s.put(b + "ca.v_bias", new Shape(width));
      s.put(b + "ca.zero_k_bias", new Shape(width));
      linear(s, b + "ca.mat_q", width, width);
      s.put(b + "ca.mat_kv.weight", new Shape(2L * width, width));
      linear(s, b + "ca.proj", width, width);
      linear(s, b + "ffn.fc1", width, c.ffnWidth());
      linear(s, b + "ffn.fc2", c.ffnWidth(), width);
      s.put(b + "ca_norm.weight", new Shape(width));
      s.put(b + "ca_norm.bias", new Shape(width));
    }
    return s;
  }

  /**
   * Returns whether a weight is a factor of a matrix product, or the bias of one: nearly all of the
   * numbers, and those that {@link Precision#BF16} holds as bfloat16. Norms, embeddings, the
   * modulation's own part, temperatures and the text pool's query are not.
   */
  public static boolean isProduct(String name) {
    return PRODUCT.matcher(name).find();
  }

  private static void linear(Map<String, Shape> s, String name, int in, int out) {
    s.put(name + ".weight", new Shape(out, in));
    s.put(name + ".bias", new Shape(out));
  }

  /** Returns the same numbers in the format of a precision, rounded one weight after the other. */
  public static Weights initial(NDManager parent, InfinityConfig c, Precision precision) {
    Weights w = none(parent, precision);
    float residual = (float) Math.sqrt(1.0 / (2 * c.depth()));
    shapes(c)
        .forEach(
            (name, shape) -> {
              if (name.endsWith("zero_k_bias")) {
                w.putFull(name, shape, 0f);
              } else if (name.endsWith("scale_mul_1H11")) {
                w.putFull(name, shape, (float) Math.log(4));
              } else if (name.endsWith("norm.weight")) {
                w.putFull(name, shape, 1f);
              } else if (name.equals("cfg_uncond")) {
                w.putNormal(name, shape, (float) (1.2 / Math.sqrt(c.textWidth())));
              } else if (name.endsWith("ada_gss")) {
                w.put(name, gammaScaleShift(w.manager(), shape));
              } else if (name.endsWith("bias")) {
                w.putFull(name, shape, 0f);
              } else if (name.endsWith("ada_lin.1.weight")) {
                w.putNormal(name, shape, 0.02f);
              } else {
                float std = (float) Math.sqrt(1.0 / 3 / fanIn(shape));
                boolean out = name.endsWith("proj.weight") || name.endsWith("fc2.weight");
                w.putNormal(name, shape, (out ? residual : 1f) * std);
              }
            });
    return w;
  }

  /** Returns empty weights that store in the format of a precision. */
  public static Weights none(NDManager parent, Precision precision) {
    return precision.half()
        ? Weights.halving(parent, InfinityWeights::isProduct)
        : new Weights(parent);
  }

  private static long fanIn(Shape s) {
    return s.dimension() == 2 ? s.get(1) : s.get(s.dimension() - 1);
  }

  /** gamma1, gamma2 start at 1, scale and shift at 0 with a little noise: [1,1,6,C]. */
  private static NDArray gammaScaleShift(NDManager manager, Shape shape) {
    long width = shape.get(3);
    try (NDArray ones = manager.ones(new Shape(1, 1, 2, width));
        NDArray zeros = manager.zeros(new Shape(1, 1, 4, width));
        NDArray base = ones.concat(zeros, 2);
        NDArray noise = manager.randomNormal(0, 0.02f, shape, DataType.FLOAT32)) {
      return base.add(noise);
    }
  }
}
