package io.scalekv.vocabtrim.lm;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.scalekv.tensor.TorchOps;
import io.scalekv.tensor.Weights;

/**
 * The forward pass of the Llama layout (Touvron et al., arXiv 2302.13971, with the grouped queries
 * of arXiv 2307.09288): RMS norm before every part, rotary embedding, causal attention, SwiGLU.
 * Stateless: one instance serves training and generation.
 */
public final class LlamaNet {
  /** How a layer's queries meet keys. */
  @FunctionalInterface
  public interface Attention {
    /**
     * Causal attention.
     *
     * @param layer from 0
     * @param q [B,H,L,D], rotated
     * @param k [B,G,L,D], rotated
     * @param v [B,G,L,D]
     * @return [B,H,L,D]
     */
    NDArray attend(int layer, NDArray q, NDArray k, NDArray v);
  }

  /** Every token sees those of its own sequence up to itself. */
  static final Attention WHOLE = (layer, q, k, v) -> TorchOps.call("causal_attention", q, k, v);

  private final LlamaConfig config;
  private final Weights weights;
  private final String product;
  private final NDArray epsilon;

  /** A float32 net over the given weights, which it does not own. */
  public LlamaNet(LlamaConfig config, Weights weights) {
    this(config, weights, false);
  }

  /**
   * A net over the given weights, which it does not own.
   *
   * @param bf16 whether products round their factors to bfloat16
   */
  public LlamaNet(LlamaConfig config, Weights weights, boolean bf16) {
    this.config = config;
    this.weights = weights;
    this.product = bf16 ? "product_bf16" : "product";
    this.epsilon = weights.manager().full(new Shape(1), (float) config.normEpsilon());
  }

  /** The configuration. */
  public LlamaConfig config() {
    return config;
  }

  /** A weight by its name. */
  NDArray weight(String name) {
    return weights.get(name);
  }

  /** The whole output head, [V,C]. */
  NDArray head() {
    return weights.get(config.tied() ? LlamaWeights.EMBEDDING : LlamaWeights.HEAD);
  }

  /**
   * Logits of whole sequences from their first token on, for training.
   *
   * @param ids [B,L] (int64)
   * @param table of the rotary embedding
   * @return [B,L,V]
   */
  public NDArray logits(NDArray ids, RotaryTable table) {
    int length = Math.toIntExact(ids.getShape().get(1));
    NDArray x = hidden(ids, table.turns(ids.getManager(), 0, length), WHOLE);
    return TorchOps.call(product, x, head());
  }

  /**
   * What the output head reads.
   *
   * @param ids [B,L] (int64)
   * @param turns of the positions of the L tokens
   * @return [B,L,C], normed, owned by the manager of {@code ids}
   */
  NDArray hidden(NDArray ids, RotaryTable.Turns turns, Attention attention) {
    NDArray x = TorchOps.call("embedding", ids, weights.get(LlamaWeights.EMBEDDING));
    for (int i = 0; i < config.layers(); i++) {
      x = layer(i, x, turns, attention);
    }
    return norm(x, LlamaWeights.FINAL_NORM);
  }

  /** One layer; of what it makes only the result stays. */
  private NDArray layer(int i, NDArray input, RotaryTable.Turns t, Attention attention) {
    NDManager outer = input.getManager();
    String p = LlamaWeights.layer(i);
    try (NDManager scope = outer.newSubManager()) {
      input.attach(scope);
      NDArray y = norm(input, p + "input_layernorm.weight");
      NDArray q = rotated(product(y, p + "self_attn.q_proj.weight"), t);
      NDArray k = rotated(product(y, p + "self_attn.k_proj.weight"), t);
      NDArray v = TorchOps.call("heads_like", product(y, p + "self_attn.v_proj.weight"), t.cos());
      NDArray seen = TorchOps.call("merge_heads", attention.attend(i, q, k, v));
      NDArray x = input.add(product(seen, p + "self_attn.o_proj.weight"));
      NDArray n = norm(x, p + "post_attention_layernorm.weight");
      NDArray gated =
          TorchOps.call(
              "swiglu",
              product(n, p + "mlp.gate_proj.weight"),
              product(n, p + "mlp.up_proj.weight"));
      NDArray out = x.add(product(gated, p + "mlp.down_proj.weight"));
      out.attach(outer);
      return out;
    }
  }

  private static NDArray rotated(NDArray x, RotaryTable.Turns t) {
    return TorchOps.call("rotary_heads", x, t.cos(), t.sin());
  }

  private NDArray norm(NDArray x, String weight) {
    return TorchOps.call("rms_norm_eps", x, weights.get(weight), epsilon);
  }

  private NDArray product(NDArray x, String weight) {
    return TorchOps.call(product, x, weights.get(weight));
  }
}
