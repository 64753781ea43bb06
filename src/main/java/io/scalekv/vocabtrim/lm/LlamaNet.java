package io.scalekv.vocabtrim.lm;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.scalekv.tensor.NativeCopy;
import io.scalekv.tensor.TorchOps;
import io.scalekv.weights.Weights;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Forward pass of the Llama layout (Touvron et al., arXiv 2302.13971, with the grouped queries of
 * arXiv 2307.09288): RMS norm before every part, rotary embedding, causal attention, SwiGLU.
 * Stateless: one instance serves training and generation.
 */
public final class LlamaNet {
  /**
   * Cached prefix: keys and values of the tokens before a pass, one array per layer.
   *
   * @param keys [B,G,capacity,D] each; the keys of the pass are appended
   * @param values [B,G,capacity,D] each; the values of the pass are appended
   * @param at [1] (int64), number of cached tokens
   * @param mask [B,1,L,T+L], added to the logits of attention; null for causal attention
   */
  record Prefix(NDArray[] keys, NDArray[] values, NDArray at, NDArray mask) {}

  /** Most logits of a block of rows. */
  private static final int BLOCK_LOGITS = 1 << 24;

  private final LlamaConfig config;
  private final Weights weights;
  private final boolean bf16;
  private final NDArray[][] layers;
  private final NDArray like;
  private final NDArray epsilon;
  private final NDArray none;

  /**
   * Creates a net over the given weights, which it does not own.
   *
   * @param bf16 whether products round their factors to bfloat16
   */
  public LlamaNet(LlamaConfig config, Weights weights, boolean bf16) {
    this.config = config;
    this.weights = weights;
    this.bf16 = bf16;
    NDManager manager = weights.manager();
    NDArray single = manager.ones(new Shape(1));
    this.like = bf16 ? TorchOps.call("to_bf16", single) : single;
    this.epsilon = manager.full(new Shape(1), (float) config.normEpsilon());
    this.none = manager.zeros(new Shape(0), DataType.INT64);
    this.layers = new NDArray[config.layers()][];
    for (int i = 0; i < layers.length; i++) {
      String p = LlamaWeights.prefix(i);
      layers[i] =
          LlamaWeights.layer(config).keySet().stream()
              .map(name -> weights.get(p + name))
              .toArray(NDArray[]::new);
    }
  }

  /** Returns the configuration. */
  public LlamaConfig config() {
    return config;
  }

  /** Returns an array of the element type of products. */
  NDArray like() {
    return like;
  }

  /** Returns the input embedding, [V,C]. */
  public NDArray embedding() {
    return weights.get(LlamaWeights.EMBEDDING);
  }

  /** Returns the normed input of the output head, [B,L,C], of the state after all layers. */
  NDArray normed(NDArray x) {
    return TorchOps.call("rms_norm_eps", x, weights.get(LlamaWeights.FINAL_NORM), epsilon);
  }

  /** Returns the product of states and a head in the element type of this net's products. */
  NDArray product(NDArray x, NDArray head) {
    return TorchOps.call("product_as", x, head, like);
  }

  /**
   * Passes on the logits after some tokens of a sequence, a block of rows at a time.
   *
   * @param x [B,L,C] inputs of the output head
   * @param from first position
   * @param to position after the last one
   * @param head [K,C]
   */
  void eachRow(NDArray x, int sequence, int from, int to, NDArray head, LanguageModel.Rows rows) {
    float[] row = new float[Math.toIntExact(head.getShape().get(0))];
    int block = Math.max(1, BLOCK_LOGITS / row.length);
    for (int a = from; a < to; a += block) {
      int b = Math.min(to, a + block);
      try (NDArray part = x.get(new NDIndex("{},{}:{}", sequence, a, b));
          NDArray product = product(part, head)) {
        float[] logits = product.toFloatArray();
        for (int i = a; i < b; i++) {
          System.arraycopy(logits, (i - a) * row.length, row, 0, row.length);
          rows.row(sequence, i, row);
        }
      }
    }
  }

  /** Returns some rows of a matrix, owned by a manager. */
  static NDArray rows(NDManager manager, NDArray matrix, IntStream index) {
    long[] rows = index.asLongStream().toArray();
    try (NDArray at = NativeCopy.of(manager, rows, new Shape(rows.length))) {
      NDArray some = TorchOps.call("rows_at", matrix, at);
      some.attach(manager);
      return some;
    }
  }

  /** Returns the tokens of one sequence, [1,L] (int64). */
  static NDArray ids(NDManager scope, int... tokens) {
    long[] ids = Arrays.stream(tokens).asLongStream().toArray();
    return NativeCopy.of(scope, ids, new Shape(1, ids.length));
  }

  /** Returns an array in the element type of this net's products. */
  NDArray factor(NDArray x) {
    return bf16 ? TorchOps.call("to_bf16", x) : x;
  }

  /** Returns the whole output head, [V,C]. */
  NDArray head() {
    return weights.get(config.tied() ? LlamaWeights.EMBEDDING : LlamaWeights.HEAD);
  }

  /**
   * Returns the logits of whole sequences, for training.
   *
   * @param ids [B,L] (int64)
   * @param table of the rotary embedding
   * @return [B,L,V]
   */
  public NDArray logits(NDArray ids, RotaryTable table) {
    int length = Math.toIntExact(ids.getShape().get(1));
    NDArray x = hidden(ids, table.rotations(ids.getManager(), 0, length), null);
    return product(x, head());
  }

  /**
   * Returns the input of the output head.
   *
   * @param ids [B,L] (int64)
   * @param rotations of the positions of the L tokens
   * @param prefix cached keys and values; null at the begin of sequences
   * @return [B,L,C], normed, owned by the manager of {@code ids}
   */
  NDArray hidden(NDArray ids, RotaryTable.Rotations rotations, Prefix prefix) {
    return normed(after(layers.length, ids, rotations, prefix));
  }

  /** Returns the state after some layers, [B,L,C]. */
  NDArray after(int count, NDArray ids, RotaryTable.Rotations rotations, Prefix prefix) {
    NDArray x = TorchOps.call("embedding", ids, embedding());
    for (int i = 0; i < count; i++) {
      NDArray input = x;
      x = layer(i, input, rotations, prefix);
      input.close();
    }
    return x;
  }

  /** Returns the state after one layer, [B,L,C]. */
  NDArray layer(int i, NDArray x, RotaryTable.Rotations t, Prefix prefix) {
    NDArray keys = prefix == null ? none : prefix.keys()[i];
    NDArray values = prefix == null ? none : prefix.values()[i];
    NDArray at = prefix == null ? none : prefix.at();
    NDArray mask = prefix == null || prefix.mask() == null ? none : prefix.mask();
    Stream<NDArray> inputs = Stream.of(x, like, epsilon, t.cos(), t.sin(), keys, values, at, mask);
    NDArray[] args = Stream.concat(inputs, Arrays.stream(layers[i])).toArray(NDArray[]::new);
    return TorchOps.call("llama_layer", args);
  }

  /**
   * Returns the state after layer 0; every row continues a separate chain of drafted tokens.
   *
   * @param keys one array of verified tokens, then one per place in the chain; that of this call is
   *     appended, [1,G,L,D] each
   * @param values as the keys
   */
  NDArray chainLayer(NDArray x, RotaryTable.Rotations t, List<NDArray> keys, List<NDArray> values) {
    NDArray[] w = layers[0];
    NDArray y = TorchOps.call("rms_norm_eps", x, w[0], epsilon);
    NDArray q = TorchOps.call("rotary_heads", product(y, w[1]), t.cos(), t.sin());
    keys.add(TorchOps.call("rotary_heads", product(y, w[2]), t.cos(), t.sin()));
    values.add(TorchOps.call("heads_like", product(y, w[3]), t.cos()));
    NDArray o =
        TorchOps.call("chain_attention", q, keys.get(0), values.get(0), chain(keys), chain(values));
    return TorchOps.call("llama_layer_end", x, o, like, epsilon, w[4], w[5], w[6], w[7], w[8]);
  }

  /** Returns the arrays after the first one, [J,G,L,D]. */
  private static NDArray chain(List<NDArray> arrays) {
    NDArray first = arrays.get(0);
    if (arrays.size() == 1) {
      return first.get("0:0");
    }
    return NDArrays.concat(new NDList(arrays.subList(1, arrays.size())), 0);
  }
}
