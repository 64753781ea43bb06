package io.scalekv.metrics;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.scalekv.image.RgbImage;
import io.scalekv.io.Require;
import java.nio.file.Path;
import java.util.List;

/**
 * LPIPS by a user's TorchScript file: {@code forward(a, b)} of two images [1,3,Y,X] in the stated
 * range gives one number, 0 for identical images. Pairs run one by one, so that a file traced for a
 * single pair works.
 *
 * @param net the file
 * @param name in the label, such as {@code alex}
 * @param range the pixel values that the file gets
 * @see <a href="https://arxiv.org/abs/1801.03924">Zhang, Isola, Efros, Shechtman, Wang 2018, The
 *     unreasonable effectiveness of deep features as a perceptual metric</a>
 */
public record Lpips(TorchScriptNet net, String name, LpipsRange range) implements AutoCloseable {
  /** LPIPS as a metric. */
  public static final FidelityMetric METRIC =
      new FidelityMetric.Simple(
          "lpips", "lpips", "", 4, false, Metric.Net.LPIPS, 1, p -> Double.NaN);

  /**
   * Loads a file, named after the file without its extension.
   *
   * @param range the pixel values that the file expects
   * @throws IllegalArgumentException if it is not a sound TorchScript archive
   */
  public static Lpips open(Path file, LpipsRange range) {
    String name = file.getFileName().toString().replaceFirst("\\.pt$", "");
    return new Lpips(TorchScriptNet.open(file), name, range);
  }

  /** Returns the label of the numbers: {@code lpips(name)}. */
  public String label() {
    return "lpips(" + name + ")";
  }

  /**
   * Returns the distance of two images.
   *
   * @throws IllegalArgumentException if the sizes differ or the file gives no single number
   */
  public double of(RgbImage a, RgbImage b) {
    Sizes.requireEqual("lpips", a, b);
    try (NDManager scope = net.scope()) {
      NDArray x = ImageArrays.of(scope, List.of(a), range.factor(), range.offset());
      NDArray y = ImageArrays.of(scope, List.of(b), range.factor(), range.offset());
      NDArray d = net.forward(x, y);
      Require.that(
          d.size() == 1, "%s must give one number per pair, got %s", net.file(), d.getShape());
      return d.toFloatArray()[0];
    }
  }

  @Override
  public void close() {
    net.close();
  }
}
