package io.scalekv.parity;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.image.RgbImage;
import io.scalekv.metrics.CleanFidResize;
import io.scalekv.metrics.FloatImage;
import io.scalekv.metrics.HaarPsi;
import io.scalekv.metrics.MsSsim;
import io.scalekv.metrics.Psnr;
import io.scalekv.metrics.Ssim;
import io.scalekv.weights.TensorSource;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Image metrics and the resizing of clean-fid against reference implementations. */
class ImageMetricsParityTest {
  private static final double CLOSE = 1e-9;
  private static final double RESIZED = 1e-4;
  private static final String PAIR = "in.img.";

  @TestFactory
  Stream<DynamicTest> pairs() {
    return ParityFiles.tests(n -> n.startsWith("metrics"), (file, t, scope) -> checkPairs(t));
  }

  @TestFactory
  Stream<DynamicTest> resizes() {
    return ParityFiles.tests(n -> n.startsWith("metrics"), (file, t, scope) -> checkResizes(t));
  }

  private static void checkPairs(TensorSource t) {
    List<String> pairs =
        t.names().stream()
            .filter(n -> n.startsWith(PAIR) && n.endsWith(".ref"))
            .map(n -> n.substring(PAIR.length(), n.length() - ".ref".length()))
            .toList();
    assertTrue(pairs.size() >= 9, () -> "nine pairs of images expected, got " + pairs);
    for (String pair : pairs) {
      RgbImage a = image(t, PAIR + pair + ".ref");
      RgbImage b = image(t, PAIR + pair + ".dist");
      String out = "out.img." + pair;
      assertValue(t, out + ".psnr", Psnr.db(a, b));
      assertValue(t, out + ".ssim", Ssim.of(a, b));
      assertArrayEquals(
          t.doubles(out + ".ssim_channels"), Ssim.channels(a, b), CLOSE, out + ".ssim_channels");
      assertValue(t, out + ".msssim", MsSsim.of(a, b));
      assertValue(t, out + ".haarpsi", HaarPsi.of(a, b));
    }
  }

  private static void assertValue(TensorSource t, String name, double got) {
    assertEquals(t.doubles(name)[0], got, CLOSE, name);
  }

  private static void checkResizes(TensorSource t) {
    for (int n : new int[] {64, 192}) {
      RgbImage from = image(t, PAIR + n + ".shapes_blur.ref");
      FloatImage big = CleanFidResize.unclipped(from, 299, 299);
      String name = "out.resize." + n + "to299";
      assertCrop(t, name + ".crop_top_left", big, 0);
      assertCrop(t, name + ".crop_center", big, 133);
      assertCrop(t, name + ".crop_bottom_right", big, 299 - 32);
      assertMoments(t, name, big);
    }
    FloatImage shapes = CleanFidResize.unclipped(image(t, PAIR + "192.shapes_blur.ref"), 75, 75);
    assertCrop(t, "out.resize.192to75.full", shapes, 0);
    assertMoments(t, "out.resize.192to75", shapes);
    FloatImage noise = CleanFidResize.unclipped(image(t, PAIR + "192.texture_noise.dist"), 75, 75);
    assertCrop(t, "out.resize.192to75_texture.full", noise, 0);
    assertMoments(t, "out.resize.192to75_texture", noise);
  }

  /** A square of the result that begins at (from, from), against [Y,X,3]. */
  private static void assertCrop(TensorSource t, String name, FloatImage got, int from) {
    float[] expected = t.floats(name);
    int side = (int) Math.round(Math.sqrt(expected.length / 3.0));
    double worst = 0;
    int at = 0;
    for (int y = from; y < from + side; y++) {
      for (int x = from; x < from + side; x++) {
        for (int c = 0; c < 3; c++) {
          worst = Math.max(worst, Math.abs((double) expected[at++] - got.at(c, x, y)));
        }
      }
    }
    double found = worst;
    assertTrue(at == expected.length && found <= RESIZED, () -> name + ": off by " + found);
  }

  private static void assertMoments(TensorSource t, String name, FloatImage got) {
    int n = got.width() * got.height();
    double[] means = t.doubles(name + ".mean");
    double[] deviations = t.doubles(name + ".std");
    double[] ends = t.doubles(name + ".min_max");
    for (int c = 0; c < 3; c++) {
      double sum = 0;
      double least = Double.POSITIVE_INFINITY;
      double most = Double.NEGATIVE_INFINITY;
      for (int p = c * n; p < (c + 1) * n; p++) {
        sum += got.planes()[p];
        least = Math.min(least, got.planes()[p]);
        most = Math.max(most, got.planes()[p]);
      }
      double squares = 0;
      for (int p = c * n; p < (c + 1) * n; p++) {
        squares += (got.planes()[p] - sum / n) * (got.planes()[p] - sum / n);
      }
      assertEquals(means[c], sum / n, RESIZED, name + ".mean");
      assertEquals(deviations[c], Math.sqrt(squares / n), RESIZED, name + ".std");
      assertEquals(ends[c], least, RESIZED, name + ".min_max");
      assertEquals(ends[3 + c], most, RESIZED, name + ".min_max");
    }
  }

  private static RgbImage image(TensorSource t, String name) {
    int[] values = t.ints(name);
    byte[] rgb = new byte[values.length];
    for (int i = 0; i < rgb.length; i++) {
      rgb[i] = (byte) values[i];
    }
    long[] shape = t.info(name).shape();
    return RgbImage.of((int) shape[1], (int) shape[0], rgb);
  }
}
