package io.scalekv.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.image.RgbImage;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What every metric of two images holds. */
final class ImageMetricPropertiesTest {
  private static RandomFeatureNet net;

  private enum Metric {
    SSIM(1) {
      @Override
      double of(RgbImage a, RgbImage b) {
        return Ssim.of(a, b);
      }
    },
    MS_SSIM(1) {
      @Override
      double of(RgbImage a, RgbImage b) {
        return MsSsim.of(a, b);
      }
    },
    HAARPSI(1) {
      @Override
      double of(RgbImage a, RgbImage b) {
        return HaarPsi.of(a, b);
      }
    },
    LPIPS_PROXY(0) {
      @Override
      double of(RgbImage a, RgbImage b) {
        return LpipsProxy.of(net, a, b);
      }
    };

    final double best;

    Metric(double best) {
      this.best = best;
    }

    abstract double of(RgbImage a, RgbImage b);
  }

  @BeforeAll
  static void open() {
    net = RandomFeatureNet.of(7, 8);
  }

  @AfterAll
  static void close() {
    net.close();
  }

  static Stream<Arguments> metricsAndSeeds() {
    return Stream.of(Metric.values())
        .flatMap(m -> Stream.of(1, 2, 3).map(seed -> Arguments.of(m, seed)));
  }

  @ParameterizedTest
  @MethodSource("metricsAndSeeds")
  void identicalIsBestAndSwappingChangesNothing(Metric metric, int seed) {
    int width = 23 + 9 * seed;
    int height = 47 - 5 * seed;
    RgbImage a = TestImages.noise(seed, width, height);
    RgbImage near = TestImages.noisy(a, 30, seed + 100);
    RgbImage other = TestImages.noise(seed + 10, width, height);
    assertEquals(metric.best, metric.of(a, RgbImage.of(width, height, a.rgb())), 1e-12);
    double far = Math.abs(metric.of(a, other) - metric.best);
    double close = Math.abs(metric.of(a, near) - metric.best);
    assertTrue(1e-3 < close && close < far, metric + ": " + close + " and " + far);
    assertEquals(metric.of(a, other), metric.of(other, a), 1e-12);
  }

  @ParameterizedTest
  @MethodSource("metricsAndSeeds")
  void flatImages(Metric metric, int seed) {
    int value = new int[] {0, 0, 117, 255}[seed];
    RgbImage flat = TestImages.flat(value, 32, 32);
    assertEquals(metric.best, metric.of(flat, flat), 1e-12);
    double apart = metric.of(flat, TestImages.flat(200, 32, 32));
    assertTrue(
        Double.isFinite(apart) && Math.abs(apart - metric.best) > 1e-3, metric + ": " + apart);
  }

  @ParameterizedTest
  @MethodSource("metricsAndSeeds")
  void sizesMustAgree(Metric metric, int seed) {
    RgbImage a = TestImages.noise(seed, 32, 32);
    RgbImage b = TestImages.noise(seed, 32, 32 + seed);
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> metric.of(a, b));
    String expected = "got 32x32 and 32x" + (32 + seed);
    assertTrue(e.getMessage().endsWith(expected), e.getMessage());
  }

  @ParameterizedTest
  @MethodSource("metricsAndSeeds")
  void tooSmallIsToldInOneLine(Metric metric, int seed) {
    RgbImage a = TestImages.noise(seed, 10, 40);
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> metric.of(a, a));
    assertTrue(e.getMessage().endsWith("got 10x40"), e.getMessage());
  }
}
