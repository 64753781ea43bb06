package io.scalekv.metrics;

import io.scalekv.image.Jpeg;
import io.scalekv.image.RgbImage;
import java.util.List;
import java.util.Locale;

/**
 * Distortions of known strength that give a metric's numbers a scale: JPEG of quality 90, 50 and
 * 10, Gaussian blur of standard deviation ½, 1 and 2 pixels. Down each list of rungs a metric
 * should only get worse.
 */
public enum Ladder {
  /** JPEG of quality 90. */
  JPEG_90(90, 0),
  /** JPEG of quality 50. */
  JPEG_50(50, 0),
  /** JPEG of quality 10. */
  JPEG_10(10, 0),
  /** Blur of half a pixel. */
  BLUR_05(0, 0.5),
  /** Blur of one pixel. */
  BLUR_1(0, 1),
  /** Blur of two pixels. */
  BLUR_2(0, 2);

  /** The JPEG rungs, weakest first. */
  public static final List<Ladder> JPEG = List.of(JPEG_90, JPEG_50, JPEG_10);

  /** The blur rungs, weakest first. */
  public static final List<Ladder> BLUR = List.of(BLUR_05, BLUR_1, BLUR_2);

  private final int quality;
  private final double sigma;

  Ladder(int quality, double sigma) {
    this.quality = quality;
    this.sigma = sigma;
  }

  /** Returns a name for a table's row, such as {@code jpeg 90} or {@code blur 0.5}. */
  public String label() {
    return quality > 0 ? "jpeg " + quality : String.format(Locale.ROOT, "blur %.1f", sigma);
  }

  /** Returns the image with this distortion, of the same size. */
  public RgbImage apply(RgbImage image) {
    return quality > 0 ? Jpeg.decode(Jpeg.encode(image, quality)) : GaussianBlur.of(image, sigma);
  }
}
