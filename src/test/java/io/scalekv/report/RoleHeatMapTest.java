package io.scalekv.report;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.cache.Allocation;
import io.scalekv.cache.BudgetPlan;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.image.Fonts;
import io.scalekv.roles.CalibratedModel;
import io.scalekv.roles.Calibration;
import io.scalekv.roles.CalibrationPart;
import io.scalekv.roles.ClassifiedRoles;
import io.scalekv.roles.Orientation;
import io.scalekv.roles.RoleClassifier;
import io.scalekv.roles.RoleStatistics;
import io.scalekv.roles.Roles;
import java.awt.image.BufferedImage;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Random;
import javax.imageio.ImageIO;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RoleHeatMapTest {
  private static final ScaleSchedule POCKET = ScaleSchedule.ofSides(1, 2, 4, 6, 8, 12, 16);
  private static final ScaleSchedule MEGAPIXEL =
      ScaleSchedule.ofSides(1, 2, 4, 6, 8, 12, 16, 20, 24, 32, 40, 48, 64);

  @TempDir Path folder;

  private static Calibration document(
      String model, int layers, ScaleSchedule schedule, int budget, long seed) {
    Random random = new Random(seed);
    int scales = schedule.scales();
    double[][] metric = new double[layers][scales];
    double[] base = random.doubles(layers, 0, 1).toArray();
    for (int l = 0; l < layers; l++) {
      for (int k = 0; k < scales; k++) {
        metric[l][k] = k == 0 ? Double.NaN : base[l] + 0.4 * random.nextGaussian();
      }
    }
    int first = BudgetPlan.firstCutScale(schedule, budget);
    ClassifiedRoles roles =
        RoleClassifier.of("rank", OptionalInt.empty(), 0)
            .classify(new RoleStatistics("asi", metric, Orientation.LOWEST, first, Map.of()));
    Allocation released = new Allocation.Released();
    BudgetPlan plan = BudgetPlan.of(schedule, budget, roles.assignment().mask(), released);
    return Calibration.empty(
            Instant.EPOCH,
            new CalibratedModel(model, "random:1", layers, 4, schedule),
            Map.of("prompts", "10"),
            Map.of())
        .with(CalibrationPart.ROLES, Roles.of(roles, "5%", null, "10%", released, plan));
  }

  @ParameterizedTest
  @CsvSource({"pocket, 12, 27", "infinity-2b, 32, 650", "one, 1, 300"})
  void pngAndSvgAreWholeAndRepeat(String model, int layers, int budget) throws Exception {
    Calibration document = document(model, layers, layers == 32 ? MEGAPIXEL : POCKET, budget, 3);
    Path png = folder.resolve("figures/roles.png");
    Path svg = folder.resolve("figures/roles.svg");
    RoleHeatMap.of(document).write(png.getParent(), "roles");
    byte[] pngBytes = Files.readAllBytes(png);
    byte[] svgBytes = Files.readAllBytes(svg);
    RoleHeatMap.of(document).write(png.getParent(), "roles");
    assertArrayEquals(pngBytes, Files.readAllBytes(png));
    assertArrayEquals(svgBytes, Files.readAllBytes(svg));

    BufferedImage image = ImageIO.read(png.toFile());
    assertTrue(image.getWidth() >= 1200, "width " + image.getWidth());
    String text = Files.readString(svg);
    assertEquals(
        "svg",
        DocumentBuilderFactory.newInstance()
            .newDocumentBuilder()
            .parse(svg.toFile())
            .getDocumentElement()
            .getTagName());
    assertTrue(text.contains(model + ": drafters and refiners by asi"), "title");
    assertTrue(text.contains("10 prompts"), "prompts");
    assertTrue(text.contains(">5 (8×8)<"), "scale label");
    int marks = text.split(">D<", -1).length - 1;
    assertEquals(document.roles().assignment().drafters().size(), marks, "one D per drafter");
  }

  @Test
  void aMachineWithoutFontsIsTold() {
    UncheckedIOException error =
        assertThrows(
            UncheckedIOException.class,
            () ->
                Fonts.needed(
                    () -> {
                      throw new NoClassDefFoundError("sun.awt.X11FontManager");
                    }));
    String message = error.getCause().getMessage();
    assertTrue(message.endsWith("install fontconfig and fonts-dejavu-core"), message);
    Brush.requireFonts();
  }
}
