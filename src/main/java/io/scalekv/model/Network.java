package io.scalekv.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.scalekv.cache.CacheSettings;
import io.scalekv.model.vae.ImageTokenizer;
import java.util.List;
import java.util.Map;

/** Transformer, image tokenizer and text of a {@link LoadedModel}: the part of its family. */
public interface Network {
  /** Maker of a network. */
  interface Loader {
    /** Makes random weights; the engine's random state is seeded. */
    Network random(NDManager manager, RandomWeights weights);

    /** Reads checked files. */
    Network read(NDManager manager, CheckpointFolder files);
  }

  /**
   * Returns the image tokenizer.
   *
   * @throws IllegalStateException if it was not loaded
   */
  ImageTokenizer tokenizer();

  /** Draws as {@link ImageModel#draw}; returns the latents, ready for the tokenizer's decoder. */
  NDArray latents(
      NDManager scope,
      Drawing drawing,
      List<Prompt> prompts,
      CacheSettings cache,
      List<AttentionTap> taps,
      GenerationListener listener);

  /** See {@link ImageModel#textTokens}. */
  default int textTokens(NDManager scope, List<String> captions) {
    return 0;
  }

  /** See {@link ImageModel#cutTexts}. */
  default Map<String, Integer> cutTexts(List<String> texts) {
    return Map.of();
  }
}
