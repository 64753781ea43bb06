package io.scalekv.report;

import io.scalekv.cache.BudgetPlan;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.roles.Orientation;
import io.scalekv.roles.RoleAssignment;
import io.scalekv.roles.RolesDocument;
import java.util.Locale;

/**
 * Heat map of the z-scores of a calibration with its drafters outlined. Blue is below the mean of a
 * scale, orange above; colours saturate at ±3 standard deviations.
 */
public final class RoleHeatMap {
  private static final double MOST_SATURATED = 3;

  private RoleHeatMap() {}

  /** Returns the heat map of a calibration. */
  public static LayerScaleMap of(RolesDocument document) {
    double[][] z = document.zTable();
    RoleAssignment roles = document.assignment();
    boolean[][] drafters = new boolean[z.length][z[0].length];
    String[][] texts = new String[z.length][z[0].length];
    double most = 0;
    for (int l = 0; l < z.length; l++) {
      for (int k = 0; k < z[l].length; k++) {
        drafters[l][k] = roles.isDrafter(l, k);
        texts[l][k] = drafters[l][k] ? "D" : null;
        most = Double.isNaN(z[l][k]) ? most : Math.max(most, Math.abs(z[l][k]));
      }
    }
    double ends = Math.max(1, Math.min(MOST_SATURATED, Math.ceil(2 * most) / 2));
    boolean lowest = document.metric().drafters() == Orientation.LOWEST;
    return LayerScaleMap.of(
            document.model().name() + ": drafters and refiners by " + document.metric().name(), z)
        .notes(
            provenance(document),
            ranked(document),
            "D, outlined: drafter ("
                + (lowest ? "blue" : "orange")
                + " end); others: refiner;"
                + " crossed out: undefined, no prefix")
        .scales(document.schedule(), 0)
        .colours(Palette.DIVERGING, -ends, ends)
        .unit("z-score (standard deviations)")
        .texts(texts)
        .outlined(drafters)
        .build();
  }

  private static String provenance(RolesDocument document) {
    RolesDocument.Calibration c = document.calibration();
    String budget = document.budget().request();
    return String.format(
        Locale.ROOT,
        "%s · budget %s%s per layer and head",
        c == null ? "imported" : c.promptCount() == 1 ? "1 prompt" : c.promptCount() + " prompts",
        budget,
        budget.endsWith("t") ? "" : " = " + document.budget().tokens() + " tokens");
  }

  private static String ranked(RolesDocument document) {
    ScaleSchedule schedule = document.schedule();
    int first = BudgetPlan.firstCutScale(schedule, document.budget().tokens());
    int pairs = document.model().layers() * (schedule.scales() - first);
    return pairs == 0
        ? "no scale reads a compressed cache"
        : String.format(
            Locale.ROOT,
            "%d drafters of %d layer–scale pairs that read a compressed cache, from scale %s on",
            document.budget().drafters(),
            pairs,
            LayerScaleMap.scale(schedule.maps(), first));
  }
}
