package io.scalekv.metrics;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.image.RgbImage;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class RandomFeatureNetTest {
  private RandomFeatureNet net;

  @BeforeEach
  void open() {
    net = RandomFeatureNet.of(5);
  }

  @AfterEach
  void close() {
    net.close();
  }

  @Test
  void layersAreTheBlocks() {
    List<FeatureMap> layers =
        net.features(List.of(TestImages.noise(1, 40, 33), TestImages.noise(2, 40, 33)));
    List<String> shapes = new ArrayList<>();
    for (FeatureMap m : layers) {
      shapes.add(m.images() + "," + m.channels() + "," + m.height() + "," + m.width());
      boolean alive = false;
      for (float v : m.values()) {
        assertTrue(v >= 0);
        alive |= v > 0.1;
      }
      assertTrue(alive);
    }
    assertEquals(List.of("2,16,16,20", "2,32,8,10", "2,64,4,5", "2,64,2,2"), shapes);
  }

  @Test
  void firstBlockFollowsItsDefinition() {
    RgbImage image = TestImages.noise(3, 16, 16);
    SplittableRandom random = new SplittableRandom(5);
    double[][][] x = new double[3][16][16];
    for (int y = 0; y < 16; y++) {
      for (int u = 0; u < 16; u++) {
        x[0][y][u] = (image.packed(u, y) >> 16) / 127.5 - 1;
        x[1][y][u] = (image.packed(u, y) >> 8 & 255) / 127.5 - 1;
        x[2][y][u] = (image.packed(u, y) & 255) / 127.5 - 1;
      }
    }
    double[][][] twice = convolved(convolved(x, random), random);
    FeatureMap got = net.features(List.of(image)).get(0);
    for (int c = 0; c < 16; c++) {
      for (int y = 0; y < 8; y++) {
        for (int u = 0; u < 8; u++) {
          double mean =
              (twice[c][2 * y][2 * u]
                      + twice[c][2 * y][2 * u + 1]
                      + twice[c][2 * y + 1][2 * u]
                      + twice[c][2 * y + 1][2 * u + 1])
                  / 4;
          assertEquals(mean, got.values()[got.offset(0, c) + 8 * y + u], 1e-5);
        }
      }
    }
  }

  /** 16 filters of 3×3 with weights of variance 2/fan-in, ReLU. */
  private static double[][][] convolved(double[][][] x, SplittableRandom random) {
    int from = x.length;
    double reach = Math.sqrt(6.0 / (9 * from));
    double[] weight = new double[16 * from * 9];
    Arrays.setAll(weight, i -> (2 * random.nextDouble() - 1) * reach);
    double[] bias = new double[16];
    Arrays.setAll(bias, i -> (2 * random.nextDouble() - 1) * 0.1);
    int side = x[0].length;
    double[][][] out = new double[16][side][side];
    for (int o = 0; o < 16; o++) {
      for (int y = 0; y < side; y++) {
        for (int u = 0; u < side; u++) {
          double sum = bias[o];
          for (int k = 0; k < 9 * from; k++) {
            int row = y + k % 9 / 3 - 1;
            int column = u + k % 3 - 1;
            if (row >= 0 && row < side && column >= 0 && column < side) {
              sum += weight[o * 9 * from + k] * x[k / 9][row][column];
            }
          }
          out[o][y][u] = Math.max(0, sum);
        }
      }
    }
    return out;
  }

  @Test
  void seedFixesTheNet() {
    List<RgbImage> image = List.of(TestImages.scene(4, 32));
    float[] first = net.features(image).get(2).values();
    try (RandomFeatureNet same = RandomFeatureNet.of(5);
        RandomFeatureNet other = RandomFeatureNet.of(6)) {
      assertArrayEquals(first, same.features(image).get(2).values());
      assertTrue(!Arrays.equals(first, other.features(image).get(2).values()));
      assertEquals("seed:5", net.hash());
      assertEquals("random_vgg", net.name());
    }
  }

  @Test
  void manySeedsAreTheMeanOfEach() {
    RgbImage a = TestImages.scene(1, 64);
    RgbImage b = Ladder.JPEG_10.apply(a);
    double mean = 0;
    for (int seed = 1; seed <= 3; seed++) {
      try (RandomFeatureNet one = RandomFeatureNet.of(seed)) {
        mean += LpipsProxy.of(one, a, b) / 3;
      }
    }
    try (RandomFeatureNet three = RandomFeatureNet.ofThreeSeeds()) {
      assertEquals(mean, LpipsProxy.of(three, a, b), 1e-12);
      assertEquals("seed:1,2,3", three.hash());
    }
  }

  @Test
  void batchesGiveTheNumbersOfSinglesAndHoldNoMemory() {
    List<RgbImage> images = new ArrayList<>();
    List<RgbImage> distorted = new ArrayList<>();
    for (int i = 0; i < 70; i++) {
      // more than one batch, with a change of size inside
      RgbImage image = TestImages.noise(i, i < 5 ? 32 : 64, 64);
      images.add(image);
      distorted.add(TestImages.noisy(image, 20, i));
    }
    net.features(images.subList(0, 1));
    int held = net.held();
    double[][] pooled = net.pooled(images);
    MetricNets nets =
        new MetricNets() {
          @Override
          public FeatureNet features() {
            return net;
          }
        };
    Scoring scoring = new Scoring(List.of(LpipsProxy.METRIC), nets, new ReferenceFeatures());
    scoring.accept(
        IntStream.range(0, 70)
            .mapToObj(i -> ImagePair.of(images.get(i), distorted.get(i)))
            .toList());
    assertEquals(held, net.held());
    assertEquals(70, pooled.length);
    for (int i : new int[] {0, 4, 5, 69}) {
      assertArrayEquals(net.pooled(images.subList(i, i + 1))[0], pooled[i], 1e-5);
      double distance = scoring.scores().get(i).values().get(LpipsProxy.METRIC.key());
      assertEquals(LpipsProxy.of(net, images.get(i), distorted.get(i)), distance, 1e-6);
    }
    FeatureMap last = net.features(images.subList(69, 70)).get(3);
    double sum = 0;
    for (int p = 0; p < 16; p++) {
      sum += last.values()[last.offset(0, 63) + p];
    }
    assertEquals(176, pooled[69].length);
    assertEquals(sum / 16, pooled[69][175], 1e-5);
  }

  @Test
  void badInputIsRefused() {
    assertRefused("got none", () -> net.features(List.of()));
    assertRefused("got none", () -> net.pooled(List.of()));
    assertRefused(
        "got 16x16 and 16x17",
        () -> net.features(List.of(TestImages.flat(1, 16, 16), TestImages.flat(1, 16, 17))));
    assertRefused("got [4, 4]", () -> RandomFeatureNet.of(4, 4));
    assertRefused("got []", RandomFeatureNet::of);
    assertRefused(
        "got 16x16 and 16x17",
        () -> LpipsProxy.of(net, TestImages.flat(1, 16, 16), TestImages.flat(1, 16, 17)));
    assertRefused("got 23", () -> new FeatureMap(1, 2, 3, 4, new float[23]));
    for (int zero = 0; zero < 4; zero++) {
      int[] shape = {1, 1, 1, 1};
      shape[zero] = 0;
      assertRefused(
          "got 0", () -> new FeatureMap(shape[0], shape[1], shape[2], shape[3], new float[0]));
    }
  }

  private static void assertRefused(String value, Runnable action) {
    String said = assertThrows(IllegalArgumentException.class, action::run).getMessage();
    assertTrue(said.contains(value), said);
  }

  /** 30 pixels: 5 images of 6, fewer where width or height changes, one alone that is too large. */
  @Test
  void batchesAreOfOneSizeAndBounded() {
    List<RgbImage> images = new ArrayList<>();
    for (int[] size : new int[][] {{2, 3}, {3, 2}, {3, 4}, {7, 7}}) {
      for (int i = 0; i < 6; i++) {
        images.add(TestImages.flat(images.size(), size[0], size[1]));
      }
    }
    List<List<RgbImage>> batches = ImageBatches.of(images, 30);
    assertEquals(
        List.of(5, 1, 5, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1), batches.stream().map(List::size).toList());
    assertEquals(images, batches.stream().flatMap(List::stream).toList());
    assertEquals(
        List.of(6, 6, 6, 6), ImageBatches.of(images, 6 * 49).stream().map(List::size).toList());
    List<RgbImage> alone = images.subList(0, 1);
    assertEquals(List.of(alone), ImageBatches.of(alone, 0));
  }

  @Test
  void closedNetGivesNothing() {
    List<RgbImage> image = List.of(TestImages.flat(1, 16, 16));
    RandomFeatureNet closed = RandomFeatureNet.of(1);
    closed.close();
    closed.close();
    assertThrows(IllegalStateException.class, () -> closed.features(image));
  }
}
