package io.scalekv.metrics;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.image.RgbImage;
import io.scalekv.io.Sha256;
import io.scalekv.tensor.TorchScriptArchive;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Small TorchScript files in the place of a user's. */
final class TorchScriptNetTest {
  private static final String MODULE =
      """
      class M(Module):
        __parameters__ = []
        __buffers__ = []
        training : bool
      """;

  /** The mean square, plus 100 in training mode. */
  private static final String MEAN_SQUARE =
      MODULE
          + """
            def forward(self, a: Tensor, b: Tensor) -> Tensor:
              d = torch.sub(a, b)
              m = torch.mean(torch.mul(d, d), [1, 2, 3], True)
              if self.training:
                r = torch.add(m, 100.)
              else:
                r = m
              return r
          """;

  /** Channel means, repeated to 2048 values. */
  private static final String MEANS =
      MODULE
          + """
            def forward(self, x: Tensor) -> Tensor:
              m = torch.mean(x, [2, 3])
              return torch.slice(torch.repeat(m, [1, 683]), 1, 0, 2048)
          """;

  /** The same behind a flag, without it the scores of some classes. */
  private static final String FLAGGED =
      MODULE
          + """
            def forward(self, x: Tensor, return_features: bool=False) -> Tensor:
              m = torch.mean(x, [2, 3])
              if return_features:
                r = torch.slice(torch.repeat(m, [1, 683]), 1, 0, 2048)
              else:
                r = torch.softmax(m, 1)
              return r
          """;

  @TempDir Path folder;

  private Path file(String name, String source) throws IOException {
    return Files.write(folder.resolve(name), TorchScriptArchive.of(source));
  }

  @ParameterizedTest
  @CsvSource({"MINUS_ONE_TO_ONE, -1", "ZERO_TO_ONE, 0"})
  void pixelsFillTheRange(LpipsRange range, float black) {
    assertEquals(black, range.offset());
    assertEquals(1, 255 * range.factor() + range.offset(), 1e-6);
  }

  @ParameterizedTest
  @EnumSource(LpipsRange.class)
  void lpipsGetsTheStatedRangeInEvaluationMode(LpipsRange range) throws IOException {
    Path file = file("lpips_alex.pt", MEAN_SQUARE);
    RgbImage a = TestImages.noise(1, 20, 12);
    RgbImage b = TestImages.noise(2, 20, 12);
    double square = Math.pow(10, -Psnr.db(a, b) / 10);
    try (Lpips lpips = Lpips.open(file, range)) {
      double expected = range == LpipsRange.ZERO_TO_ONE ? square : 4 * square;
      assertEquals(expected, lpips.of(a, b), 1e-5);
      assertEquals(0, lpips.of(a, a));
      assertEquals("lpips(lpips_alex)", lpips.label());
      assertRefused("got 20x12 and 2x2", () -> lpips.of(a, TestImages.flat(0, 2, 2)));
    }
  }

  @Test
  void rangeIsMinusOneToOneUnlessStated() throws IOException {
    try (Lpips lpips = opened(file("net.pt", MEAN_SQUARE))) {
      assertEquals(LpipsRange.MINUS_ONE_TO_ONE, lpips.range());
      // black against white: a difference of 2, squared
      assertEquals(4, lpips.of(TestImages.flat(0, 2, 2), TestImages.flat(255, 2, 2)), 1e-6);
    }
  }

  @Test
  void vggIsKnownByItsLabel() {}

  @Test
  void inceptionGetsResizedFloats() throws IOException {
    List<RgbImage> images =
        List.of(TestImages.noise(3, 64, 64), TestImages.flat(250, 20, 30), TestImages.scene(5, 96));
    for (String source : List.of(MEANS, FLAGGED)) {
      Path file = file("inception.pt", source);
      try (InceptionFeatures net = InceptionFeatures.open(file)) {
        double[][] pooled = net.pooled(images);
        assertEquals("sha256:" + Sha256.of(file), net.hash());
        for (int i = 0; i < images.size(); i++) {
          float[] planes = CleanFidResize.of(images.get(i), 299, 299).planes();
          assertEquals(2048, pooled[i].length);
          for (int c : new int[] {0, 1, 2, 2047}) {
            int plane = c % 3 * 299 * 299;
            double mean =
                IntStream.range(plane, plane + 299 * 299)
                    .mapToDouble(p -> planes[p])
                    .average()
                    .orElseThrow();
            assertEquals(mean, pooled[i][c], 1e-2);
          }
        }
        FeatureMap layer = net.features(images).get(0);
        assertEquals(3 * 2048, layer.values().length);
        assertEquals((float) pooled[2][7], layer.values()[2 * 2048 + 7]);
      }
    }
  }

  @Test
  void manyImagesGoInBatches() throws IOException {
    RgbImage[] images = new RgbImage[18];
    Arrays.setAll(images, i -> TestImages.flat(10 * i, 8, 8));
    try (InceptionFeatures net = InceptionFeatures.open(file("inception.pt", MEANS))) {
      double[][] pooled = net.pooled(List.of(images));
      double[] first = Arrays.stream(pooled).mapToDouble(v -> v[0]).toArray();
      double[] levels = new double[18];
      Arrays.setAll(levels, i -> 10 * i);
      assertArrayEquals(levels, first, 1e-2);
    }
  }

  @Test
  void aMapIsNoVectorOfFeatures() throws IOException {
    String pixels = MODULE + "  def forward(self, x: Tensor) -> Tensor:\n    return torch.neg(x)\n";
    Path file = file("map.pt", pixels);
    assertRefused("got (1, 3, 299, 299)", () -> InceptionFeatures.open(file));
  }

  /** A net that sees only values outside 0..255 sees nothing: they are clipped. */
  @Test
  void resizedValuesAreClipped() throws IOException {
    String overshoot =
        MODULE
            + """
              def forward(self, x: Tensor) -> Tensor:
                over = torch.relu(torch.sub(x, 255.))
                under = torch.relu(torch.neg(x))
                return torch.mean(torch.add(over, under), [2, 3])
            """;
    RgbImage edges = RgbImage.ofPacked(2, 1, new int[] {0, 0xffffff});
    float[] unclipped = CleanFidResize.unclipped(edges, 299, 299).planes();
    assertTrue(IntStream.range(0, unclipped.length).anyMatch(i -> unclipped[i] > 255));
    try (InceptionFeatures net = InceptionFeatures.open(file("overshoot.pt", overshoot))) {
      assertArrayEquals(new double[3], net.pooled(List.of(edges))[0]);
    }
  }

  /** A net that gives no number costs its own metric and nothing else. */
  @Test
  void aBrokenNetLeavesTheOtherMetrics() throws IOException {
    String nan =
        MODULE
            + """
              def forward(self, a: Tensor, b: Tensor) -> Tensor:
                d = torch.mean(torch.sub(a, a))
                return torch.div(d, d)
            """;
    RgbImage a = TestImages.noise(1, 20, 20);
    RgbImage b = TestImages.noise(2, 20, 20);
    try (Lpips lpips = opened(file("nan.pt", nan))) {
      MetricNets nets =
          new MetricNets() {
            @Override
            public FeatureNet features() {
              throw new AssertionError();
            }

            @Override
            public Lpips lpips() {
              return lpips;
            }

            @Override
            public InceptionFeatures inception() {
              throw new AssertionError();
            }
          };
      Scoring scoring =
          new Scoring(List.of(Psnr.METRIC, Lpips.METRIC), nets, new ReferenceFeatures());
      scoring.accept(List.of(ImagePair.of(a, b).named("b.png"), ImagePair.of(a, a)));
      assertEquals(Psnr.db(a, b), scoring.summary().get("psnr").mean());
      assertEquals(List.of("psnr"), List.copyOf(scoring.summary().keySet()));
      assertEquals(1, scoring.notes().size());
      String note = scoring.notes().get(0);
      assertTrue(note.contains("lpips(nan)") && note.contains("b.png"), note);
      assertTrue(note.contains("NaN"), note);
    }
  }

  @Test
  void failingForwardIsToldInOneLine() throws IOException {
    Path file = file("one.pt", MEANS);
    try (Lpips lpips = opened(file)) {
      RgbImage image = TestImages.flat(1, 4, 4);
      IllegalArgumentException e =
          assertThrows(IllegalArgumentException.class, () -> lpips.of(image, image));
      assertOneLine(e, file);
      assertTrue(e.getMessage().contains("forward failed ("), e.getMessage());
    }
    String wrong =
        MODULE
            + """
              def forward(self, a: Tensor, b: Tensor) -> Tensor:
                return torch.matmul(a, torch.reshape(b, [7, 7]))
            """;
    Path inside = file("inside.pt", wrong);
    try (Lpips lpips = opened(inside)) {
      RgbImage image = TestImages.flat(1, 4, 4);
      IllegalArgumentException e =
          assertThrows(IllegalArgumentException.class, () -> lpips.of(image, image));
      assertOneLine(e, inside);
      assertTrue(e.getMessage().contains("shape '[7, 7]' is invalid"), e.getMessage());
    }
    Path two = file("two.pt", MEAN_SQUARE);
    assertOneLine(
        assertThrows(IllegalArgumentException.class, () -> InceptionFeatures.open(two)), two);
  }

  @Test
  void manyNumbersAreNoDistance() throws IOException {
    String map =
        MODULE
            + """
              def forward(self, a: Tensor, b: Tensor) -> Tensor:
                return torch.sub(a, b)
            """;
    Path file = file("map.pt", map);
    try (Lpips lpips = opened(file)) {
      RgbImage image = TestImages.flat(1, 4, 5);
      assertRefused("got (1, 3, 5, 4)", () -> lpips.of(image, image));
    }
  }

  @Test
  void oneTensorIsExpected() throws IOException {
    String two =
        MODULE
            + """
              def forward(self, a: Tensor, b: Tensor) -> Tuple[Tensor, Tensor]:
                return (a, b)
            """;
    Path file = file("two.pt", two);
    try (Lpips lpips = opened(file)) {
      RgbImage image = TestImages.flat(1, 4, 4);
      assertRefused("got 2", () -> lpips.of(image, image));
    }
  }

  /** A file that knows the image's number only for one image at a time. */
  @Test
  void everyBatchMustGiveFeatures() throws IOException {
    String first =
        MODULE
            + """
              def forward(self, x: Tensor) -> Tensor:
                m = torch.mean(x, [2, 3])
                r = torch.slice(torch.repeat(m, [1, 683]), 1, 0, 2048)
                return torch.slice(r, 0, 0, 1)
            """;
    Path file = file("first.pt", first);
    RgbImage image = TestImages.flat(9, 8, 8);
    try (InceptionFeatures net = InceptionFeatures.open(file)) {
      assertEquals("inception", net.name());
      assertEquals(9, net.pooled(List.of(image))[0][5], 1e-3);
      assertRefused("got (1, 2048)", () -> net.features(List.of(image, image)));
      assertRefused("got none", () -> net.features(List.of()));
    }
  }

  @Test
  void theFlagGivesFeaturesOfAnyWidth() throws IOException {
    String source =
        MODULE
            + """
              def forward(self, x: Tensor, return_features: bool=False) -> Tensor:
                m = torch.mean(x, [2, 3])
                if return_features:
                  r = torch.repeat(m, [1, 2])
                else:
                  r = m
                return r
            """;
    try (InceptionFeatures net = InceptionFeatures.open(file("narrow.pt", source))) {
      assertEquals(6, net.width());
      assertEquals(6, net.pooled(List.of(TestImages.flat(9, 8, 8)))[0].length);
    }
  }

  @Test
  void closedNetsGiveNothing() throws IOException {
    RgbImage image = TestImages.flat(1, 4, 4);
    Lpips lpips = opened(file("alex.pt", MEAN_SQUARE));
    lpips.close();
    lpips.close();
    assertThrows(IllegalStateException.class, () -> lpips.of(image, image));
    InceptionFeatures inception = InceptionFeatures.open(file("inception.pt", MEANS));
    inception.close();
    assertThrows(IllegalStateException.class, () -> inception.features(List.of(image)));
  }

  @Test
  void aNetIsNamedAfterItsFile() throws IOException {
    for (String[] names : new String[][] {{"alex.pt", "alex"}, {"alex.ts", "alex.ts"}}) {
      try (Lpips lpips = opened(file(names[0], MEAN_SQUARE))) {
        assertEquals("lpips(" + names[1] + ")", lpips.label());
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 3, 100, 700})
  void truncatedFilesAreRefused(int length) throws IOException {
    byte[] whole = TorchScriptArchive.of(MEANS);
    Path file = Files.write(folder.resolve("cut.pt"), Arrays.copyOf(whole, length));
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> TorchScriptNet.open(file));
    assertOneLine(e, file);
    assertTrue(e.getMessage().contains("got " + length + " bytes that are none"), e.getMessage());
  }

  @Test
  void otherFilesAreRefused() throws IOException {
    Path text = Files.writeString(folder.resolve("text.pt"), "not a net");
    Path weights = folder.resolve("weights.pt");
    try (OutputStream out = Files.newOutputStream(weights);
        ZipOutputStream zip = new ZipOutputStream(out)) {
      zip.putNextEntry(new ZipEntry("weights/data.pkl"));
      zip.write(1);
    }
    Path broken =
        file("broken.pt", MODULE + "  def forward(self, x: Tensor) -> Tensor:\n    ret x\n");
    Path missing = folder.resolve("missing.pt");
    assertRefused("got nothing there", () -> TorchScriptNet.open(missing));
    assertRefused("got a folder", () -> TorchScriptNet.open(folder));
    assertRefused("got a zip without code", () -> TorchScriptNet.open(weights));
    for (Path file : List.of(text, weights, broken, missing, folder)) {
      IllegalArgumentException e =
          assertThrows(IllegalArgumentException.class, () -> TorchScriptNet.open(file));
      assertOneLine(e, file);
    }
  }

  private static void assertOneLine(IllegalArgumentException e, Path file) {
    assertTrue(
        e.getMessage().startsWith(file + " ") || e.getMessage().startsWith(file + ": "),
        e.getMessage());
    assertEquals(1, e.getMessage().lines().count(), e.getMessage());
  }

  private static void assertRefused(String value, Runnable action) {
    String said = assertThrows(IllegalArgumentException.class, action::run).getMessage();
    assertTrue(said.contains(value), said);
  }

  private static Lpips opened(Path file) {
    return Lpips.open(file, LpipsRange.MINUS_ONE_TO_ONE);
  }
}
