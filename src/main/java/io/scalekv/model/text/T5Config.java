package io.scalekv.model.text;

import io.scalekv.io.Json;
import io.scalekv.io.Require;
import java.nio.file.Path;
import tools.jackson.databind.JsonNode;

/**
 * Shape of a T5 encoder of version 1.1 (flan-t5 included), from the {@code config.json} of its
 * folder.
 *
 * @param vocabulary rows of the embedding
 * @param width C, {@code d_model}
 * @param headWidth D, {@code d_kv}
 * @param heads H, {@code num_heads}; H·D may differ from C
 * @param ffnWidth {@code d_ff}
 * @param layers of the encoder, {@code num_layers}
 * @param buckets of relative positions
 * @param maxDistance from which on all positions share the last bucket
 */
public record T5Config(
    int vocabulary,
    int width,
    int headWidth,
    int heads,
    int ffnWidth,
    int layers,
    int buckets,
    int maxDistance) {
  private static final int LARGEST = 1 << 20;
  private static final double EPSILON = 1e-6;

  /** Checks that the numbers are positive. */
  public T5Config {
    require(vocabulary, "vocab_size", 1);
    require(width, "d_model", 1);
    require(headWidth, "d_kv", 1);
    require(heads, "num_heads", 1);
    require(ffnWidth, "d_ff", 1);
    require(layers, "num_layers", 1);
    require(buckets, "relative_attention_num_buckets", 4);
    require(maxDistance, "relative_attention_max_distance", 1);
    Require.that(buckets % 2 == 0, "relative_attention_num_buckets must be even, got %d", buckets);
    Require.that(
        maxDistance > buckets / 4,
        "relative_attention_max_distance must be above %d, got %d",
        buckets / 4,
        maxDistance);
  }

  private static void require(int value, String name, int least) {
    Require.between(name, value, least, LARGEST);
  }

  /**
   * Reads a {@code config.json} as the Hugging Face library writes it.
   *
   * @throws IllegalArgumentException if it is not the configuration of such an encoder
   */
  public static T5Config read(Path file) {
    JsonNode json = Json.parse(Json.text(file), file.toString());
    try {
      String ffn = json.path("feed_forward_proj").asString("relu");
      Require.that(ffn.equals("gated-gelu"), "feed_forward_proj must be gated-gelu, got %s", ffn);
      double epsilon = json.path("layer_norm_epsilon").asDouble(EPSILON);
      Require.that(epsilon == EPSILON, "layer_norm_epsilon must be 1e-6, got %s", epsilon);
      return new T5Config(
          number(json, "vocab_size", 0),
          number(json, "d_model", 0),
          number(json, "d_kv", 0),
          number(json, "num_heads", 0),
          number(json, "d_ff", 0),
          number(json, "num_layers", 0),
          number(json, "relative_attention_num_buckets", 32),
          number(json, "relative_attention_max_distance", 128));
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(file + ": " + e.getMessage(), e);
    }
  }

  private static int number(JsonNode json, String name, int otherwise) {
    return json.path(name).asInt(otherwise);
  }
}
