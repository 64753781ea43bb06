package io.scalekv.model.infinity;

/** In which number format the transformer's products are computed and its weights are held. */
public enum Precision {
  /** Weights and products in float32. */
  FP32("linear", "linear_qkv", "linear", "linear_kv", false),
  /** Weights in float32, factors of the blocks' products rounded to bfloat16: for training. */
  MIXED("linear_bf16", "linear_qkv_bf16", "linear", "linear_kv", false),
  /**
   * As the released code runs: the weights of {@link InfinityWeights#isProduct} in bfloat16 and
   * nowhere else; the blocks' products and attention in bfloat16; residual stream, layer norms,
   * modulation, normalisation of queries and keys, softmax sums and everything outside the blocks
   * in float32. For generation.
   */
  BF16("linear", "linear_qkv", "linear_wide", "linear_kv_wide", true);

  /** A product of a block, of activations in the block's format. */
  final String blockLinear;

  /** The packed projection of a block. */
  final String blockQkv;

  /** A product outside the blocks, of float32 activations. */
  final String linear;

  /** The packed projection of the text pool. */
  final String poolKv;

  private final boolean half;

  Precision(String blockLinear, String blockQkv, String linear, String poolKv, boolean half) {
    this.blockLinear = blockLinear;
    this.blockQkv = blockQkv;
    this.linear = linear;
    this.poolKv = poolKv;
    this.half = half;
  }

  /** Whether the blocks' activations are bfloat16 between the norms and the residual stream. */
  public boolean half() {
    return half;
  }

  /** The operation of that name, or its variant whose result or argument is bfloat16. */
  String op(String name) {
    return half ? name + "_bf16" : name;
  }
}
