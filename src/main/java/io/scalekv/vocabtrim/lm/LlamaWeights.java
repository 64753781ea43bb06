package io.scalekv.vocabtrim.lm;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.scalekv.weights.ExpectedWeights;
import io.scalekv.weights.Weights;
import java.util.LinkedHashMap;
import java.util.Map;

/** Weights of the Llama layout: names, shapes and initial values. */
public final class LlamaWeights {
  /** File name of the models trained here. */
  public static final String FILE = "model.safetensors";

  /** Input embedding, [V,C]. */
  public static final String EMBEDDING = "model.embed_tokens.weight";

  /** Output head, [V,C]; absent if it is tied to the embedding. */
  public static final String HEAD = "lm_head.weight";

  /** Tokens of the rows of a trimmed head, [K]. */
  public static final String D2T = "d2t";

  /** Mask of the retained tokens, [V]. */
  public static final String T2D = "t2d";

  static final String FINAL_NORM = "model.norm.weight";

  private static final float STD = 0.02f;

  private LlamaWeights() {}

  /** Returns the name prefix of a layer. */
  static String prefix(int i) {
    return "model.layers." + i + ".";
  }

  /** Returns the weights of a layer with their shapes, in the order of the forward pass. */
  static Map<String, Shape> layer(LlamaConfig c) {
    long inner = (long) c.heads() * c.headWidth();
    long kv = (long) c.kvHeads() * c.headWidth();
    Map<String, Shape> s = new LinkedHashMap<>();
    s.put("input_layernorm.weight", new Shape(c.width()));
    s.put("self_attn.q_proj.weight", new Shape(inner, c.width()));
    s.put("self_attn.k_proj.weight", new Shape(kv, c.width()));
    s.put("self_attn.v_proj.weight", new Shape(kv, c.width()));
    s.put("self_attn.o_proj.weight", new Shape(c.width(), inner));
    s.put("post_attention_layernorm.weight", new Shape(c.width()));
    s.put("mlp.gate_proj.weight", new Shape(c.ffnWidth(), c.width()));
    s.put("mlp.up_proj.weight", new Shape(c.ffnWidth(), c.width()));
    s.put("mlp.down_proj.weight", new Shape(c.width(), c.ffnWidth()));
    return s;
  }

  /** Returns every weight with its shape, under the names of the Hugging Face library. */
  public static Map<String, Shape> shapes(LlamaConfig c) {
    return shapes(c, c.vocabulary());
  }

  private static Map<String, Shape> shapes(LlamaConfig c, int headRows) {
    Map<String, Shape> s = new LinkedHashMap<>();
    s.put(EMBEDDING, new Shape(c.vocabulary(), c.width()));
    for (int i = 0; i < c.layers(); i++) {
      String prefix = prefix(i);
      layer(c).forEach((name, shape) -> s.put(prefix + name, shape));
    }
    s.put(FINAL_NORM, new Shape(c.width()));
    if (!c.tied()) {
      s.put(HEAD, new Shape(headRows, c.width()));
    }
    return s;
  }

  /**
   * Returns the weights of a file: rotary buffers, mappings of a trimmed head and a copy of a tied
   * head are not read.
   *
   * @param headRows K, rows of an output head that is not tied
   */
  static ExpectedWeights expected(LlamaConfig c, int headRows) {
    return ExpectedWeights.of("the language model", shapes(c, headRows))
        .passingOver(
            n ->
                n.endsWith("rotary_emb.inv_freq")
                    || n.equals(D2T)
                    || n.equals(T2D)
                    || (c.tied() && n.equals(HEAD)));
  }

  /**
   * Returns initial weights: norms 1, all others normal with deviation 0.02, divided by the root of
   * twice the layers for projections into the residual stream. Uses the engine's random state.
   */
  public static Weights initial(NDManager parent, LlamaConfig c) {
    Weights w = new Weights(parent);
    float residual = (float) (STD / Math.sqrt(2.0 * c.layers()));
    shapes(c)
        .forEach(
            (name, shape) -> {
              if (shape.dimension() == 1) {
                w.putFull(name, shape, 1f);
              } else {
                boolean out = name.endsWith("o_proj.weight") || name.endsWith("down_proj.weight");
                w.putNormal(name, shape, out ? residual : STD);
              }
            });
    return w;
  }
}
