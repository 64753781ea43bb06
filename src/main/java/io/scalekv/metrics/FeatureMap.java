package io.scalekv.metrics;

import io.scalekv.io.Require;

/**
 * One layer's features of B images in plain Java memory.
 *
 * @param images B
 * @param channels C
 * @param height Y, rows of positions
 * @param width X, positions in a row
 * @param values [B,C,Y,X], row-major; not copied
 */
public record FeatureMap(int images, int channels, int height, int width, float[] values) {
  /** Checks the number of values. */
  public FeatureMap {
    boolean positive = images > 0 && channels > 0 && height > 0 && width > 0;
    Require.that(
        positive && values.length == (long) images * channels * height * width,
        "feature map [%s,%s,%s,%s] must hold as many values as its shape, got %s",
        images,
        channels,
        height,
        width,
        values.length);
  }

  /** Returns positions of one channel, Y·X. */
  public int positions() {
    return height * width;
  }

  /** Returns the index in {@link #values} of the first position of a channel of an image. */
  int offset(int image, int channel) {
    return (image * channels + channel) * positions();
  }
}
