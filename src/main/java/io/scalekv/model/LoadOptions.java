package io.scalekv.model;

/**
 * How a model is loaded.
 *
 * @param bf16 whether the transformer is held and computed in bfloat16, as {@link
 *     io.scalekv.model.infinity.Precision#BF16} says; else in float32
 * @param tokenizer whether the image tokenizer is loaded; without it codes can be drawn, no images
 * @param cuda whether weights and activations lie in the memory of the first GPU
 */
public record LoadOptions(boolean bf16, boolean tokenizer, boolean cuda) {
  /** The whole model on the processor. */
  public static LoadOptions of(boolean bf16) {
    return new LoadOptions(bf16, true, false);
  }

  /** The same without the image tokenizer. */
  public LoadOptions withoutTokenizer() {
    return new LoadOptions(bf16, false, cuda);
  }
}
