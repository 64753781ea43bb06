package io.scalekv.model.var;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.model.Precision;
import io.scalekv.model.attention.SelfAttention;
import io.scalekv.tensor.NativeCopy;
import io.scalekv.tensor.PackedWeight;
import io.scalekv.tensor.TorchOps;
import io.scalekv.weights.Weights;
import java.util.ArrayList;
import java.util.List;

/**
 * The VAR transformer (Tian et al., arXiv 2404.02905; upstream code FoundationVision/VAR): adaptive
 * layer norm on the class, cosine self-attention over learned absolute positions, tanh-GELU
 * feed-forward, softmax head over the codebook. Stateless: one instance serves training and
 * generation.
 *
 * <p>Keys are normalised and have neither temperature nor position in them: the temperature is in
 * the query, positions are added to the input of the first layer.
 *
 * <p>Letters: B batch rows, L tokens, H heads, D head width, C width, V codes, Z width of a code.
 */
public final class Var {
  private static final List<String> BLOCK_PRODUCTS =
      List.of("attn.mat_qkv", "attn.proj", "ffn.fc1", "ffn.fc2");

  private final VarConfig config;
  private final Weights weights;
  private final Precision precision;
  private final List<String> blocks = new ArrayList<>();
  private final List<NDArray> packedQkvBias = new ArrayList<>();
  private final NDArray noKeyBias;

  /** Creates a float32 model over the given weights, which it does not own. */
  public Var(VarConfig config, Weights weights) {
    this(config, weights, Precision.FP32);
  }

  /**
   * Creates a model over the given weights, which it does not own.
   *
   * @param weights in the format that the precision asks for
   */
  public Var(VarConfig config, Weights weights, Precision precision) {
    this.config = config;
    this.weights = weights;
    this.precision = precision;
    for (int i = 0; i < config.depth(); i++) {
      blocks.add("blocks." + i + ".");
    }
    NDArray zeros = weights.manager().zeros(new Shape(config.width()));
    this.noKeyBias = precision.half() ? TorchOps.call("to_bf16", zeros) : zeros;
  }

  /**
   * Puts the blocks' weights into the layout of matrix products, where the engine has one. From
   * then on the model serves generation alone: its blocks cannot be trained.
   *
   * @return this
   */
  public Var packed() {
    if (packedQkvBias.isEmpty() && PackedWeight.possible(w("blocks.0.attn.proj.weight"))) {
      for (String b : blocks) {
        packedQkvBias.add(w(b + "attn.q_bias").concat(noKeyBias).concat(w(b + "attn.v_bias")));
        BLOCK_PRODUCTS.forEach(product -> weights.pack(b + product + ".weight"));
      }
    }
    return this;
  }

  private boolean isPacked() {
    return !packedQkvBias.isEmpty();
  }

  /** Returns the configuration. */
  public VarConfig config() {
    return config;
  }

  /** Returns the number format of products and weights. */
  public Precision precision() {
    return precision;
  }

  /** Returns the weights. */
  public Weights weights() {
    return weights;
  }

  /**
   * Returns the condition of classes.
   *
   * @param scope owner of the result
   * @param classes one a row; {@link VarConfig#classes} for none
   */
  public VarCondition condition(NDManager scope, long... classes) {
    NDArray ids = NativeCopy.of(scope, classes, new Shape(classes.length));
    return condition(TorchOps.call("embedding", ids, w("class_emb.weight")));
  }

  /** Returns the condition of class embeddings, [B,C]. */
  public VarCondition condition(NDArray rows) {
    NDArray silu = TorchOps.call("silu", rows);
    NDArray shared = config.sharedAda() ? modulation("shared_ada_lin.1", silu, 6) : null;
    List<List<NDArray>> modulation = new ArrayList<>();
    for (String b : blocks) {
      modulation.add(
          unbind(
              shared == null
                  ? modulation(b + "ada_lin.1", silu, 6)
                  : shared.add(w(b + "ada_gss"))));
    }
    return new VarCondition(
        rows, shared, modulation, unbind(modulation("head_nm.ada_lin.1", silu, 2)));
  }

  private NDArray modulation(String name, NDArray silu, int parts) {
    return linear(name, silu).reshape(silu.getShape().get(0), 1, parts, config.width());
  }

  private static List<NDArray> unbind(NDArray x) {
    List<NDArray> parts = new ArrayList<>();
    for (int i = 0; i < x.getShape().get(2); i++) {
      parts.add(x.get(new NDIndex(":,:,{}", i)));
    }
    return parts;
  }

  /** Returns level plus position embedding of every token, [1,L,C], in the given scope. */
  public NDArray positions(NDManager scope) {
    ScaleSchedule schedule = config.schedule();
    long[] level = new long[schedule.totalTokens()];
    for (int i = 0; i < level.length; i++) {
      level[i] = schedule.scaleOf(i);
    }
    NDArray levels = NativeCopy.of(scope, level, new Shape(1, level.length));
    return TorchOps.call("embedding", levels, w("lvl_embed.weight")).add(w("pos_1LC"));
  }

  /**
   * Returns the input of the first layer at the first map, [B,1,C].
   *
   * @param positions see {@link #positions}
   */
  public NDArray start(VarCondition condition, NDArray positions) {
    return condition.rows().expandDims(1).add(w("pos_start")).add(positions.get(":,0:1"));
  }

  /** Returns the word embedding of codes, [B,L,Z] to [B,L,C]. */
  public NDArray embed(NDArray codes) {
    return linear("word_embed", codes);
  }

  /**
   * Returns the output of one layer.
   *
   * @param layer layer index, 0-based
   * @param x [B,L,C]; consumed: it is freed, like all that is made of it, once it is used up
   * @param condition of the same B rows
   * @param attention how queries meet keys
   * @return [B,L,C], owned by the former manager of {@code x}
   */
  public NDArray block(int layer, NDArray x, VarCondition condition, SelfAttention attention) {
    String b = blocks.get(layer);
    NDManager outer = x.getManager();
    try (NDManager scope = outer.newSubManager()) {
      x.attach(scope);
      List<NDArray> m = condition.modulation().get(layer);
      NDArray y = TorchOps.call(precision.op("ada_layer_norm"), x, m.get(2), m.get(4));
      y = selfAttention(layer, b + "attn.", y, attention);
      NDArray z = after(TorchOps.call(precision.op("gated_residual"), x, y, m.get(0)), x, y);
      NDArray f = TorchOps.call(precision.op("ada_layer_norm"), z, m.get(3), m.get(5));
      f = after(feedForward(b + "ffn.fc1", f), f);
      f = after(blockLinear(b + "ffn.fc2", f), f);
      NDArray out = TorchOps.call(precision.op("gated_residual"), z, f, m.get(1));
      out.attach(outer);
      return out;
    }
  }

  /** Returns a result and frees its operands, whose memory is reused while it is in the cache. */
  private static NDArray after(NDArray result, NDArray... used) {
    for (NDArray x : used) {
      x.close();
    }
    return result;
  }

  /** Frees {@code y}. */
  private NDArray selfAttention(int layer, String a, NDArray y, SelfAttention attention) {
    NDArray qkv = after(qkv(layer, a, y), y);
    NDArray temperature = w(a + "scale_mul_1H11");
    NDArray q = TorchOps.call("unit_query", qkv, temperature);
    NDArray k = TorchOps.call("unit_key", qkv, temperature);
    NDArray v = TorchOps.call("packed_value", qkv, temperature);
    NDArray o =
        attention.attend(
            layer,
            q,
            k,
            v,
            () -> TorchOps.call("projected_query", qkv, w(a + "q_bias"), temperature));
    NDArray merged = after(TorchOps.call("merge_heads", o), q, k, v, qkv, o);
    return after(blockLinear(a + "proj", merged), merged);
  }

  /**
   * Returns the logits of the last layer's output.
   *
   * @param x [B,L,C]
   * @return [B,L,V]
   */
  public NDArray logits(NDArray x, VarCondition condition) {
    List<NDArray> m = condition.head();
    return linear("head", TorchOps.call("ada_layer_norm", x, m.get(0), m.get(1)));
  }

  /**
   * Returns the logits of all maps in one pass over given codes (teacher forcing): every map sees
   * itself and those before it.
   *
   * @param inputs word inputs of all maps but the first, [B,L−1,Z]; see {@link #embed}
   * @return [B,L,V]
   */
  public NDArray logitsOf(NDArray inputs, VarCondition condition) {
    NDManager scope = inputs.getManager();
    ScaleSchedule schedule = config.schedule();
    long[] ends = new long[schedule.scales() + 1];
    for (int k = 0; k < ends.length; k++) {
      ends[k] = schedule.tokensBefore(k);
    }
    NDArray bounds = NativeCopy.of(scope, ends, new Shape(ends.length));
    NDArray positions = positions(scope);
    NDArray later = embed(inputs).add(positions.get(":,1:"));
    NDArray x = start(condition, positions).concat(later, 1);
    for (int layer = 0; layer < config.depth(); layer++) {
      x =
          block(
              layer,
              x,
              condition,
              (l, q, k, v, projected) -> TorchOps.call("prefix_attention", q, k, v, bounds));
    }
    return logits(x, condition);
  }

  private NDArray linear(String name, NDArray x) {
    return TorchOps.call(precision.linear, x, w(name + ".weight"), w(name + ".bias"));
  }

  private NDArray blockLinear(String name, NDArray x) {
    String op = isPacked() ? "packed_linear" : precision.blockLinear;
    return TorchOps.call(op, x, w(name + ".weight"), w(name + ".bias"));
  }

  /** Returns GELU of a linear layer. */
  private NDArray feedForward(String name, NDArray x) {
    if (isPacked()) {
      return TorchOps.call("packed_linear_gelu", x, w(name + ".weight"), w(name + ".bias"));
    }
    NDArray y = blockLinear(name, x);
    return after(TorchOps.call("gelu_tanh", y), y);
  }

  private NDArray qkv(int layer, String a, NDArray x) {
    NDArray weight = w(a + "mat_qkv.weight");
    return isPacked()
        ? TorchOps.call("packed_linear", x, weight, packedQkvBias.get(layer))
        : TorchOps.call(precision.blockQkv, x, weight, w(a + "q_bias"), noKeyBias, w(a + "v_bias"));
  }

  private NDArray w(String name) {
    return weights.get(name);
  }
}
