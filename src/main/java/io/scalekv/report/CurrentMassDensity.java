package io.scalekv.report;

import io.scalekv.experiment.RunResult;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Figure of the density of a head's attention on the current map, small scales against large ones,
 * as figure 6a of ScaleKV. Scale 1 is left out: it has no prefix.
 */
final class CurrentMassDensity {
  private static final int BINS = 40;

  private CurrentMassDensity() {}

  /** Returns the figure of a measured run. */
  static Figure of(String title, RunResult.Attention attention) {
    int middle = attention.smallScales().get(1);
    int scales = attention.largeScales().get(1);
    return of(
        title, middle, scales, sample(attention, 1, middle), sample(attention, middle, scales));
  }

  /**
   * @param middle last of the small scales, from 1
   * @param scales K
   * @param small one share in [0, 1] per layer, scale and head
   * @param large shares at the large scales
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

  /** Returns the shares of all layers and heads at the scales from..to−1, 0-based. */
  static double[] sample(RunResult.Attention attention, int from, int to) {
    return attention.currentMass().stream()
        .flatMap(layer -> layer.subList(from, to).stream())
        .flatMap(List::stream)
        .mapToDouble(Double::doubleValue)
        .toArray();
  }

  /** Adds the histogram of a sample with an area of 1, drawn through the middles of its bins. */
  private static void add(
      List<LineFigure.Line> lines, String label, PolicyStyle style, double[] sample) {
    if (sample.length > 0) {
      double[] x = new double[BINS];
      double[] density = new double[BINS];
      Arrays.setAll(x, i -> (i + 0.5) / BINS);
      for (double v : sample) {
        density[Math.min(BINS - 1, (int) (v * BINS))] += (double) BINS / sample.length;
      }
      lines.add(LineFigure.Line.smooth(label, style, x, density));
    }
  }
}
