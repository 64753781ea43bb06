package io.scalekv.vocabtrim.lm;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.scalekv.tensor.TorchOps;
import io.scalekv.weights.Weights;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Forward pass of the EAGLE draft model (Li et al., arXiv 2401.15077): a linear layer of the
 * embedding of a token beside the target's state before it, one Llama layer, and the target's own
 * last norm and output head. It predicts the target's state after the token, which takes the place
 * of the true one while a chain is drafted.
 */
public final class EagleNet {
  /** Linear layer in front of the Llama layer, [C,2C]. */
  public static final String FC = "fc.weight";

  private final LlamaConfig config;
  private final LlamaNet layer;
  private final LlamaNet target;
  private final NDArray fc;

  /**
   * Creates a net over the given weights, which it does not own.
   *
   * @param weights of {@link #shapes}
   * @param target gives embedding, last norm and head; its products' element type is not used
   * @param bf16 whether products round their factors to bfloat16
   */
  public EagleNet(Weights weights, LlamaNet target, boolean bf16) {
    this.config = config(target.config());
    this.layer = new LlamaNet(config, weights, bf16);
    this.target = target;
    this.fc = weights.get(FC);
  }

  /** Returns the configuration of the Llama layer, of the shape of one of the target's. */
  static LlamaConfig config(LlamaConfig t) {
    return new LlamaConfig(
        t.vocabulary(),
        t.width(),
        t.ffnWidth(),
        1,
        t.heads(),
        t.kvHeads(),
        t.headWidth(),
        t.normEpsilon(),
        t.ropeTheta(),
        t.ropeScaling(),
        t.maxPositions(),
        true,
        t.bos(),
        t.eos());
  }

  /** Returns every weight with its shape. */
  public static Map<String, Shape> shapes(LlamaConfig target) {
    Map<String, Shape> shapes = new LinkedHashMap<>();
    shapes.put(FC, new Shape(target.width(), 2L * target.width()));
    shapes.putAll(LlamaWeights.shapes(config(target)));
    shapes.remove(LlamaWeights.EMBEDDING);
    shapes.remove(LlamaWeights.FINAL_NORM);
    return shapes;
  }

  /**
   * Returns initial weights as {@link LlamaWeights#initial}; the columns of the embedding are
   * larger by the ratio of the deviations of the two inputs, so both count alike.
   *
   * @param ratio deviation of the target's states by that of its embedding
   */
  public static Weights initial(NDManager parent, LlamaConfig target, float ratio) {
    Weights w = new Weights(parent);
    Weights llama = LlamaWeights.initial(parent, config(target));
    int c = target.width();
    w.putNormal(FC, new Shape(c, 2L * c), (float) Math.sqrt(0.5 / c));
    try (NDManager scope = parent.newSubManager()) {
      float[] scales = new float[2 * c];
      Arrays.fill(scales, 0, c, ratio);
      Arrays.fill(scales, c, 2 * c, 1);
      NDArray scaled = w.get(FC).mul(scope.create(scales));
      w.set(FC, scaled);
      scaled.close();
    }
    for (String name : llama.names()) {
      if (shapes(target).containsKey(name)) {
        w.put(name, llama.get(name).duplicate());
      }
    }
    llama.close();
    return w;
  }

  /** Returns the parameters that a drafted token reads beside the head. */
  long bodyParameters() {
    return config.bodyParameters() + fc.size();
  }

  /** Returns the configuration of the Llama layer. */
  public LlamaConfig config() {
    return config;
  }

  /**
   * Returns the predicted states of whole sequences.
   *
   * @param states [B,L,C] of the target before each token, zeros before the first one
   * @param ids [B,L] (int64)
   * @return [B,L,C], owned by the manager of {@code states}
   */
  public NDArray states(NDArray states, NDArray ids, RotaryTable table) {
    int length = Math.toIntExact(ids.getShape().get(1));
    return states(states, ids, table.rotations(ids.getManager(), 0, length), null);
  }

  NDArray states(NDArray states, NDArray ids, RotaryTable.Rotations t, LlamaNet.Prefix prefix) {
    return target.normed(layer.layer(0, input(states, ids), t, prefix));
  }

  /** Returns logits of predicted or true states by a head in the element type of products. */
  public NDArray logits(NDArray states, NDArray head) {
    return layer.product(states, head);
  }

  /** Passes on the logits of one sequence of states as {@link LlamaNet#eachRow}. */
  void eachRow(NDArray states, int from, NDArray head, LanguageModel.Rows rows) {
    layer.eachRow(states, 0, from, Math.toIntExact(states.getShape().get(1)), head, rows);
  }

  /** Returns the target's head in the element type of products. */
  public NDArray head() {
    return layer.factor(target.head());
  }

  private NDArray input(NDArray states, NDArray ids) {
    return TorchOps.call("eagle_input", states, ids, target.embedding(), fc, layer.like());
  }

  /**
   * Returns the predicted states of the next drafted token of the chains that begin at every place
   * of a sequence; called once per place in a chain, with the same lists.
   *
   * @param states [1,L,C] before each token: true ones at the first call, then the result of the
   *     call before, moved by one token
   * @param keys of the calls before; the keys of this one are appended
   * @param values of the calls before; the values of this one are appended
   */
  NDArray chain(
      NDArray states,
      NDArray ids,
      RotaryTable.Rotations t,
      List<NDArray> keys,
      List<NDArray> values) {
    return target.normed(layer.chainLayer(input(states, ids), t, keys, values));
  }
}
