package io.scalekv.vocabtrim.lm;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.scalekv.tensor.TorchOps;
import io.scalekv.weights.Weights;

/**
 * The forward pass of the Llama layout (Touvron et al., arXiv 2302.13971, with the grouped queries
 * of arXiv 2307.09288): RMS norm before every part, rotary embedding, causal attention, SwiGLU.
 * Stateless: one instance serves training and generation.
 */
public final class LlamaNet {
  /**
   * Keys and values of the tokens before those of a pass, one pair of arrays a layer.
   *
   * @param keys [1,G,capacity,D] each; those of the pass are written behind them
   * @param values likewise
   * @param at [1] (int64), number of tokens before
   */
  record Held(NDArray[] keys, NDArray[] values, NDArray at) {}

  private final LlamaConfig config;
  private final Weights weights;
  private final NDArray[][] layers;
  private final NDArray like;
  private final NDArray epsilon;
  private final NDArray none;

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
    NDManager manager = weights.manager();
    NDArray single = manager.ones(new Shape(1));
    this.like = bf16 ? TorchOps.call("to_bf16", single) : single;
    this.epsilon = manager.full(new Shape(1), (float) config.normEpsilon());
    this.none = manager.zeros(new Shape(0), DataType.INT64);
    this.layers = new NDArray[config.layers()][];
    for (int i = 0; i < layers.length; i++) {
      String p = LlamaWeights.layer(i);
      layers[i] =
          new NDArray[] {
            weights.get(p + "input_layernorm.weight"),
            weights.get(p + "self_attn.q_proj.weight"),
            weights.get(p + "self_attn.k_proj.weight"),
            weights.get(p + "self_attn.v_proj.weight"),
            weights.get(p + "self_attn.o_proj.weight"),
            weights.get(p + "post_attention_layernorm.weight"),
            weights.get(p + "mlp.gate_proj.weight"),
            weights.get(p + "mlp.up_proj.weight"),
            weights.get(p + "mlp.down_proj.weight")
          };
    }
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
    NDArray x = hidden(ids, table.turns(ids.getManager(), 0, length), null);
    return TorchOps.call("product_as", x, head(), like);
  }

  /**
   * What the output head reads.
   *
   * @param ids [B,L] (int64)
   * @param turns of the positions of the L tokens
   * @param held keys and values of the tokens before, B being 1; null if the sequences begin here
   * @return [B,L,C], normed, owned by the manager of {@code ids}
   */
  NDArray hidden(NDArray ids, RotaryTable.Turns turns, Held held) {
    NDArray x = TorchOps.call("embedding", ids, weights.get(LlamaWeights.EMBEDDING));
    for (int i = 0; i < layers.length; i++) {
      NDArray input = x;
      x = layer(i, input, turns, held);
      input.close();
    }
    return TorchOps.call("rms_norm_eps", x, weights.get(LlamaWeights.FINAL_NORM), epsilon);
  }

  private NDArray layer(int i, NDArray x, RotaryTable.Turns t, Held held) {
    NDArray[] args = new NDArray[8 + layers[i].length];
    args[0] = x;
    args[1] = like;
    args[2] = epsilon;
    args[3] = t.cos();
    args[4] = t.sin();
    args[5] = held == null ? none : held.keys()[i];
    args[6] = held == null ? none : held.values()[i];
    args[7] = held == null ? none : held.at();
    System.arraycopy(layers[i], 0, args, 8, layers[i].length);
    return TorchOps.call("llama_layer", args);
  }
}
