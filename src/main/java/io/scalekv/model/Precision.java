package io.scalekv.model;

/** Number format of a transformer's weights and products. */
public enum Precision {
  /** Weights and products in float32. */
  FP32("linear", "linear_qkv", "linear", "linear_kv", false),
  /** Weights in float32, factors of the blocks' products rounded to bfloat16: for training. */
  MIXED("linear_bf16", "linear_qkv_bf16", "linear", "linear_kv", false),
  /**
   * Weights of the blocks' products in bfloat16, as the released code runs; the blocks' products
   * and attention in bfloat16; residual stream, layer norms, modulation, normalisation of queries
   * and keys, softmax sums and everything outside the blocks in float32. For generation.
   */
  BF16("linear", "linear_qkv", "linear_wide", "linear_kv_wide", true);

  /** Operation of a product of a block, of activations in the block's format. */
  public final String blockLinear;

  /** Operation of the packed projection of a block. */
  public final String blockQkv;

  /** Operation of a product outside the blocks, of float32 activations. */
  public final String linear;

  /** Operation of the packed projection of the text pool. */
  public final String poolKv;

  private final boolean half;

  Precision(String blockLinear, String blockQkv, String linear, String poolKv, boolean half) {
    this.blockLinear = blockLinear;
    this.blockQkv = blockQkv;
    this.linear = linear;
    this.poolKv = poolKv;
    this.half = half;
  }

  /**
   * Returns whether the blocks' activations are bfloat16 between the norms and the residual stream.
   */
  public boolean half() {
    return half;
  }

  /** Returns the operation of a name, or its variant whose result or argument is bfloat16. */
  public String op(String name) {
    return half ? name + "_bf16" : name;
  }
}
