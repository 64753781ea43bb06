package io.scalekv.experiment.folders;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import io.scalekv.experiment.RunListener;
import io.scalekv.experiment.UserNets;
import io.scalekv.image.ImageFile;
import io.scalekv.image.RgbImage;
import io.scalekv.io.Sha256;
import io.scalekv.metrics.CleanFidResize;
import io.scalekv.metrics.FloatImage;
import io.scalekv.metrics.Frechet;
import io.scalekv.metrics.InceptionFeatures;
import io.scalekv.metrics.Kid;
import io.scalekv.metrics.LpipsRange;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Folders of images with the numbers of Pillow, clean-fid, torchmetrics and scikit-image: the test
 * resources, or another folder with {@code -Dscore.dir=FOLDER}. LPIPS and FID are compared where
 * the folder has {@code lpips_small.pt} and {@code features_small.pt}.
 */
final class GoldenFoldersTest {
  private static final Path FOLDER =
      Path.of(System.getProperty("score.dir", "src/test/resources/io/scalekv/score"));
  private static final Map<String, Double> TOLERANCES =
      Map.of(
          "psnr",
          1e-9,
          "ssim",
          1e-9,
          "ssim_torchmetrics",
          1e-9,
          "msssim_torchmetrics",
          1e-9,
          "lpips",
          2e-6);

  private static JsonNode values() throws IOException {
    return JsonMapper.shared().readTree(Files.readString(FOLDER.resolve("values.json")));
  }

  private static UserNets nets() {
    Path lpips = FOLDER.resolve("lpips_small.pt");
    Path inception = FOLDER.resolve("features_small.pt");
    return new UserNets(
        Files.exists(lpips) ? lpips : null,
        LpipsRange.MINUS_ONE_TO_ONE,
        Files.exists(inception) ? inception : null);
  }

  private static FolderScores score(ImageFile.Options reading) throws IOException {
    List<Path> images = List.of(FOLDER.resolve("candidate_a"), FOLDER.resolve("candidate_b"));
    List<String> keys = List.of("psnr", "ssim", "ssim_torchmetrics", "msssim_torchmetrics");
    return FolderScoring.run(
        new FolderScoring.Request(
            FOLDER.resolve("reference"),
            images,
            null,
            null,
            null,
            keys,
            nets(),
            reading,
            true,
            0,
            2),
        null,
        RunListener.NONE);
  }

  @TestFactory
  List<DynamicTest> pairs() throws IOException {
    JsonNode values = values();
    List<DynamicTest> tests = new ArrayList<>();
    for (FolderScores.Row row : score(ImageFile.Options.PILLOW).rows()) {
      for (PairScore p : row.pairs()) {
        tests.add(
            dynamicTest(
                row.name() + "/" + p.id(),
                () -> same(values.get("pairs").get(row.name()).get(p.id()), p)));
      }
      if (row.values().containsKey(InceptionFeatures.FID.key())) {
        double wanted = values.get("folders").get(row.name()).get("frechet").asDouble();
        double got = row.values().get(InceptionFeatures.FID.key()).mean();
        tests.add(dynamicTest(row.name(), () -> assertEquals(1, got / wanted, 1e-4)));
      }
    }
    for (FolderScores.Row row : score(new ImageFile.Options(true, false)).rows()) {
      for (PairScore p : row.pairs()) {
        JsonNode wanted = values.get("on_white").get(row.name()).get(p.id());
        if (wanted != null) {
          tests.add(dynamicTest(row.name() + "/" + p.id() + " on white", () -> same(wanted, p)));
        }
      }
    }
    assertTrue(tests.size() > 10);
    return tests;
  }

  private static void same(JsonNode wanted, PairScore pair) {
    TOLERANCES.forEach(
        (key, tolerance) -> {
          JsonNode value = wanted.get(key);
          boolean measured = !key.equals("lpips") || nets().lpips() != null;
          if (value != null && measured) {
            Double got = pair.values().get(key);
            if (value.isNumber()) {
              assertEquals(value.asDouble(), got, tolerance, key);
            } else {
              assertEquals(value.isNull() ? null : Double.POSITIVE_INFINITY, got, key);
            }
          }
        });
  }

  /** Pixels are Pillow's; the resize is clean-fid's, clipped. */
  @TestFactory
  Stream<DynamicTest> files() throws IOException {
    return values().get("files").properties().stream()
        .filter(e -> e.getValue().has("resized"))
        .map(e -> dynamicTest(e.getKey(), () -> file(FOLDER.resolve(e.getKey()), e.getValue())));
  }

  private static void file(Path file, JsonNode wanted) throws IOException {
    RgbImage pixels = ImageFile.read(file).pixels();
    assertEquals(wanted.get("rgb_sha256").asString(), Sha256.of(pixels.rgb()));
    JsonNode resized = wanted.get("resized");
    FloatImage got = CleanFidResize.of(pixels, 299, 299);
    float[] free = CleanFidResize.unclipped(pixels, 299, 299).planes();
    int clipped = 0;
    double least = 255;
    double most = 0;
    for (int i = 0; i < free.length; i++) {
      clipped += free[i] == got.planes()[i] ? 0 : 1;
      least = Math.min(least, got.planes()[i]);
      most = Math.max(most, got.planes()[i]);
    }
    assertEquals(resized.get("clipped").asInt(), clipped, 2);
    assertEquals(resized.get("min").asDouble(), least, 1e-3);
    assertEquals(resized.get("max").asDouble(), most, 1e-3);
    for (int c = 0; c < 3; c++) {
      assertEquals(resized.get("pixel_150_149").get(c).asDouble(), got.at(c, 149, 150), 1e-3);
    }
  }

  /** Distances from the golden features. */
  @TestFactory
  Stream<DynamicTest> folders() throws IOException {
    JsonNode values = values();
    Map<String, List<double[]>> features = new LinkedHashMap<>();
    values
        .get("files")
        .properties()
        .forEach(
            e ->
                features
                    .computeIfAbsent(e.getKey().split("/")[0], f -> new ArrayList<>())
                    .add(
                        e.getValue()
                            .get("features")
                            .valueStream()
                            .mapToDouble(JsonNode::asDouble)
                            .toArray()));
    double[][] reference = features.remove("reference").toArray(double[][]::new);
    return features.entrySet().stream()
        .map(
            e ->
                dynamicTest(
                    e.getKey(),
                    () -> {
                      JsonNode wanted = values.get("folders").get(e.getKey());
                      double[][] images = e.getValue().toArray(double[][]::new);
                      assertEquals(
                          wanted.get("frechet").asDouble(), Frechet.of(reference, images), 1e-9);
                      assertEquals(wanted.get("kid").asDouble(), Kid.of(reference, images), 1e-9);
                    }));
  }
}
