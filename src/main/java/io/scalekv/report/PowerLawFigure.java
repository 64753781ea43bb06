package io.scalekv.report;

import io.scalekv.experiment.bench.PowerLaw;
import java.awt.BasicStroke;
import java.awt.Graphics2D;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.markers.Marker;
import org.knowm.xchart.style.markers.SeriesMarkers;

/**
 * Points with the power laws fitted to them; equal steps are doublings on both axes, so that a law
 * is a straight line and its exponent the slope.
 */
final class PowerLawFigure implements Figure {
  /**
   * Points and their law.
   *
   * @param name in the legend, with the law's exponent behind it
   * @param x above 0, ascending
   * @param y above 0
   */
  record Series(String name, double[] x, double[] y, PowerLaw law) {}

  private static final int WIDTH = 820;
  private static final int HEIGHT = 420;
  private static final int DIGITS = 3;
  private static final double WHOLE = 100;
  private static final Marker[] MARKERS = {
    SeriesMarkers.CIRCLE, SeriesMarkers.SQUARE, SeriesMarkers.DIAMOND, SeriesMarkers.TRIANGLE_UP
  };

  private final XYChart chart;

  private PowerLawFigure(XYChart chart) {
    this.chart = chart;
  }

  /**
   * A figure.
   *
   * @param title above it
   * @param xAxis name and unit
   * @param yAxis name and unit
   * @param series at least one
   */
  static PowerLawFigure of(String title, String xAxis, String yAxis, List<Series> series) {
    Fonts.require();
    XYChart chart =
        new XYChartBuilder()
            .width(WIDTH)
            .height(HEIGHT)
            .title(title)
            .xAxisTitle(xAxis)
            .yAxisTitle(yAxis)
            .build();
    style(chart);
    for (int i = 0; i < series.size(); i++) {
      Series s = series.get(i);
      PolicyStyle style = PolicyStyle.numbered(i);
      double[] line = Arrays.stream(s.x()).map(s.law()::at).toArray();
      XYSeries law = chart.addSeries(legend(s), logs(s.x()), logs(line));
      law.setLineColor(style.color());
      law.setLineStyle(new BasicStroke(1.8f, BasicStroke.CAP_BUTT, BasicStroke.JOIN_ROUND));
      law.setMarker(SeriesMarkers.NONE);
      XYSeries points = chart.addSeries("\u0000" + i, logs(s.x()), logs(s.y()));
      points.setShowInLegend(false);
      points.setXYSeriesRenderStyle(XYSeries.XYSeriesRenderStyle.Scatter);
      points.setMarker(MARKERS[style.marker()]);
      points.setMarkerColor(style.color());
    }
    return new PowerLawFigure(chart);
  }

  /** The name, the exponent and its interval. */
  static String legend(Series s) {
    PowerLaw p = s.law();
    String exponent = String.format(Locale.ROOT, "%s: x^%.2f", s.name(), p.exponent());
    return Double.isNaN(p.low())
        ? exponent
        : exponent + String.format(Locale.ROOT, " [%.2f, %.2f]", p.low(), p.high());
  }

  private static double[] logs(double[] values) {
    return Arrays.stream(values).map(v -> Math.log(v) / Math.log(2)).toArray();
  }

  private static void style(XYChart chart) {
    ChartStyle.apply(chart);
    chart.getStyler().setXAxisTickLabelsFormattingFunction(PowerLawFigure::powerOfTwo);
    chart.getStyler().setYAxisTickLabelsFormattingFunction(PowerLawFigure::powerOfTwo);
  }

  /** The number itself, of three digits where it is small: ticks need not be whole exponents. */
  static String powerOfTwo(double exponent) {
    double value = Math.pow(2, exponent);
    return value >= WHOLE
        ? Long.toString(Math.round(value))
        : BigDecimal.valueOf(value)
            .round(new MathContext(DIGITS))
            .stripTrailingZeros()
            .toPlainString();
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
