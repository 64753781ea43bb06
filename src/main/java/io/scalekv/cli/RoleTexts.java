package io.scalekv.cli;

import io.scalekv.roles.Calibration;
import io.scalekv.roles.LayerScale;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** Drafters for programs and for people. */
final class RoleTexts {
  /**
   * One drafter.
   *
   * @param layer from 0
   * @param scale from 1
   * @param map token map of the scale
   * @param confidence bootstrap probability of the role; null without a bootstrap
   */
  record Drafter(int layer, int scale, String map, Double confidence) {}

  private RoleTexts() {}

  /** Returns the drafters of a calibration, by scale, then layer. */
  static List<Drafter> drafters(Calibration calibration) {
    return calibration.roles().assignment().drafters().stream()
        .map(pair -> drafter(calibration, pair))
        .toList();
  }

  private static Drafter drafter(Calibration c, LayerScale pair) {
    double confidence = c.roles().confidence(pair.layer(), pair.scale());
    return new Drafter(
        pair.layer(),
        pair.scale() + 1,
        c.model().schedule().map(pair.scale()).toString(),
        Double.isNaN(confidence) ? null : confidence);
  }

  /** Returns the drafters in one line. */
  static String line(List<Drafter> drafters) {
    return drafters.isEmpty()
        ? "none"
        : drafters.stream()
            .map(
                d ->
                    "layer %d at scale %d (%s)%s"
                        .formatted(
                            d.layer(),
                            d.scale(),
                            d.map(),
                            d.confidence() == null
                                ? ""
                                : String.format(Locale.ROOT, ", confidence %.2f", d.confidence())))
            .collect(Collectors.joining("; "));
  }
}
