package io.scalekv.model.var;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.scalekv.model.Precision;
import io.scalekv.weights.ExpectedWeights;
import io.scalekv.weights.Weights;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;

/** Names, shapes and initial values of the transformer's weights. */
public final class VarWeights {
  private static final Pattern PRODUCT =
      Pattern.compile(
          "(mat_qkv\\.weight|[qv]_bias|(proj|word_embed|ada_lin\\.1|head|fc[12])\\.(weight|bias))$");

  private VarWeights() {}

  /** Returns every weight with its shape, under the names of the published state dict. */
  public static Map<String, Shape> shapes(VarConfig c) {
    Map<String, Shape> s = new LinkedHashMap<>();
    int width = c.width();
    s.put("pos_start", new Shape(1, 1, width));
    s.put("pos_1LC", new Shape(1, c.schedule().totalTokens(), width));
    linear(s, "word_embed", c.codeWidth(), width);
    s.put("class_emb.weight", new Shape(c.classes() + 1L, width));
    s.put("lvl_embed.weight", new Shape(c.sides().size(), width));
    if (c.sharedAda()) {
      linear(s, "shared_ada_lin.1", width, 6 * width);
    }
    for (int i = 0; i < c.depth(); i++) {
      String b = "blocks." + i + ".";
      if (c.sharedAda()) {
        s.put(b + "ada_gss", new Shape(1, 1, 6, width));
      }
      s.put(b + "attn.scale_mul_1H11", new Shape(1, c.heads(), 1, 1));
      s.put(b + "attn.q_bias", new Shape(width));
      s.put(b + "attn.v_bias", new Shape(width));
      s.put(b + "attn.mat_qkv.weight", new Shape(3L * width, width));
      linear(s, b + "attn.proj", width, width);
      linear(s, b + "ffn.fc1", width, c.ffnWidth());
      linear(s, b + "ffn.fc2", c.ffnWidth(), width);
      if (!c.sharedAda()) {
        linear(s, b + "ada_lin.1", width, 6 * width);
      }
    }
    linear(s, "head_nm.ada_lin.1", width, 2 * width);
    linear(s, "head", width, c.codes());
    return s;
  }

  /**
   * Returns the constant arrays of a published file that no layer reads: the map of every token
   * (int64), the mask of training (0 and −infinity) and the keys' bias of zeros.
   */
  public static Map<String, Shape> buffers(VarConfig c) {
    Map<String, Shape> s = new LinkedHashMap<>();
    int tokens = c.schedule().totalTokens();
    s.put("lvl_1L", new Shape(1, tokens));
    s.put("attn_bias_for_masking", new Shape(1, 1, tokens, tokens));
    for (int i = 0; i < c.depth(); i++) {
      s.put("blocks." + i + ".attn.zero_k_bias", new Shape(c.width()));
    }
    return s;
  }

  /** Returns the weights that a file must hold; its buffers are passed over unread. */
  static ExpectedWeights expected(String model, VarConfig c) {
    return ExpectedWeights.of(model, shapes(c)).passingOver(buffers(c)::containsKey);
  }

  /**
   * Returns whether a weight is a factor of a matrix product, or the bias of one: those that {@link
   * Precision#BF16} holds as bfloat16.
   */
  static boolean isProduct(String name) {
    return PRODUCT.matcher(name).find();
  }

  private static void linear(Map<String, Shape> s, String name, int in, int out) {
    s.put(name + ".weight", new Shape(out, in));
    s.put(name + ".bias", new Shape(out));
  }

  /**
   * Returns initial weights for training or for measurements of speed: normal of variance 1/(3C) as
   * upstream's, residual branches scaled down with depth, temperatures at log 4, gammas around 1.
   * Uses the engine's random state.
   */
  public static Weights initial(NDManager parent, VarConfig c, Precision precision) {
    Weights w = none(parent, precision);
    float std = (float) Math.sqrt(1.0 / 3 / c.width());
    float residual = (float) Math.sqrt(1.0 / (2 * c.depth()));
    shapes(c)
        .forEach(
            (name, shape) -> {
              if (name.endsWith("scale_mul_1H11")) {
                w.putFull(name, shape, (float) Math.log(4));
              } else if (name.matches("blocks.*ada_lin\\.1\\.bias|.*ada_gss")) {
                w.put(name, unitGammas(w.manager(), shape));
              } else if (name.endsWith("bias")) {
                w.putFull(name, shape, 0f);
              } else if (name.endsWith("attn.proj.weight") || name.endsWith("fc2.weight")) {
                w.putNormal(name, shape, std * residual);
              } else {
                w.putNormal(name, shape, name.endsWith("ada_lin.1.weight") ? std / 2 : std);
              }
            });
    return w;
  }

  /** Returns gamma1, gamma2 of ones, scales and shifts of zeros: 6C numbers in any shape. */
  private static NDArray unitGammas(NDManager manager, Shape shape) {
    try (NDArray ones = manager.ones(new Shape(shape.size() / 3));
        NDArray zeros = manager.zeros(new Shape(shape.size() / 3 * 2));
        NDArray six = ones.concat(zeros)) {
      return six.reshape(shape).duplicate();
    }
  }

  /** Returns empty weights that store in the format of a precision. */
  static Weights none(NDManager parent, Precision precision) {
    return precision.half() ? Weights.halving(parent, VarWeights::isProduct) : new Weights(parent);
  }
}
