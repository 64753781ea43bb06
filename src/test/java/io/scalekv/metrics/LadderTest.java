package io.scalekv.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.image.RgbImage;
import java.util.Arrays;
import java.util.List;
import java.util.function.ToDoubleBiFunction;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every metric gets worse with every step of the ruler. */
final class LadderTest {
  private static RandomFeatureNet net;

  @BeforeAll
  static void open() {
    net = RandomFeatureNet.ofThreeSeeds();
  }

  @AfterAll
  static void close() {
    net.close();
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void everyMetricFalls(long seed) {
    RgbImage scene = TestImages.scene(seed, 64);
    assertFalls("psnr", scene, Psnr::db);
    assertFalls("ssim", scene, Ssim::of);
    assertFalls("ms-ssim", scene, MsSsim::of);
    assertFalls("haarpsi", scene, HaarPsi::of);
    assertFalls("lpips_proxy", scene, (a, b) -> -LpipsProxy.of(net, a, b));
  }

  private static void assertFalls(
      String metric, RgbImage scene, ToDoubleBiFunction<RgbImage, RgbImage> similarity) {
    for (List<Ladder> rungs : List.of(Ladder.JPEG, Ladder.BLUR)) {
      double last = similarity.applyAsDouble(scene, scene);
      for (Ladder rung : rungs) {
        double now = similarity.applyAsDouble(scene, rung.apply(scene));
        String what = metric + " at " + rung.label() + ": " + now + " after " + last;
        assertTrue(now < last, what);
        last = now;
      }
    }
  }

  @Test
  void labels() {
    assertEquals(
        List.of("jpeg 90", "jpeg 50", "jpeg 10", "blur 0.5", "blur 1.0", "blur 2.0"),
        Arrays.stream(Ladder.values()).map(Ladder::label).toList());
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, -1, Double.NaN, Double.POSITIVE_INFINITY})
  void sigmaMustBePositive(double sigma) {
    RgbImage image = TestImages.flat(3, 2, 2);
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> GaussianBlur.of(image, sigma));
    assertTrue(e.getMessage().endsWith("got " + sigma), e.getMessage());
  }
}
