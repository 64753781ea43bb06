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
 * Pooled Inception features, which FID is defined on, by a user's TorchScript file such as {@code
 * inception-2015-12-05.pt}. Images of any size are brought to 299×299 by {@link CleanFidResize} and
 * enter as float values 0..255, clipped but not rounded; the file scales them by itself.
 *
 * <p>The file is asked with {@code forward(images, true)}, the flag by which the published file
 * gives features in place of class scores, or with {@code forward(images)} where it takes no flag;
 * the answer must be [B,C]. FID is defined on C = 2048; other widths are measured and reported.
 *
 * @see <a href="https://arxiv.org/abs/2104.11222">Parmar, Zhang, Zhu 2022, On aliased resizing and
 *     surprising subtleties in GAN evaluation</a>
 */
public final class InceptionFeatures implements FeatureNet {
  /** FID as a metric of sets. */
  public static final SetMetric FID =
      new SetMetric("fid", "FID", 4, Metric.Net.INCEPTION, Frechet::of);

  /** KID on the same features. */
  public static final SetMetric KID =
      new SetMetric("kid-inception", "KID", 6, Metric.Net.INCEPTION, Kid::of);

  /** Width of the feature vectors of the published file. */
  public static final int WIDTH = 2048;

  private static final int SIDE = 299;
  private static final int BATCH = 16;

  private final TorchScriptNet net;
  private final boolean flagged;
  private final int width;

  private InceptionFeatures(TorchScriptNet net, boolean flagged, int width) {
    this.net = net;
    this.flagged = flagged;
    this.width = width;
  }

  /**
   * Loads a file and runs it once on a black image.
   *
   * @throws IllegalArgumentException if it is not a sound TorchScript archive or gives something
   *     else than one vector of at least 2 features
   */
  public static InceptionFeatures open(Path file) {
    TorchScriptNet net = TorchScriptNet.open(file);
    boolean opened = false;
    try {
      InceptionFeatures features = tried(net);
      opened = true;
      return features;
    } finally {
      if (!opened) {
        net.close();
      }
    }
  }

  /** The plain call comes first: the engine prepares the module by it. */
  private static InceptionFeatures tried(TorchScriptNet net) {
    try (NDManager scope = net.scope()) {
      NDArray black = scope.zeros(new Shape(1, 3, SIDE, SIDE));
      Shape plain = net.forward(black).getShape();
      Shape asked = null;
      try {
        asked = net.forward(black, true).getShape();
      } catch (IllegalArgumentException e) {
        // it takes one argument
      }
      Shape got = asked == null ? plain : asked;
      Require.that(
          got.dimension() == 2 && got.get(0) == 1 && got.get(1) > 1,
          "%s must give a vector of features (1, %d) of an image 299x299, got %s",
          net.file(),
          WIDTH,
          got);
      return new InceptionFeatures(net, asked != null, Math.toIntExact(got.get(1)));
    }
  }

  /** Returns the width C of a feature vector. */
  public int width() {
    return width;
  }

  @Override
  public String name() {
    return "inception";
  }

  @Override
  public String hash() {
    return "sha256:" + net.sha256();
  }

  /** Returns one layer with one position: [B,C,1,1]. The images may differ in size. */
  @Override
  public List<FeatureMap> features(List<RgbImage> images) {
    Require.that(!images.isEmpty(), "inception needs at least one image, got none");
    float[] all = new float[images.size() * width];
    for (int begin = 0; begin < images.size(); begin += BATCH) {
      List<RgbImage> batch = images.subList(begin, Math.min(images.size(), begin + BATCH));
      float[] part = forward(batch);
      System.arraycopy(part, 0, all, begin * width, part.length);
    }
    return List.of(new FeatureMap(images.size(), width, 1, 1, all));
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
          y.getShape().equals(new Shape(batch.size(), width)),
          "%s must give features %s, got %s",
          net.file(),
          new Shape(batch.size(), width),
          y.getShape());
      return y.toFloatArray();
    }
  }

  @Override
  public double[][] pooled(List<RgbImage> images) {
    return FeatureNet.vectors(features(images)).toArray(double[][]::new);
  }

  @Override
  public void close() {
    net.close();
  }
}
