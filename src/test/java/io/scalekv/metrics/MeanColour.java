package io.scalekv.metrics;

import io.scalekv.image.RgbImage;

/** A metric of another project, found by ServiceLoader: difference of the mean colours. */
public final class MeanColour implements FidelityMetric {
  /** Made by the ServiceLoader. */
  public MeanColour() {}

  @Override
  public String key() {
    return "mean-colour";
  }

  @Override
  public String label() {
    return "mean colour";
  }

  @Override
  public int digits() {
    return 2;
  }

  @Override
  public boolean higherIsBetter() {
    return false;
  }

  @Override
  public double of(ImagePair pair) {
    return Math.abs(mean(pair.reference()) - mean(pair.image()));
  }

  private static double mean(RgbImage image) {
    double sum = 0;
    for (byte b : image.rgb()) {
      sum += b & 0xff;
    }
    return sum / image.rgb().length;
  }
}
