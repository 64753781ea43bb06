package io.scalekv.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.image.RgbImage;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** The distance on features that are written down. */
final class LpipsProxyTest {
  /** Features that depend on the image's first byte alone: [1,2,1,2] and [1,3,1,1]. */
  private record Table(float[][] first, float[][] second) implements FeatureNet {
    @Override
    public String name() {
      return "table";
    }

    @Override
    public String hash() {
      return "seed:0";
    }

    @Override
    public List<FeatureMap> features(List<RgbImage> images) {
      int at = images.get(0).packed(0, 0) >> 16;
      return List.of(new FeatureMap(1, 2, 1, 2, first[at]), new FeatureMap(1, 3, 1, 1, second[at]));
    }

    @Override
    public void close() {}
  }

  private static double distance(Table net) {
    return LpipsProxy.of(net, TestImages.flat(0, 1, 1), TestImages.flat(1, 1, 1));
  }

  @Test
  void meanOverLayersOfMeanOverPositions() {
    // positions: (3,4) against (4,3), then (1,0) against (0,2); second layer the same direction
    Table net =
        new Table(
            new float[][] {{3, 1, 4, 0}, {4, 0, 3, 2}}, new float[][] {{1, 2, 3}, {10, 20, 30}});
    double first = 2 * 0.2 * 0.2;
    double second = 1 + 1;
    assertEquals(((first + second) / 2 + 0) / 2, distance(net), 1e-9);
  }

  @Test
  void nothingAgainstNothingIsAlikeAndAgainstSomethingOneApart() {
    float[][] same = {{0, 0, 0, 0}, {0, 0, 0, 0}};
    assertEquals(0, distance(new Table(same, new float[][] {{0, 0, 0}, {0, 0, 0}})));
    assertEquals(0.5, distance(new Table(same, new float[][] {{0, 0, 0}, {0, 7, 0}})), 1e-9);
    // opposite vectors are as far apart as vectors can be
    assertEquals(2, distance(new Table(same, new float[][] {{0, -3, 0}, {0, 7, 0}})), 1e-9);
  }

  @Test
  void shapesMustBeEqual() {
    List<FeatureMap> wide = List.of(new FeatureMap(1, 2, 1, 2, new float[4]));
    List<FeatureMap> tall = List.of(new FeatureMap(1, 2, 2, 1, new float[4]));
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> LpipsProxy.of(wide, tall, 0));
    assertTrue(e.getMessage().endsWith("got [[1, 2, 1, 2]] and [[1, 2, 2, 1]]"), e.getMessage());
    assertThrows(IllegalArgumentException.class, () -> LpipsProxy.of(wide, List.of(), 0));
  }

  @Test
  void lengthDoesNotCount() {
    Random random = new Random(9);
    float[][] first = new float[2][4];
    float[][] second = new float[2][3];
    for (int i = 0; i < 4; i++) {
      first[0][i] = random.nextFloat();
      first[1][i] = random.nextFloat();
    }
    for (int i = 0; i < 3; i++) {
      second[0][i] = random.nextFloat();
      second[1][i] = random.nextFloat();
    }
    double before = distance(new Table(first, second));
    for (int i = 0; i < 4; i++) {
      first[0][i] *= 8;
    }
    assertEquals(before, distance(new Table(first, second)), 1e-9);
  }
}
