package io.scalekv.model;

import io.scalekv.cache.CacheSettings;
import io.scalekv.cache.Geometry;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.image.RgbImage;
import io.scalekv.weights.LoadListener;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Visual autoregressive model with its weights in memory. No native array leaves it except to taps
 * and listeners.
 */
public interface ImageModel extends AutoCloseable {
  /**
   * Loads a model on the processor.
   *
   * @param bf16 whether the transformer computes in bfloat16 instead of float32
   * @throws io.scalekv.weights.WeightsFileException if a file is missing or damaged, or a weight is
   *     missing or has another shape
   */
  static ImageModel open(ModelConfig config, ModelSource source, boolean bf16) {
    return config.open(source, LoadOptions.of(bf16), LoadListener.NONE);
  }

  /** Returns the configuration. */
  ModelConfig config();

  /** Returns the number format of the transformer: {@code fp32} or {@code bf16}. */
  String dtype();

  /**
   * Returns {@code sha256:} and the hash of the files of transformer and tokenizer, in this order,
   * or {@code random:} and the seed.
   */
  String weightHash();

  /**
   * Returns {@code sha256:} and the hash of the tokenizer's files, or {@code random:} and the seed.
   */
  String tokenizerHash();

  /**
   * Draws one image per prompt, as one batch.
   *
   * @param prompts at least one
   * @param cache settings of the KV cache; see {@link #fullCache}
   * @param taps attention observers
   * @param listener observer of everything else
   * @return the images in the order of the prompts
   */
  List<RgbImage> draw(
      Drawing drawing,
      List<Prompt> prompts,
      CacheSettings cache,
      List<AttentionTap> taps,
      GenerationListener listener);

  /** Draws the token codes alone, without the tokenizer; listeners see them. */
  void drawCodes(
      Drawing drawing,
      List<Prompt> prompts,
      CacheSettings cache,
      List<AttentionTap> taps,
      GenerationListener listener);

  /**
   * Returns the features of images: the output of every halving of the tokenizer's encoder, then
   * that of its middle.
   *
   * @param images at least one, all of one size that the patch divides
   */
  List<EncoderLayer> encoderLayers(List<RgbImage> images);

  /** Returns the number of text tokens of the longest prompt, as cross attention reads them. */
  int textTokens(List<String> captions);

  /** Returns the tokens of those texts that the model reads the beginning of alone, by text. */
  default Map<String, Integer> cutTexts(List<String> texts) {
    return Map.of();
  }

  /** Closes the model and frees its weights. */
  @Override
  void close();

  /** Returns the shape of the self-attention. */
  default Geometry geometry() {
    return config().geometry();
  }

  /**
   * Returns the settings that keep every token as attention reads it: keys in float32, values in
   * the format in which the model computes them.
   */
  CacheSettings fullCache(ScaleSchedule schedule);

  /** Returns the facts about the weights that every file of results states, by name. */
  default SortedMap<String, String> provenance() {
    return new TreeMap<>(
        Map.of("model", config().name(), "weights", weightHash(), "dtype", dtype()));
  }
}
