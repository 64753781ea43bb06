package io.scalekv.model;

/**
 * How a model is loaded.
 *
 * @param bf16 whether the transformer is held and computed in bfloat16, as {@link
 *     io.scalekv.model.infinity.Precision#BF16} says; else in float32
 * @param tokenizer whether the image tokenizer is loaded; without it codes can be drawn, no images
 * @param device where weights and activations lie
 */
public record LoadOptions(boolean bf16, boolean tokenizer, ComputeDevice device) {
  /** The whole model on the processor. */
  public static LoadOptions of(boolean bf16) {
    return new LoadOptions(bf16, true, ComputeDevice.CPU);
  }
}
