package io.scalekv.metrics;

import io.scalekv.image.RgbImage;
import java.util.function.ToDoubleBiFunction;
import java.util.function.ToDoubleFunction;

/**
 * A metric of an image against its reference. A user's own is found by {@link
 * java.util.ServiceLoader} and then measured by its {@link #key} like any other.
 */
public interface FidelityMetric extends Metric {
  /**
   * Returns the value of a pair; +∞ where identical images have no finite value, NaN where the
   * metric does not apply.
   */
  double of(ImagePair pair);

  /** Returns the value of two images without caption or features. */
  default double of(RgbImage reference, RgbImage image) {
    return of(ImagePair.of(reference, image));
  }

  /**
   * Returns the number of equal cases that the value is the mean of, such as objects of a caption.
   */
  default int cases(ImagePair pair) {
    return 1;
  }

  /** Returns the shortest side, in pixels, of images that it is defined for. */
  default int leastSide() {
    return 1;
  }

  /**
   * Returns a metric of pixels alone.
   *
   * @param leastSide see {@link #leastSide()}
   */
  static FidelityMetric ofPixels(
      String key,
      String label,
      String unit,
      int digits,
      boolean higherIsBetter,
      int leastSide,
      ToDoubleBiFunction<RgbImage, RgbImage> value) {
    return new Simple(
        key,
        label,
        unit,
        digits,
        higherIsBetter,
        Net.NONE,
        leastSide,
        p -> value.applyAsDouble(p.reference(), p.image()));
  }

  /** A metric whose value is a function of the pair. */
  record Simple(
      String key,
      String label,
      String unit,
      int digits,
      boolean higherIsBetter,
      Net net,
      int leastSide,
      ToDoubleFunction<ImagePair> value)
      implements FidelityMetric {
    @Override
    public double of(ImagePair pair) {
      return value.applyAsDouble(pair);
    }
  }
}
