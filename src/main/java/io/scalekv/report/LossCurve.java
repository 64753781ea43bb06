package io.scalekv.report;

import java.awt.Color;
import java.awt.Graphics2D;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.style.Styler;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** The loss of a training run against its updates, from the CSV that the trainer writes. */
public final class LossCurve implements Figure {
  private static final int WIDTH = 720;
  private static final int HEIGHT = 420;
  private static final double SMOOTHING = 0.1;

  private final XYChart chart;

  private LossCurve(XYChart chart) {
    this.chart = chart;
  }

  /**
   * Reads a curve.
   *
   * @param csv with the columns step and loss (nats a bit) first
   * @param title what was trained
   */
  public static LossCurve ofCsv(Path csv, String title) throws IOException {
    return ofCsv(csv, title, "loss (nats a bit, maps weighted by side)");
  }

  /**
   * Reads a curve.
   *
   * @param csv with the columns step and loss first
   * @param title what was trained
   * @param axis what the loss is
   */
  public static LossCurve ofCsv(Path csv, String title, String axis) throws IOException {
    Fonts.require();
    List<String> lines = Files.readAllLines(csv);
    List<Double> steps = new ArrayList<>();
    List<Double> loss = new ArrayList<>();
    List<Double> smooth = new ArrayList<>();
    double mean = Double.NaN;
    for (String line : lines.subList(1, lines.size())) {
      String[] cells = line.split(",");
      double value = Double.parseDouble(cells[1]);
      mean = Double.isNaN(mean) ? value : mean + SMOOTHING * (value - mean);
      steps.add(Double.valueOf(cells[0]));
      loss.add(value);
      smooth.add(mean);
    }
    if (steps.isEmpty()) {
      throw new IllegalArgumentException(csv + ": at least one line expected, got none");
    }
    XYChart chart =
        new XYChartBuilder()
            .width(WIDTH)
            .height(HEIGHT)
            .title(title)
            .xAxisTitle("updates")
            .yAxisTitle(axis)
            .build();
    chart.getStyler().setLegendPosition(Styler.LegendPosition.OutsideE);
    chart.getStyler().setChartBackgroundColor(Color.WHITE);
    chart.getStyler().setPlotGridLinesColor(new Color(0xdddddd));
    chart.getStyler().setBaseFont(Fonts.plain(12));
    chart.getStyler().setAxisTitleFont(Fonts.plain(12));
    chart.getStyler().setAxisTickLabelsFont(Fonts.plain(11));
    chart.getStyler().setLegendFont(Fonts.plain(11));
    chart.getStyler().setChartTitleFont(Fonts.bold(13));
    chart
        .addSeries("logged", steps, loss)
        .setMarker(SeriesMarkers.NONE)
        .setLineColor(new Color(0xa6cbe3))
        .setLineWidth(1);
    chart
        .addSeries("smoothed", steps, smooth)
        .setMarker(SeriesMarkers.NONE)
        .setLineColor(new Color(0x1f4e79))
        .setLineWidth(2);
    return new LossCurve(chart);
  }

  /** Writes a PNG of twice the nominal size, whole or not at all. */
  public void writePng(Path file) throws IOException {
    FigureFile.png(this, file);
  }

  @Override
  public int width() {
    return WIDTH;
  }

  @Override
  public int height() {
    return HEIGHT;
  }

  @Override
  public void paint(Graphics2D g) {
    chart.paint(g, WIDTH, HEIGHT);
  }
}
