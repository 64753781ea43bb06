package io.scalekv.metrics;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.scalekv.image.RgbImage;
import io.scalekv.io.Require;
import io.scalekv.tensor.NativeCopy;
import java.nio.file.Path;
import java.util.List;

/**
 * The 2048 pooled Inception features that FID and KID are defined on, by a user's TorchScript file
 * such as {@code inception-2015-12-05.pt}. Images of any size are brought to 299×299 by {@link
 * CleanFidResize} and enter as float values 0..255, clipped but not rounded; the file scales them
 * by itself.
 *
 * <p>The file's {@code forward(images)} or else {@code forward(images, true)} (the flag that asks
 * the published file for features in place of class scores) must give [B,2048].
 *
 * @see <a href="https://arxiv.org/abs/2104.11222">Parmar, Zhang, Zhu 2022, On aliased resizing and
 *     surprising subtleties in GAN evaluation</a>
 */
public final class InceptionFeatures implements FeatureNet {
  /** FID as a metric of sets. */
  public static final SetMetric FID =
      new SetMetric("fid", "FID", 4, Metric.Net.INCEPTION, Frechet::of);

  /** Width of a feature vector. */
  public static final int WIDTH = 2048;

  private static final int SIDE = 299;
  private static final int BATCH = 16;

  private final TorchScriptNet net;
  private final boolean flagged;

  private InceptionFeatures(TorchScriptNet net, boolean flagged) {
    this.net = net;
    this.flagged = flagged;
  }

  /**
   * Loads a file and runs it once on a black image.
   *
   * @throws IllegalArgumentException if it is not a sound TorchScript archive or gives something
   *     else than [1,2048]
   */
  public static InceptionFeatures open(Path file) {
    TorchScriptNet net = TorchScriptNet.open(file);
    boolean opened = false;
    try {
      InceptionFeatures features = new InceptionFeatures(net, needsFlag(net));
      opened = true;
      return features;
    } finally {
      if (!opened) {
        net.close();
      }
    }
  }

  private static boolean needsFlag(TorchScriptNet net) {
    try (NDManager scope = net.scope()) {
      NDArray black = scope.zeros(new Shape(1, 3, SIDE, SIDE));
      Shape wanted = new Shape(1, WIDTH);
      Shape plain = net.forward(black).getShape();
      if (plain.equals(wanted)) {
        return false;
      }
      Shape asked = null;
      try {
        asked = net.forward(black, true).getShape();
      } catch (IllegalArgumentException e) {
        // it takes one argument only: report the first error
      }
      if (wanted.equals(asked)) {
        return true;
      }
      throw new IllegalArgumentException(
          net.file()
              + " must give features "
              + wanted
              + " of an image 299x299, got "
              + (asked == null ? plain : asked));
    }
  }

  @Override
  public String name() {
    return "inception";
  }

  @Override
  public String hash() {
    return "sha256:" + net.sha256();
  }

  /** Returns one layer with one position: [B,2048,1,1]. The images may differ in size. */
  @Override
  public List<FeatureMap> features(List<RgbImage> images) {
    Require.that(!images.isEmpty(), "inception needs at least one image, got none");
    float[] all = new float[images.size() * WIDTH];
    for (int begin = 0; begin < images.size(); begin += BATCH) {
      List<RgbImage> batch = images.subList(begin, Math.min(images.size(), begin + BATCH));
      float[] part = forward(batch);
      System.arraycopy(part, 0, all, begin * WIDTH, part.length);
    }
    return List.of(new FeatureMap(images.size(), WIDTH, 1, 1, all));
  }

  private float[] forward(List<RgbImage> batch) {
    int area = 3 * SIDE * SIDE;
    float[] pixels = new float[batch.size() * area];
    for (int i = 0; i < batch.size(); i++) {
      float[] planes = CleanFidResize.of(batch.get(i), SIDE, SIDE).planes();
      System.arraycopy(planes, 0, pixels, i * area, area);
    }
    try (NDManager scope = net.scope()) {
      NDArray x = NativeCopy.of(scope, pixels, new Shape(batch.size(), 3, SIDE, SIDE));
      NDArray y = flagged ? net.forward(x, true) : net.forward(x);
      Require.that(
          y.getShape().equals(new Shape(batch.size(), WIDTH)),
          "%s must give features %s, got %s",
          net.file(),
          new Shape(batch.size(), WIDTH),
          y.getShape());
      return y.toFloatArray();
    }
  }

  @Override
  public double[][] pooled(List<RgbImage> images) {
    float[] values = features(images).get(0).values();
    double[][] vectors = new double[images.size()][WIDTH];
    for (int i = 0; i < vectors.length; i++) {
      for (int c = 0; c < WIDTH; c++) {
        vectors[i][c] = values[i * WIDTH + c];
      }
    }
    return vectors;
  }

  @Override
  public void close() {
    net.close();
  }
}
