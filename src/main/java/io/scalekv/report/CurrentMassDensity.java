package io.scalekv.report;

import io.scalekv.experiment.CellResult;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Density of the share that heads give the current map, small scales against large ones: the form
 * of figure 6a of ScaleKV. Scale 1 is left out, which has nothing else to look at.
 */
final class CurrentMassDensity {
  private static final int POINTS = 401;

  private CurrentMassDensity() {}

  /** The figure of a measured cell. */
  static Figure of(String title, CellResult.Attention attention) {
    int middle = attention.smallScales().get(1);
    int scales = attention.largeScales().get(1);
    return of(
        title, middle, scales, sample(attention, 1, middle), sample(attention, middle, scales));
  }

  /**
   * @param middle last of the small scales, from 1
   * @param scales K
   * @param small one share in [0, 1] a layer, scale and head
   * @param large likewise
   */
  static Figure of(String title, int middle, int scales, double[] small, double[] large) {
    List<LineFigure.Line> lines = new ArrayList<>();
    add(lines, "scales 2 to " + middle, PolicyStyle.numbered(1), small);
    add(lines, "scales " + (middle + 1) + " to " + scales, PolicyStyle.numbered(0), large);
    return LineFigure.of(
        new LineFigure.Axes(
            title,
            "share of a head's attention on the current map (mean over rows and prompts)",
            "density over heads and layers",
            false),
        lines,
        List.of());
  }

  /** The shares of all layers and heads at the scales from..to−1, from 0. */
  static double[] sample(CellResult.Attention attention, int from, int to) {
    return attention.currentMass().stream()
        .flatMap(layer -> layer.subList(from, to).stream())
        .flatMap(List::stream)
        .mapToDouble(Double::doubleValue)
        .toArray();
  }

  private static void add(
      List<LineFigure.Line> lines, String label, PolicyStyle style, double[] sample) {
    if (sample.length > 0) {
      double[] x = new double[POINTS];
      Arrays.setAll(x, i -> (double) i / (POINTS - 1));
      KernelDensity density = KernelDensity.of(sample);
      lines.add(
          LineFigure.Line.smooth(label, style, x, Arrays.stream(x).map(density::at).toArray()));
    }
  }
}
