package io.scalekv.model.attention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import io.scalekv.model.Precision;
import io.scalekv.tensor.PackedWeight;
import io.scalekv.tensor.TorchOps;
import io.scalekv.weights.Weights;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * Transformer blocks of visual autoregressive models: adaptive layer norm on the condition, cosine
 * self-attention, tanh-GELU feed-forward part. Stateless: one instance serves training and
 * generation.
 *
 * <p>Letters: B batch rows, L tokens, D head width, C width.
 */
public final class TransformerBlocks {
  private final Weights weights;
  private final Precision precision;
  private final int width;
  private final List<String> blocks;
  private final String attention;
  private final List<String> products;
  private final List<NDArray> packedQkvBias = new ArrayList<>();
  private final NDArray noKeyBias;

  /**
   * Creates the blocks over weights, which they do not own.
   *
   * @param weights in the format that the precision asks for
   * @param width C
   * @param blocks names of the blocks
   * @param attention name of the self-attention in a block
   * @param others names of other products in a block, besides those of the shared parts
   */
  public TransformerBlocks(
      Weights weights,
      Precision precision,
      int width,
      List<String> blocks,
      String attention,
      String... others) {
    this.weights = weights;
    this.precision = precision;
    this.width = width;
    this.blocks = blocks.stream().map(b -> b + ".").toList();
    this.attention = attention + ".";
    this.products = new ArrayList<>(List.of(others));
    products.addAll(List.of(attention + ".mat_qkv", attention + ".proj", "ffn.fc1", "ffn.fc2"));
    NDArray zeros = weights.manager().zeros(new Shape(width));
    this.noKeyBias = precision.half() ? TorchOps.call("to_bf16", zeros) : zeros;
  }

  /** Returns the names of the blocks, each with a point. */
  public List<String> names() {
    return blocks;
  }

  /**
   * Puts the blocks' weights into the layout of matrix products, where the engine has one. From
   * then on the model serves generation alone: its blocks cannot be trained.
   */
  public void pack() {
    if (packedQkvBias.isEmpty()
        && PackedWeight.possible(w(blocks.get(0) + attention + "proj.weight"))) {
      for (String b : blocks) {
        String a = b + attention;
        packedQkvBias.add(w(a + "q_bias").concat(keyBias(a), 0).concat(w(a + "v_bias"), 0));
        products.forEach(product -> weights.pack(b + product + ".weight"));
      }
    }
  }

  private boolean isPacked() {
    return !packedQkvBias.isEmpty();
  }

  /** Returns the bias of the keys: zeros, which some files hold. */
  private NDArray keyBias(String a) {
    return weights.contains(a + "zero_k_bias") ? w(a + "zero_k_bias") : noKeyBias;
  }

  /** Returns the modulation of rows of a condition, [B,C]. */
  public Modulation modulation(NDArray rows) {
    NDArray silu = TorchOps.call("silu", rows);
    String shared = "shared_ada_lin.1";
    NDArray common = weights.contains(shared + ".weight") ? modulation(shared, silu, 6) : null;
    List<List<NDArray>> layers = new ArrayList<>();
    for (String b : blocks) {
      layers.add(
          parts(
              common == null
                  ? modulation(b + "ada_lin.1", silu, 6)
                  : common.add(w(b + "ada_gss"))));
    }
    return new Modulation(common, layers, parts(modulation("head_nm.ada_lin.1", silu, 2)));
  }

  private NDArray modulation(String name, NDArray silu, int parts) {
    return linear(name, silu).reshape(silu.getShape().get(0), 1, parts, width);
  }

  private static List<NDArray> parts(NDArray x) {
    List<NDArray> parts = new ArrayList<>();
    for (int i = 0; i < x.getShape().get(2); i++) {
      parts.add(x.get(new NDIndex(":,:,{}", i)));
    }
    return parts;
  }

  /**
   * Returns the output of one layer.
   *
   * @param layer layer index, 0-based
   * @param x [B,L,C]; consumed: it is freed, like all that is made of it, once it is used up
   * @param rotary [L,D/2,2] of the same tokens, or null for queries and keys without rotation
   * @param how how queries meet keys
   * @param between from self-attention's result to the input of the feed-forward part; consumes its
   *     argument
   * @return [B,L,C], owned by the former manager of {@code x}
   */
  public NDArray apply(
      int layer,
      NDArray x,
      Modulation modulation,
      NDArray rotary,
      SelfAttention how,
      UnaryOperator<NDArray> between) {
    String b = blocks.get(layer);
    NDManager outer = x.getManager();
    try (NDManager scope = outer.newSubManager()) {
      x.attach(scope);
      List<NDArray> m = modulation.layers().get(layer);
      NDArray y = TorchOps.call(precision.op("ada_layer_norm"), x, m.get(2), m.get(4));
      y = selfAttention(layer, b + attention, y, rotary, how);
      NDArray z = after(TorchOps.call(precision.op("gated_residual"), x, y, m.get(0)), x, y);
      z = between.apply(z);
      NDArray f = TorchOps.call(precision.op("ada_layer_norm"), z, m.get(3), m.get(5));
      f = after(feedForward(b + "ffn.fc1", f), f);
      f = after(product(b + "ffn.fc2", f), f);
      NDArray out = TorchOps.call(precision.op("gated_residual"), z, f, m.get(1));
      out.attach(outer);
      return out;
    }
  }

  /** Returns a result and frees its operands, whose memory is reused while it is in the cache. */
  public static NDArray after(NDArray result, NDArray... used) {
    for (NDArray x : used) {
      x.close();
    }
    return result;
  }

  /** Frees {@code y}. */
  private NDArray selfAttention(int layer, String a, NDArray y, NDArray rotary, SelfAttention how) {
    NDArray qkv = after(qkv(layer, a, y), y);
    NDArray temperature = w(a + "scale_mul_1H11");
    NDArray q = cosine("query", qkv, temperature, rotary);
    NDArray k = cosine("key", qkv, temperature, rotary);
    NDArray v = TorchOps.call(precision.op("packed_value"), qkv, temperature);
    NDArray o =
        how.attend(
            layer,
            q,
            k,
            v,
            () -> TorchOps.call("projected_query", qkv, w(a + "q_bias"), temperature));
    NDArray merged = after(TorchOps.call("merge_heads", o), q, k, v, qkv, o);
    return after(product(a + "proj", merged), merged);
  }

  private static NDArray cosine(String part, NDArray qkv, NDArray temperature, NDArray rotary) {
    return rotary == null
        ? TorchOps.call("unit_" + part, qkv, temperature)
        : TorchOps.call("cosine_" + part, qkv, temperature, rotary);
  }

  private NDArray qkv(int layer, String a, NDArray x) {
    NDArray weight = w(a + "mat_qkv.weight");
    return isPacked()
        ? TorchOps.call("packed_linear", x, weight, packedQkvBias.get(layer))
        : TorchOps.call(
            precision.blockQkv, x, weight, w(a + "q_bias"), keyBias(a), w(a + "v_bias"));
  }

  /** Returns GELU of a linear layer. */
  private NDArray feedForward(String name, NDArray x) {
    if (isPacked()) {
      return TorchOps.call("packed_linear_gelu", x, w(name + ".weight"), w(name + ".bias"));
    }
    NDArray y = product(name, x);
    return after(TorchOps.call("gelu_tanh", y), y);
  }

  /** Returns a linear layer inside a block. */
  public NDArray product(String name, NDArray x) {
    String op = isPacked() ? "packed_linear" : precision.blockLinear;
    return TorchOps.call(op, x, w(name + ".weight"), w(name + ".bias"));
  }

  /** Returns a linear layer outside the blocks. */
  public NDArray linear(String name, NDArray x) {
    return TorchOps.call(precision.linear, x, w(name + ".weight"), w(name + ".bias"));
  }

  /**
   * Returns the logits of the last layer's output.
   *
   * @param x [B,L,C]
   */
  public NDArray logits(NDArray x, Modulation modulation) {
    NDArray scale = modulation.head().get(0);
    NDArray normed = TorchOps.call("ada_layer_norm", x, scale, modulation.head().get(1));
    return linear("head", normed);
  }

  private NDArray w(String name) {
    return weights.get(name);
  }
}
