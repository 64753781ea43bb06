package io.scalekv.model.text;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.scalekv.io.Require;
import io.scalekv.tensor.NativeCopy;
import io.scalekv.tensor.TorchOps;
import io.scalekv.weights.ExpectedWeights;
import io.scalekv.weights.Weights;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Encoder of T5 version 1.1 (Raffel et al., "Exploring the Limits of Transfer Learning with a
 * Unified Text-to-Text Transformer", JMLR 2020): RMS norm before every part, attention without
 * scaling, the relative position bias of layer 0 in all layers, gated GELU (tanh form). Names of
 * the weights are those of the Hugging Face library.
 *
 * <p>Letters: T tokens, C width, H heads, D head width.
 */
public final class T5Encoder {
  private static final String EMBEDDING = "shared.weight";
  private static final String SAME_EMBEDDING = "encoder.embed_tokens.weight";
  private static final String FINAL_NORM = "encoder.final_layer_norm.weight";
  private static final String BIAS =
      "encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight";

  private final T5Config config;
  private final Weights weights;

  /** Creates an encoder over the given weights, which it does not own. */
  public T5Encoder(T5Config config, Weights weights) {
    this.config = config;
    this.weights = weights;
  }

  /** Returns the names and shapes of the weights. */
  public static Map<String, Shape> shapes(T5Config c) {
    Map<String, Shape> s = new LinkedHashMap<>();
    long inner = (long) c.heads() * c.headWidth();
    s.put(EMBEDDING, new Shape(c.vocabulary(), c.width()));
    s.put(BIAS, new Shape(c.buckets(), c.heads()));
    for (int i = 0; i < c.layers(); i++) {
      String attention = attention(i);
      s.put(attention + "SelfAttention.q.weight", new Shape(inner, c.width()));
      s.put(attention + "SelfAttention.k.weight", new Shape(inner, c.width()));
      s.put(attention + "SelfAttention.v.weight", new Shape(inner, c.width()));
      s.put(attention + "SelfAttention.o.weight", new Shape(c.width(), inner));
      s.put(attention + "layer_norm.weight", new Shape(c.width()));
      String ffn = ffn(i);
      s.put(ffn + "DenseReluDense.wi_0.weight", new Shape(c.ffnWidth(), c.width()));
      s.put(ffn + "DenseReluDense.wi_1.weight", new Shape(c.ffnWidth(), c.width()));
      s.put(ffn + "DenseReluDense.wo.weight", new Shape(c.width(), c.ffnWidth()));
      s.put(ffn + "layer_norm.weight", new Shape(c.width()));
    }
    s.put(FINAL_NORM, new Shape(c.width()));
    return s;
  }

  /**
   * Returns the weights of a file: decoder and output head may be there and are not read, and the
   * embedding may have the encoder's name for it.
   */
  public static ExpectedWeights expected(T5Config config) {
    return ExpectedWeights.of("the T5 encoder", shapes(config))
        .passingOver(
            n -> n.startsWith("decoder.") || n.equals("lm_head.weight") || n.equals(SAME_EMBEDDING))
        .orNamed(n -> n.equals(EMBEDDING) ? List.of(SAME_EMBEDDING) : List.of());
  }

  private static String attention(int layer) {
    return "encoder.block." + layer + ".layer.0.";
  }

  private static String ffn(int layer) {
    return "encoder.block." + layer + ".layer.1.";
  }

  /**
   * Returns the embeddings of one text.
   *
   * @param scope owner of the result
   * @param ids tokens, {@code </s>} included
   * @return [T,C]
   */
  public NDArray encode(NDManager scope, int[] ids) {
    long[] tokens = new long[ids.length];
    for (int t = 0; t < ids.length; t++) {
      tokens[t] = Require.between("token", (long) ids[t], 0, config.vocabulary() - 1);
    }
    try (NDManager inner = scope.newSubManager()) {
      NDArray bias = positionBias(inner, ids.length);
      NDArray x =
          TorchOps.call(
              "embedding",
              NativeCopy.of(inner, tokens, new Shape(1, tokens.length)),
              weights.get(EMBEDDING));
      for (int i = 0; i < config.layers(); i++) {
        x = layer(inner, i, x, bias);
      }
      NDArray y = norm(x, FINAL_NORM).reshape(tokens.length, config.width());
      y.attach(scope);
      return y;
    }
  }

  /** Returns the output of one layer and frees its intermediate arrays. */
  private NDArray layer(NDManager outer, int i, NDArray input, NDArray bias) {
    try (NDManager scope = outer.newSubManager()) {
      input.attach(scope);
      String a = attention(i);
      NDArray x = input;
      NDArray y = norm(x, a + "layer_norm.weight");
      NDArray q = heads(product(y, a + "SelfAttention.q.weight"));
      NDArray k = heads(product(y, a + "SelfAttention.k.weight"));
      NDArray v = heads(product(y, a + "SelfAttention.v.weight"));
      NDArray seen = TorchOps.call("merge_heads", TorchOps.call("sdpa_unit_masked", q, k, v, bias));
      x = x.add(product(seen, a + "SelfAttention.o.weight"));
      String f = ffn(i);
      NDArray gated =
          TorchOps.call(
              "gated_gelu",
              norm(x, f + "layer_norm.weight"),
              weights.get(f + "DenseReluDense.wi_0.weight"),
              weights.get(f + "DenseReluDense.wi_1.weight"));
      x = x.add(product(gated, f + "DenseReluDense.wo.weight"));
      x.attach(outer);
      return x;
    }
  }

  private NDArray norm(NDArray x, String weight) {
    return TorchOps.call("rms_norm", x, weights.get(weight));
  }

  private NDArray product(NDArray x, String weight) {
    return TorchOps.call("product", x, weights.get(weight));
  }

  /** [1,T,H·D] to [1,H,T,D]. */
  private NDArray heads(NDArray x) {
    return x.reshape(1, -1, config.heads(), config.headWidth()).transpose(0, 2, 1, 3);
  }

  /**
   * Returns the position bias of the attention logits of every layer.
   *
   * @param scope owner of the result
   * @param tokens T
   * @return [1,H,T,T], query by key
   */
  public NDArray positionBias(NDManager scope, int tokens) {
    int[] buckets = relativeBuckets(config, tokens);
    long[] index = new long[buckets.length];
    for (int i = 0; i < index.length; i++) {
      index[i] = buckets[i];
    }
    try (NDArray ids = NativeCopy.of(scope, index, new Shape(tokens, tokens));
        NDArray rows = TorchOps.call("embedding", ids, weights.get(BIAS))) {
      NDArray bias = rows.transpose(2, 0, 1).expandDims(0).duplicate();
      bias.attach(scope);
      return bias;
    }
  }

  /**
   * Returns the bucket of every pair of query and key: half of the buckets for keys behind the
   * query, half for keys before it; near distances one each, far ones by their logarithm (section
   * 2.1 of the paper). Computed in float32, as the published code does.
   *
   * @return T·T numbers, query by key
   */
  public static int[] relativeBuckets(T5Config config, int tokens) {
    int half = config.buckets() / 2;
    int exact = half / 2;
    int[] buckets = new int[tokens * tokens];
    for (int query = 0; query < tokens; query++) {
      for (int key = 0; key < tokens; key++) {
        int distance = Math.abs(key - query);
        int bucket = distance;
        if (distance >= exact) {
          float log = (float) Math.log((float) distance / exact);
          float range = (float) Math.log((double) config.maxDistance() / exact);
          bucket = Math.min(half - 1, exact + (int) (log / range * (half - exact)));
        }
        buckets[query * tokens + key] = bucket + (key > query ? half : 0);
      }
    }
    return buckets;
  }
}
