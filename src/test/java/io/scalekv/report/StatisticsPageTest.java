package io.scalekv.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.cache.Allocation;
import io.scalekv.cache.BudgetPlan;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.profile.AttentionProfile;
import io.scalekv.profile.LayerStatistic;
import io.scalekv.profile.LayerStatistics;
import io.scalekv.profile.Profiles;
import io.scalekv.roles.CalibratedModel;
import io.scalekv.roles.Calibration;
import io.scalekv.roles.CalibrationPart;
import io.scalekv.roles.ClassifiedRoles;
import io.scalekv.roles.RoleBootstrap;
import io.scalekv.roles.RoleClassifier;
import io.scalekv.roles.RoleRule;
import io.scalekv.roles.Roles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Pages of {@code calibrate} and {@code profile}. */
final class StatisticsPageTest {
  private static final ScaleSchedule MAPS = ScaleSchedule.ofSides(1, 2, 4, 6);
  private static final int BUDGET = 9;

  @TempDir Path folder;

  static AttentionProfile profile(int prompts) {
    return Profiles.random(7, 6, 2, MAPS, prompts);
  }

  static Calibration calibration(AttentionProfile profile) {
    LayerStatistics table = LayerStatistics.of(profile);
    RoleRule rule =
        new RoleRule(
            LayerStatistic.CURRENT_RATIO,
            BudgetPlan.firstCutScale(MAPS, BUDGET),
            RoleClassifier.of("rank", OptionalInt.of(2), 0));
    ClassifiedRoles classified = rule.roles(table);
    Allocation released = new Allocation.Released();
    int layers = table.layers();
    return Calibration.empty(
            Instant.EPOCH,
            new CalibratedModel("<toy> & more", "random:1", layers, 2, MAPS),
            Map.of("prompts", String.valueOf(table.prompts()), "seed", "0"),
            Map.of("scalekv", "1"))
        .with(
            CalibrationPart.ROLES,
            Roles.of(
                classified,
                "5%",
                table.prompts() < 2 ? null : RoleBootstrap.of(table, rule, 50, 0),
                BUDGET + "t",
                released,
                BudgetPlan.of(MAPS, BUDGET, classified.assignment().mask(), released)));
  }

  @Test
  void aCalibrationSaysWhatIsUnsure() throws IOException {
    AttentionProfile profile = profile(4);
    String page = StatisticsPage.of(calibration(profile), profile);
    assertTrue(page.contains("Which layers of &lt;toy&gt; &amp; more need a large cache?"));
    assertTrue(page.contains("few images (4)"), "random values settle nothing");
    for (String heading : List.of("Roles", "Confidence", "Dispersion", "Budgets", "Provenance")) {
      assertTrue(page.contains("<h2>" + heading + "</h2>"), heading);
    }
    assertFalse(page.contains("<toy>") || page.contains("{{"));
  }

  /** One caption has no confidence and no dispersion. */
  @Test
  void oneCaption() throws IOException {
    AttentionProfile profile = profile(1);
    String page = StatisticsPage.of(calibration(profile), profile);
    assertTrue(page.contains("a single image"));
    assertFalse(page.contains("<h2>Confidence</h2>") || page.contains("<h2>Dispersion</h2>"));
  }

  @Test
  void anAtlasHasAllFiguresOnItsPage() throws IOException {
    List<Path> files =
        AttentionAtlas.of("toy", profile(3)).write(List.of(), Map.of("seed", "0"), folder);
    Path file = files.get(files.size() - 1);
    assertEquals("report.html", file.getFileName().toString());
    String page = Files.readString(file);
    assertEquals(6, page.split("<img ", -1).length - 1, "five figures and the dispersion");
    assertTrue(page.contains("What do the 6 layers of toy attend to at 4 scales?"), page);
    assertTrue(page.length() < HtmlReport.MOST_BYTES);
  }
}
