package io.scalekv.metrics;

import io.scalekv.image.RgbImage;
import io.scalekv.io.Require;
import java.util.ArrayList;
import java.util.List;

/** Lists of images cut into batches of one size and bounded memory. */
public final class ImageBatches {
  private ImageBatches() {}

  /**
   * Returns the images in their order, cut where the size changes and where {@code pixels} would be
   * exceeded; a batch holds at least one image.
   *
   * @throws IllegalArgumentException if there is no image
   */
  public static List<List<RgbImage>> of(List<RgbImage> images, int pixels) {
    Require.that(!images.isEmpty(), "features need at least one image, got none");
    List<List<RgbImage>> batches = new ArrayList<>();
    int begin = 0;
    for (int end = 1; end <= images.size(); end++) {
      RgbImage first = images.get(begin);
      long area = (long) first.width() * first.height();
      if (end == images.size()
          || !sameSize(first, images.get(end))
          || area * (end - begin + 1) > pixels) {
        batches.add(images.subList(begin, end));
        begin = end;
      }
    }
    return batches;
  }

  /** Refuses a list that is no batch. */
  static void requireOneSize(String net, List<RgbImage> images) {
    Require.that(!images.isEmpty(), "%s needs at least one image, got none", net);
    for (RgbImage image : images) {
      Sizes.requireEqual(net, images.get(0), image);
    }
  }

  private static boolean sameSize(RgbImage a, RgbImage b) {
    return a.width() == b.width() && a.height() == b.height();
  }
}
