package io.scalekv.model.var;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.model.Precision;
import io.scalekv.model.attention.SelfAttention;
import io.scalekv.model.attention.TransformerBlocks;
import io.scalekv.tensor.NativeCopy;
import io.scalekv.tensor.TorchOps;
import io.scalekv.weights.Weights;
import java.util.List;
import java.util.stream.IntStream;

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
  private final VarConfig config;
  private final Weights weights;
  private final Precision precision;
  private final TransformerBlocks blocks;

  /**
   * Creates a model over the given weights, which it does not own.
   *
   * @param weights in the format that the precision asks for
   */
  public Var(VarConfig config, Weights weights, Precision precision) {
    this.config = config;
    this.weights = weights;
    this.precision = precision;
    List<String> names = IntStream.range(0, config.depth()).mapToObj(i -> "blocks." + i).toList();
    this.blocks = new TransformerBlocks(weights, precision, config.width(), names, "attn");
  }

  /**
   * Packs the blocks for generation, see {@link TransformerBlocks#pack}.
   *
   * @return this
   */
  public Var packed() {
    blocks.pack();
    return this;
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
    return new VarCondition(rows, blocks.modulation(rows));
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
    return blocks.linear("word_embed", codes);
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
    return blocks.apply(layer, x, condition.modulation(), null, attention, z -> z);
  }

  /**
   * Returns the logits of the last layer's output.
   *
   * @param x [B,L,C]
   * @return [B,L,V]
   */
  public NDArray logits(NDArray x, VarCondition condition) {
    return blocks.logits(x, condition.modulation());
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
      x = block(layer, x, condition, SelfAttention.ofPrefixes(bounds));
    }
    return logits(x, condition);
  }

  private NDArray w(String name) {
    return weights.get(name);
  }
}
