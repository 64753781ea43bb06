package io.scalekv.model.infinity;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import io.scalekv.model.Precision;
import io.scalekv.model.attention.SelfAttention;
import io.scalekv.model.text.TextEmbeddings;
import io.scalekv.tensor.PackedWeight;
import io.scalekv.tensor.TorchOps;
import io.scalekv.weights.Weights;
import java.util.ArrayList;
import java.util.List;

/**
 * The Infinity transformer (Han et al., arXiv 2412.04431; upstream code FoundationVision/Infinity):
 * shared adaptive layer norm, cosine self-attention with rotary embedding, cross attention to the
 * text, tanh-GELU feed-forward, bit head. Stateless: one instance serves training and generation.
 *
 * <p>Letters: B batch rows, L tokens, H heads, D head width, C width, T text tokens, W text width,
 * d bits of a token.
 */
public final class Infinity {
  private static final List<String> BLOCK_PRODUCTS =
      List.of("sa.mat_qkv", "sa.proj", "ca.mat_q", "ca.proj", "ffn.fc1", "ffn.fc2");

  private final InfinityConfig config;
  private final Weights weights;
  private final Precision precision;
  private final List<String> blocks = new ArrayList<>();
  private final List<NDArray> packedQkvBias = new ArrayList<>();

  /** Creates a float32 model over the given weights, which it does not own. */
  public Infinity(InfinityConfig config, Weights weights) {
    this(config, weights, Precision.FP32);
  }

  /**
   * Creates a model over the given weights, which it does not own.
   *
   * @param weights in the format that the precision asks for
   */
  public Infinity(InfinityConfig config, Weights weights, Precision precision) {
    this.config = config;
    this.weights = weights;
    this.precision = precision;
    for (int i = 0; i < config.depth(); i++) {
      blocks.add(config.blockName(i) + ".");
    }
  }

  /**
   * Puts the blocks' weights into the layout of matrix products, where the engine has one. From
   * then on the model serves generation alone: its blocks cannot be trained.
   *
   * @return this
   */
  public Infinity packed() {
    if (packedQkvBias.isEmpty() && PackedWeight.possible(w(blocks.get(0) + "sa.proj.weight"))) {
      for (String b : blocks) {
        packedQkvBias.add(
            w(b + "sa.q_bias").concat(w(b + "sa.zero_k_bias"), 0).concat(w(b + "sa.v_bias"), 0));
        for (String product : BLOCK_PRODUCTS) {
          weights.pack(b + product + ".weight");
        }
      }
    }
    return this;
  }

  private boolean isPacked() {
    return !packedQkvBias.isEmpty();
  }

  /** Returns the configuration. */
  public InfinityConfig config() {
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
   * Returns the learned embedding of absent text, as long as each given prompt.
   *
   * @return [B,T,W] with the lengths of {@code text}
   */
  public TextEmbeddings unconditional(TextEmbeddings text) {
    NDArray rows = TorchOps.call("rows_like", text.padded(), w("cfg_uncond"));
    return new TextEmbeddings(rows, text.lengths());
  }

  /** Returns the condition of the text, for the rows of {@code text} [B,T,W]. */
  public TextCondition condition(TextEmbeddings text) {
    NDArray normed = TorchOps.call("rms_norm", text.padded(), w("text_norm.weight"));
    NDArray mask = text.mask(normed.getManager());
    NDArray pooled = pool(normed, mask);
    NDArray hidden = TorchOps.call("gelu_tanh", linear("text_proj_for_ca.0", normed));
    NDArray projected = linear("text_proj_for_ca.2", hidden);
    NDArray inBlocks = blockInput(projected);
    NDArray silu = TorchOps.call("silu", pooled);
    long rows = pooled.getShape().get(0);
    NDArray shared = linear("shared_ada_lin.1", silu).reshape(rows, 1, 6, config.width());
    NDArray head = linear("head_nm.ada_lin.1", silu).reshape(rows, 1, 2, config.width());
    List<List<NDArray>> modulation = new ArrayList<>();
    List<NDArray> keys = new ArrayList<>();
    List<NDArray> values = new ArrayList<>();
    for (String b : blocks) {
      modulation.add(unbind(shared.add(w(b + "ada_gss")), 6));
      NDArray kv = linearKv("linear_kv", b + "ca.", inBlocks);
      NDArray like = w(b + "sa.scale_mul_1H11");
      keys.add(TorchOps.call("split_heads", half(kv, 0), like));
      values.add(TorchOps.call("split_heads", half(kv, 1), like));
    }
    return new TextCondition(
        pooled,
        projected,
        shared,
        modulation,
        unbind(head, 2),
        keys,
        values,
        mask == null ? null : blockInput(mask));
  }

  /** Returns a float32 array in the format of the blocks' activations. */
  private NDArray blockInput(NDArray x) {
    return precision.half() ? TorchOps.call("to_bf16", x) : x;
  }

  /** Returns the attentive pool: a learned query over the text, [B,T,W] to [B,C]. */
  private NDArray pool(NDArray text, NDArray mask) {
    String p = "text_proj_for_sos.ca.";
    NDArray kv = linearKv(precision.poolKv, p, text);
    NDArray query = w(p + "mat_q"); // [1,heads,width]
    NDArray k = TorchOps.call("split_heads", half(kv, 0), query);
    NDArray v = TorchOps.call("split_heads", half(kv, 1), query);
    NDArray q = TorchOps.call("pool_query", k, query);
    NDArray pooled = cross(q, k, v, mask);
    return linear(p + "proj", TorchOps.call("merge_heads", pooled)).squeeze(1);
  }

  private static NDArray half(NDArray kv, int index) {
    long width = kv.getShape().get(2) / 2;
    return kv.get(new NDIndex(":,:,{}:{}", index * width, (index + 1) * width));
  }

  private static List<NDArray> unbind(NDArray x, int n) {
    List<NDArray> parts = new ArrayList<>();
    for (int i = 0; i < n; i++) {
      parts.add(x.get(new NDIndex(":,:,{}", i)));
    }
    return parts;
  }

  /** Returns the input of the first scale: pooled text plus the start position, [B,1,C]. */
  public NDArray start(TextCondition text) {
    return text.pooled().expandDims(1).add(w("pos_start"));
  }

  /** Returns the word embedding of codes, [B,L,d] to [B,L,C]. */
  public NDArray embed(NDArray codes) {
    return linear("word_embed", codes);
  }

  /** Adds the level embedding of map {@code scale} to [B,L,C]. */
  public NDArray addLevel(NDArray x, int scale) {
    try (NDArray index = x.getManager().create(new long[] {scale})) {
      return TorchOps.call("add_row", x, w("lvl_embed.weight"), index);
    }
  }

  /**
   * Returns the output of one layer.
   *
   * @param layer layer index, 0-based
   * @param x [B,L,C]; consumed: it is freed, like all that is made of it, once it is used up
   * @param text of the same B rows
   * @param rotary [L,D/2,2] of the same tokens
   * @param attention how queries meet keys
   * @return [B,L,C], owned by the former manager of {@code x}
   */
  public NDArray block(
      int layer, NDArray x, TextCondition text, NDArray rotary, SelfAttention attention) {
    String b = blocks.get(layer);
    NDManager outer = x.getManager();
    try (NDManager scope = outer.newSubManager()) {
      x.attach(scope);
      List<NDArray> m = text.modulation().get(layer);
      NDArray y = TorchOps.call(precision.op("ada_layer_norm"), x, m.get(2), m.get(4));
      y = selfAttention(layer, b, y, rotary, attention);
      NDArray z = after(TorchOps.call(precision.op("gated_residual"), x, y, m.get(0)), x, y);
      NDArray n =
          TorchOps.call(
              precision.op("layer_norm_affine"), z, w(b + "ca_norm.weight"), w(b + "ca_norm.bias"));
      NDArray c = crossAttention(layer, b, n, text);
      z = after(z.add(c), z, c);
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
  private NDArray selfAttention(
      int layer, String b, NDArray y, NDArray rotary, SelfAttention attention) {
    NDArray qkv = after(qkv(layer, b + "sa.", y), y);
    NDArray temperature = w(b + "sa.scale_mul_1H11");
    NDArray q = TorchOps.call("cosine_query", qkv, temperature, rotary);
    NDArray k = TorchOps.call("cosine_key", qkv, temperature, rotary);
    NDArray v = TorchOps.call("packed_value", qkv, temperature);
    NDArray o =
        attention.attend(
            layer,
            q,
            k,
            v,
            () -> TorchOps.call("projected_query", qkv, w(b + "sa.q_bias"), temperature));
    NDArray merged = after(TorchOps.call("merge_heads", o), q, k, v, qkv, o);
    return after(blockLinear(b + "sa.proj", merged), merged);
  }

  /** Frees {@code n}. */
  private NDArray crossAttention(int layer, String b, NDArray n, TextCondition text) {
    NDArray projected = after(blockLinear(b + "ca.mat_q", n), n);
    NDArray q = TorchOps.call("split_heads", projected, w(b + "sa.scale_mul_1H11"));
    NDArray o = cross(q, text.keys().get(layer), text.values().get(layer), text.mask());
    NDArray merged = after(TorchOps.call("merge_heads", o), projected, q, o);
    NDArray out = after(blockLinear(b + "ca.proj", merged), merged);
    return precision.half() ? after(TorchOps.call("to_fp32", out), out) : out;
  }

  private static NDArray cross(NDArray q, NDArray k, NDArray v, NDArray mask) {
    return mask == null
        ? TorchOps.call("sdpa", q, k, v)
        : TorchOps.call("sdpa_masked", q, k, v, mask);
  }

  /**
   * Returns the bit logits of the last layer's output.
   *
   * @param x [B,L,C]
   * @return [B,L,2d]; bit j owns entries 2j (zero) and 2j+1 (one)
   */
  public NDArray logits(NDArray x, TextCondition text) {
    List<NDArray> m = text.headModulation();
    return linear("head", TorchOps.call("ada_layer_norm", x, m.get(0), m.get(1)));
  }

  private NDArray linear(String name, NDArray x) {
    return TorchOps.call(precision.linear, x, w(name + ".weight"), w(name + ".bias"));
  }

  private NDArray linearKv(String op, String name, NDArray x) {
    return TorchOps.call(
        op, x, w(name + "mat_kv.weight"), w(name + "zero_k_bias"), w(name + "v_bias"));
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

  private NDArray qkv(int layer, String name, NDArray x) {
    NDArray weight = w(name + "mat_qkv.weight");
    return isPacked()
        ? TorchOps.call("packed_linear", x, weight, packedQkvBias.get(layer))
        : TorchOps.call(
            precision.blockQkv,
            x,
            weight,
            w(name + "q_bias"),
            w(name + "zero_k_bias"),
            w(name + "v_bias"));
  }

  private NDArray w(String name) {
    return weights.get(name);
  }
}
