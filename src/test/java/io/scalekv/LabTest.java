package io.scalekv;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.cache.CacheType;
import io.scalekv.experiment.folders.FolderScores;
import io.scalekv.image.RgbImage;
import io.scalekv.model.LoadOptions;
import io.scalekv.model.ModelChoice;
import io.scalekv.model.RandomWeights;
import io.scalekv.roles.Calibration;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class LabTest {
  private static final String CIRCLE =
      "a large solid red circle at center on a plain blue background";
  private static final String SQUARE =
      "a small striped green square at left on a plain white background";

  private static Lab lab;

  @BeforeAll
  static void open() {
    lab = Lab.open("pocket");
  }

  @AfterAll
  static void close() {
    lab.close();
  }

  @Test
  void policyDrawsAnImageInOneLine() {
    RgbImage image = lab.policy("snapkv").budget("10%").draw(CIRCLE);
    assertEquals(64, image.width());
    assertNotEquals(lab.draw(CIRCLE), image);
    assertEquals(image, lab.policy("snapkv").draw(List.of(SQUARE, CIRCLE)).get(1));
  }

  @Test
  void foldersAreScoredWithoutAModel() throws IOException {
    Path golden = Path.of("src/test/resources/io/scalekv/score");
    FolderScores scores =
        Lab.score(golden.resolve("reference"), List.of(golden.resolve("candidate_a")));
    assertEquals(5, scores.candidates().get(0).pairs().size());
    assertEquals(8, scores.rows().size(), "one folder and seven rulers");
  }

  @Test
  void seedsDrawDifferentImages() {
    Lab two = lab.with(lab.drawing().withSeed(3).withSeeds(2));
    List<RgbImage> images = two.draw(List.of(CIRCLE));
    assertEquals(2, images.size());
    assertNotEquals(images.get(0), images.get(1));
    assertEquals(lab.with(lab.drawing().withSeed(4)).draw(CIRCLE), images.get(1));
  }

  @Test
  void comparisonScoresAgainstTheFullCache() {
    Lab.Comparison full = lab.policy("full").compare(List.of(CIRCLE));
    assertEquals(full.reference(), full.images());
    assertEquals(full.fullKvBytes(), full.usage().kvBytes());
    Lab.Comparison c = lab.policy("scalekv").budget("20%").compare(List.of(CIRCLE, SQUARE));
    double db = c.scores().get("psnr").mean();
    assertTrue(db > 15 && db < 60, "PSNR " + db);
    assertTrue(c.usage().peakKvBytes() < c.fullKvBytes());
  }

  @Test
  void bytesFitIncludingTheFormats() {
    for (CacheType type : CacheType.values()) {
      Lab.PolicyRun run = lab.policy("snapkv").types(type, type).budget("600kB");
      assertTrue(run.compare(List.of(CIRCLE)).usage().peakKvBytes() <= 600_000, type.toString());
    }
  }

  @Test
  void calibrationOfPromptsIsUsed() {
    Calibration roles = lab.calibrate(List.of(CIRCLE, SQUARE), "10%");
    assertEquals("pocket", roles.model().name());
    lab.with(roles).policy("scalekv").draw(CIRCLE);
    try (Lab bare =
        Lab.open(
            new ModelChoice("pocket", null, RandomWeights.parse("1,2x32x2")),
            LoadOptions.of(false))) {
      assertTrue(bare.calibration().isEmpty());
      assertThrows(IllegalArgumentException.class, bare.policy("scalekv")::cache);
    }
  }

  @Test
  void wrongNamesAreRefusedAtOnce() {
    assertThrows(IllegalArgumentException.class, () -> Lab.open("nowhere"));
    assertThrows(IllegalArgumentException.class, () -> Lab.open("infinity-2b"));
    assertThrows(IllegalArgumentException.class, () -> lab.policy("snapkw"));
    Lab.PolicyRun run = lab.policy("snapkv");
    assertThrows(IllegalArgumentException.class, () -> run.budget("ten"));
  }
}
