package io.scalekv.report;

import io.scalekv.io.Require;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Figure of the loss of a training run against its updates, from the CSV of the trainer. */
public final class LossCurve {
  private static final double SMOOTHING = 0.1;

  private LossCurve() {}

  /**
   * Reads a curve.
   *
   * @param csv with the columns step and loss first
   * @param axis name and unit of the loss
   */
  public static Figure ofCsv(Path csv, String title, String axis) throws IOException {
    List<String> lines = Files.readAllLines(csv);
    Require.that(lines.size() > 1, "%s must have at least one line of values, got none", csv);
    int n = lines.size() - 1;
    double[] steps = new double[n];
    double[] loss = new double[n];
    double[] smooth = new double[n];
    for (int i = 0; i < n; i++) {
      String[] runs = lines.get(i + 1).split(",");
      steps[i] = Double.parseDouble(runs[0]);
      loss[i] = Double.parseDouble(runs[1]);
      smooth[i] = i == 0 ? loss[i] : smooth[i - 1] + SMOOTHING * (loss[i] - smooth[i - 1]);
    }
    return LineFigure.of(
        new LineFigure.Axes(title, "updates", axis, false),
        List.of(
            LineFigure.Line.smooth("logged", PolicyStyle.numbered(4), steps, loss),
            LineFigure.Line.smooth("smoothed", PolicyStyle.numbered(1), steps, smooth)),
        List.of());
  }
}
