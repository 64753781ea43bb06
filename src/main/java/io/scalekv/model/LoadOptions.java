package io.scalekv.model;

import io.scalekv.io.Require;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Options of loading a model.
 *
 * @param bf16 whether the transformer computes in bfloat16 instead of float32, see {@link
 *     Precision#BF16}
 * @param tokenizer whether the image tokenizer is loaded; without it only token codes can be drawn
 * @param device of weights and activations
 * @param texts prompts to encode before the transformer is loaded, so that text encoder and
 *     transformer never share the memory; others are encoded when they are drawn
 * @param textEmbeddings file that keeps the text encoder's output for later runs
 */
public record LoadOptions(
    boolean bf16,
    boolean tokenizer,
    ComputeDevice device,
    List<String> texts,
    Optional<Path> textEmbeddings) {
  /** Returns options without texts. */
  public LoadOptions(boolean bf16, boolean tokenizer, ComputeDevice device) {
    this(bf16, tokenizer, device, List.of(), Optional.empty());
  }

  /** Returns the options of a whole model on the processor. */
  public static LoadOptions of(boolean bf16) {
    return new LoadOptions(bf16, true, ComputeDevice.CPU);
  }

  /** Returns this in another number format. */
  public LoadOptions withBf16(boolean other) {
    return new LoadOptions(other, tokenizer, device, texts, textEmbeddings);
  }

  /** Returns this with texts to encode. */
  public LoadOptions withTexts(List<String> newTexts) {
    return new LoadOptions(bf16, tokenizer, device, List.copyOf(newTexts), textEmbeddings);
  }

  /** Returns this with the file that keeps the text encoder's output. */
  public LoadOptions withTextEmbeddings(Path file) {
    return new LoadOptions(bf16, tokenizer, device, texts, Optional.ofNullable(file));
  }

  /** Checks that a model that is given a file of text embeddings encodes text. */
  public void check(ModelConfig config, boolean random) {
    Require.that(
        textEmbeddings.isEmpty() || config.encodedTextWidth() > 0 && !random,
        "--text-embeddings must not be given for model %s, which encodes no text",
        config.name());
  }

  /** Returns the precision of the transformer. */
  public Precision precision() {
    return bf16 ? Precision.BF16 : Precision.FP32;
  }
}
