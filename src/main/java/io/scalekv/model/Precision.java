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

  /** A product of a block, of activations in the block's format. */
  public final String blockLinear;

  /** The packed projection of a block. */
  public final String blockQkv;

  /** A product outside the blocks, of float32 activations. */
  public final String linear;

  /** The packed projection of the text pool. */
  public final String poolKv;

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
  public String op(String name) {
    return half ? name + "_bf16" : name;
  }
}
