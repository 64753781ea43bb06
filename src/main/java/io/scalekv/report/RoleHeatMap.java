package io.scalekv.report;

import io.scalekv.cache.BudgetPlan;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.roles.Calibration;
import io.scalekv.roles.LayerScale;
import io.scalekv.roles.Orientation;
import io.scalekv.roles.RoleAssignment;
import io.scalekv.roles.UnsureRole;
import java.util.Arrays;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Heat map of the z-scores of a calibration with its drafters outlined. Blue is below the mean of a
 * scale, orange above; colours saturate at ±3 standard deviations.
 */
public final class RoleHeatMap {
  /** Content in words. */
  static final String ALT = "drafters and refiners by layer and scale";

  private static final double MOST_SATURATED = 3;

  private RoleHeatMap() {}

  /** Returns the heat map of a calibration. */
  public static LayerScaleMap of(Calibration calibration) {
    double[][] z = calibration.roles().statistics().z();
    RoleAssignment roles = calibration.roles().assignment();
    Set<LayerScale> unsure =
        UnsureRole.of(calibration).stream()
            .filter(UnsureRole::isResampled)
            .map(UnsureRole::pair)
            .collect(Collectors.toSet());
    double most =
        Arrays.stream(z)
            .flatMapToDouble(Arrays::stream)
            .filter(v -> !Double.isNaN(v))
            .map(Math::abs)
            .max()
            .orElse(0);
    double ends = Math.max(1, Math.min(MOST_SATURATED, Math.ceil(2 * most) / 2));
    boolean lowest = calibration.roles().statistics().orientation() == Orientation.LOWEST;
    return LayerScaleMap.of(
            calibration.model().name()
                + ": drafters and refiners by "
                + calibration.roles().statistics().name(),
            z)
        .notes(
            provenance(calibration),
            ranked(calibration),
            "D, outlined: drafter ("
                + (lowest ? "blue" : "orange")
                + " end); others: refiner; ?: unsure,"
                + " confidence below 0.8",
            "pale: not ranked; crossed out: undefined, no prefix")
        .scales(calibration.model().schedule(), 0)
        .colours(Palette.DIVERGING, -ends, ends)
        .unit("z-score (standard deviations)")
        .texts(
            (l, k) ->
                (roles.isDrafter(l, k) ? "D" : "")
                    + (unsure.contains(new LayerScale(l, k)) ? "?" : ""))
        .outlined(roles::isDrafter)
        .faded(k -> k < calibration.roles().firstCutScale())
        .build();
  }

  private static String provenance(Calibration calibration) {
    String prompts = calibration.source().get("prompts");
    String budget = calibration.roles().request();
    return String.format(
        Locale.ROOT,
        "%s · budget %s%s per layer and head",
        prompts == null ? "imported" : prompts.equals("1") ? "1 prompt" : prompts + " prompts",
        budget,
        budget.endsWith("t") ? "" : " = " + calibration.roles().budgetTokens() + " tokens");
  }

  private static String ranked(Calibration calibration) {
    ScaleSchedule schedule = calibration.model().schedule();
    int first = BudgetPlan.firstCutScale(schedule, calibration.roles().budgetTokens());
    int pairs = calibration.model().layers() * (schedule.scales() - first);
    return pairs == 0
        ? "no scale reads a compressed cache"
        : String.format(
            Locale.ROOT,
            "%d drafters of %d layer–scale pairs that read a compressed cache, from scale %s on",
            calibration.roles().assignment().drafters().size(),
            pairs,
            LayerScaleMap.scale(schedule.maps(), first));
  }
}
