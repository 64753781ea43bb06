package io.scalekv.model.infinity;

import static io.scalekv.model.attention.TransformerBlocks.after;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.index.NDIndex;
import io.scalekv.model.Precision;
import io.scalekv.model.attention.SelfAttention;
import io.scalekv.model.attention.TransformerBlocks;
import io.scalekv.model.text.TextEmbeddings;
import io.scalekv.tensor.TorchOps;
import io.scalekv.weights.Weights;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The Infinity transformer (Han et al., arXiv 2412.04431; upstream code FoundationVision/Infinity):
 * shared adaptive layer norm, cosine self-attention with rotary embedding, cross attention to the
 * text, tanh-GELU feed-forward, bit head. Stateless: one instance serves training and generation.
 *
 * <p>Letters: B batch rows, L tokens, H heads, D head width, C width, T text tokens, W text width,
 * d bits of a token.
 */
public final class Infinity {
  private final InfinityConfig config;
  private final Weights weights;
  private final Precision precision;
  private final TransformerBlocks blocks;

  /**
   * Creates a model over the given weights, which it does not own.
   *
   * @param weights in the format that the precision asks for
   */
  public Infinity(InfinityConfig config, Weights weights, Precision precision) {
    this.config = config;
    this.weights = weights;
    this.precision = precision;
    List<String> names = IntStream.range(0, config.depth()).mapToObj(config::blockName).toList();
    this.blocks =
        new TransformerBlocks(
            weights, precision, config.width(), names, "sa", "ca.mat_q", "ca.proj");
  }

  /**
   * Packs the blocks for generation, see {@link TransformerBlocks#pack}.
   *
   * @return this
   */
  public Infinity packed() {
    blocks.pack();
    return this;
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
    NDArray hidden = TorchOps.call("gelu_tanh", blocks.linear("text_proj_for_ca.0", normed));
    NDArray projected = blocks.linear("text_proj_for_ca.2", hidden);
    NDArray inBlocks = blockInput(projected);
    List<NDArray> keys = new ArrayList<>();
    List<NDArray> values = new ArrayList<>();
    for (String b : blocks.names()) {
      NDArray kv = linearKv("linear_kv", b + "ca.", inBlocks);
      NDArray like = w(b + "sa.scale_mul_1H11");
      keys.add(TorchOps.call("split_heads", half(kv, 0), like));
      values.add(TorchOps.call("split_heads", half(kv, 1), like));
    }
    return new TextCondition(
        pooled,
        projected,
        blocks.modulation(pooled),
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
    return blocks.linear(p + "proj", TorchOps.call("merge_heads", pooled)).squeeze(1);
  }

  private static NDArray half(NDArray kv, int index) {
    long width = kv.getShape().get(2) / 2;
    return kv.get(new NDIndex(":,:,{}:{}", index * width, (index + 1) * width));
  }

  /** Returns the input of the first scale: pooled text plus the start position, [B,1,C]. */
  public NDArray start(TextCondition text) {
    return text.pooled().expandDims(1).add(w("pos_start"));
  }

  /** Returns the word embedding of codes, [B,L,d] to [B,L,C]. */
  public NDArray embed(NDArray codes) {
    return blocks.linear("word_embed", codes);
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
    return blocks.apply(
        layer,
        x,
        text.modulation(),
        rotary,
        attention,
        z -> after(z.add(crossAttention(layer, z, text)), z));
  }

  private NDArray crossAttention(int layer, NDArray z, TextCondition text) {
    String b = blocks.names().get(layer);
    String norm = b + "ca_norm.";
    NDArray n =
        TorchOps.call(precision.op("layer_norm_affine"), z, w(norm + "weight"), w(norm + "bias"));
    NDArray projected = after(blocks.product(b + "ca.mat_q", n), n);
    NDArray q = TorchOps.call("split_heads", projected, w(b + "sa.scale_mul_1H11"));
    NDArray o = cross(q, text.keys().get(layer), text.values().get(layer), text.mask());
    NDArray merged = after(TorchOps.call("merge_heads", o), projected, q, o);
    NDArray out = after(blocks.product(b + "ca.proj", merged), merged);
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
    return blocks.logits(x, text.modulation());
  }

  private NDArray linearKv(String op, String name, NDArray x) {
    return TorchOps.call(
        op, x, w(name + "mat_kv.weight"), w(name + "zero_k_bias"), w(name + "v_bias"));
  }

  private NDArray w(String name) {
    return weights.get(name);
  }
}
