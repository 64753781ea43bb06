package io.scalekv.model;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import io.scalekv.cache.Geometry;
import io.scalekv.io.Require;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Random weights for any configuration, for measurements of shapes and speed.
 *
 * @param seed of the weights
 * @param geometry shape of the self-attention, or null for the model's own
 * @param textTokens random text tokens of every prompt of a model with a text encoder; 0 for one a
 *     word and one for the end
 */
public record RandomWeights(long seed, Geometry geometry, int textTokens) {
  private static final String FORM = "SEED[,DEPTHxWIDTHxHEADS][,text=N]";
  private static final Pattern PATTERN =
      Pattern.compile("(-?\\d{1,18})(?:,(\\d{1,5})x(\\d{1,6})x(\\d{1,5}))?(?:,text=(\\d{1,4}))?");

  /** Checks the ranges. */
  public RandomWeights {
    Require.between("text tokens", textTokens, 0, 512);
    if (geometry != null) {
      Require.between("layers of random weights", geometry.layers(), 1, 1000);
      Require.between("width of random weights", geometry.width(), 1, 1 << 16);
    }
  }

  /** Returns random weights in the model's own shape. */
  @JsonCreator
  public static RandomWeights of(long seed) {
    return new RandomWeights(seed, null, 0);
  }

  /** Parses {@code SEED[,DEPTHxWIDTHxHEADS][,text=N]}. */
  @JsonCreator
  public static RandomWeights parse(String text) {
    Matcher m = PATTERN.matcher(text);
    Require.that(m.matches(), "must be %s, got %s", FORM, text);
    Geometry geometry = null;
    if (m.group(2) != null) {
      int width = Integer.parseInt(m.group(3));
      int heads = Integer.parseInt(m.group(4));
      Require.that(
          heads >= 1 && width % heads == 0, "heads must divide the width %d, got %d", width, heads);
      geometry = new Geometry(Integer.parseInt(m.group(2)), heads, width / heads);
    }
    int textTokens = m.group(5) == null ? 0 : Integer.parseInt(m.group(5));
    Require.that(m.group(5) == null || textTokens >= 1, "text tokens must be at least 1, got 0");
    return new RandomWeights(Long.parseLong(m.group(1)), geometry, textTokens);
  }

  /** Returns the configuration in this shape. */
  public ModelConfig fill(ModelConfig config) {
    return geometry == null ? config : config.withGeometry(geometry);
  }

  /** Returns the text that stands for a hash of weights in results. */
  public String hash() {
    return "random:" + seed;
  }

  @JsonValue
  Object json() {
    return geometry == null && textTokens == 0 ? (Object) seed : toString();
  }

  @Override
  public String toString() {
    return seed
        + (geometry == null
            ? ""
            : "," + geometry.layers() + "x" + geometry.width() + "x" + geometry.heads())
        + (textTokens == 0 ? "" : ",text=" + textTokens);
  }
}
