package io.scalekv.report;

import io.scalekv.io.Require;
import io.scalekv.metrics.Interval;
import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.geom.Line2D;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import org.knowm.xchart.AnnotationText;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.Styler;
import org.knowm.xchart.style.markers.Marker;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** Figure of lines with error bars against a quantity. */
public final class LineFigure implements Figure {
  /**
   * Line of a figure.
   *
   * @param name in the legend
   * @param style colour and marker
   * @param x ascending, except for points
   * @param y values; NaN points are left out
   * @param low lower ends of error bars; NaN for none
   * @param high upper ends
   * @param form how it is drawn
   */
  public record Line(
      String name,
      PolicyStyle style,
      double[] x,
      double[] y,
      double[] low,
      double[] high,
      Form form) {
    /** Form of a line. */
    public enum Form {
      /** Line without markers. */
      SMOOTH,
      /** Markers without a line. */
      POINTS,
      /** Markers joined by a line. */
      JOINED
    }

    /** Returns a line with markers at means, with their intervals as error bars. */
    public static Line joined(String name, PolicyStyle style, double[] x, List<Interval> y) {
      return new Line(
          name,
          style,
          x,
          y.stream().mapToDouble(Interval::mean).toArray(),
          y.stream().mapToDouble(Interval::low).toArray(),
          y.stream().mapToDouble(Interval::high).toArray(),
          Form.JOINED);
    }

    /** Returns a line without markers. */
    public static Line smooth(String name, PolicyStyle style, double[] x, double[] y) {
      return new Line(name, style, x, y, none(x.length), none(x.length), Form.SMOOTH);
    }

    /** Returns markers without a line. */
    public static Line points(String name, PolicyStyle style, double[] x, double[] y) {
      return new Line(name, style, x, y, none(x.length), none(x.length), Form.POINTS);
    }

    private static double[] none(int n) {
      double[] none = new double[n];
      Arrays.fill(none, Double.NaN);
      return none;
    }

    boolean marked() {
      return form != Form.SMOOTH;
    }
  }

  /** Reference level, drawn across the whole figure. */
  public record Level(String name, double y) {}

  /**
   * Titles of a figure and its axes.
   *
   * @param doublings whether equal steps to the right are doublings
   */
  public record Axes(String title, String x, String y, boolean doublings) {}

  /** Text above a point. */
  public record Label(String text, double x, double y) {}

  private static final int WIDTH = 760;
  private static final int HEIGHT = 420;
  private static final double LABEL_ABOVE = 0.035;
  private static final Color GRID = new Color(0xdddddd);
  private static final Color LEVEL = new Color(0x777777);
  private static final Marker[] MARKERS = {
    SeriesMarkers.CIRCLE, SeriesMarkers.SQUARE, SeriesMarkers.DIAMOND, SeriesMarkers.TRIANGLE_UP
  };

  /** End of an error bar. */
  private static final class Cap extends Marker {
    @Override
    public void paint(Graphics2D g, double x, double y, int size) {
      g.setStroke(new BasicStroke(1.2f));
      g.draw(new Line2D.Double(x - 3.5, y, x + 3.5, y));
    }
  }

  private final XYChart chart;

  private LineFigure(XYChart chart) {
    this.chart = chart;
  }

  /**
   * Returns a figure of lines and levels.
   *
   * @throws IllegalArgumentException if no point of any line is a number
   */
  public static LineFigure of(Axes axes, List<Line> lines, List<Level> levels) {
    return of(axes, lines, levels, List.of());
  }

  /** Returns a figure of lines, levels and texts above points. */
  public static LineFigure of(Axes axes, List<Line> lines, List<Level> levels, List<Label> labels) {
    Brush.requireFonts();
    XYChart chart =
        new XYChartBuilder()
            .width(WIDTH)
            .height(HEIGHT)
            .title(axes.title())
            .xAxisTitle(axes.x())
            .yAxisTitle(axes.y())
            .build();
    style(chart);
    double from = Double.POSITIVE_INFINITY;
    double to = Double.NEGATIVE_INFINITY;
    int bars = 0;
    for (Line line : lines) {
      int[] defined = defined(line);
      if (defined.length == 0) {
        continue;
      }
      double[] x =
          Arrays.stream(defined).mapToDouble(i -> place(line.x()[i], axes.doublings())).toArray();
      double[] y = Arrays.stream(defined).mapToDouble(i -> line.y()[i]).toArray();
      from = Math.min(from, Arrays.stream(x).min().orElse(from));
      to = Math.max(to, Arrays.stream(x).max().orElse(to));
      XYSeries series = chart.addSeries(unique(chart, line.name()), x, y);
      series.setLineColor(line.style().color());
      series.setLineStyle(
          line.style().dashed()
              ? new BasicStroke(
                  1.8f, BasicStroke.CAP_BUTT, BasicStroke.JOIN_ROUND, 1, new float[] {6, 3}, 0)
              : new BasicStroke(1.8f, BasicStroke.CAP_BUTT, BasicStroke.JOIN_ROUND));
      series.setMarker(line.marked() ? MARKERS[line.style().marker()] : SeriesMarkers.NONE);
      series.setMarkerColor(line.style().color());
      if (line.form() == Line.Form.POINTS) {
        series.setXYSeriesRenderStyle(XYSeries.XYSeriesRenderStyle.Scatter);
      }
      for (int i = 0; i < x.length; i++) {
        double low = line.low()[defined[i]];
        double high = line.high()[defined[i]];
        if (!Double.isNaN(low) && !Double.isNaN(high)) {
          errorBar(chart, line.style().color(), x[i], low, high, bars++);
        }
      }
    }
    Require.that(from <= to, "figure '%s' must have at least one number, got none", axes.title());
    if (axes.doublings()) {
      boolean wide = to - from >= 2;
      chart
          .getStyler()
          .setXAxisTickLabelsFormattingFunction(e -> wide ? powerOfTwo(e) : ofExponent(e));
    }
    for (int i = 0; i < levels.size(); i++) {
      level(chart, levels.get(i), i, from, from == to ? from + 1 : to);
    }
    label(chart, labels, axes.doublings());
    return new LineFigure(chart);
  }

  private static void label(XYChart chart, List<Label> labels, boolean doublings) {
    double low = labels.stream().mapToDouble(Label::y).min().orElse(0);
    double high = labels.stream().mapToDouble(Label::y).max().orElse(0);
    chart.getStyler().setAnnotationTextFont(Brush.bold(11));
    for (Label l : labels) {
      double above = l.y() + LABEL_ABOVE * (high - low);
      chart.addAnnotation(new AnnotationText(l.text(), place(l.x(), doublings), above, false));
    }
  }

  private static double place(double x, boolean doublings) {
    return doublings ? Math.log(x) / Math.log(2) : x;
  }

  private static void style(XYChart chart) {
    chart.getStyler().setLegendPosition(Styler.LegendPosition.OutsideE);
    chart.getStyler().setLegendBorderColor(Color.WHITE);
    chart.getStyler().setLegendFont(Brush.plain(11));
    chart.getStyler().setChartBackgroundColor(Color.WHITE);
    chart.getStyler().setChartTitleFont(Brush.bold(13));
    chart.getStyler().setChartPadding(12);
    chart.getStyler().setBaseFont(Brush.plain(12));
    chart.getStyler().setLocale(Locale.ROOT);
    chart.getStyler().setMarkerSize(7);
    chart.getStyler().setPlotGridLinesColor(GRID);
    chart.getStyler().setPlotBorderColor(GRID);
    chart.getStyler().setAxisTitleFont(Brush.plain(12));
    chart.getStyler().setAxisTickLabelsFont(Brush.plain(11));
    chart.getStyler().setXAxisDecimalPattern("0.###");
    chart.getStyler().setYAxisDecimalPattern("0.#####");
  }

  /** Returns a power of 2 with four digits. */
  static String ofExponent(double exponent) {
    return new BigDecimal(Math.pow(2, exponent))
        .round(new MathContext(4))
        .stripTrailingZeros()
        .toPlainString();
  }

  /** Returns a whole power of 2, else nothing: XChart thins out ticks with equal labels. */
  static String powerOfTwo(double exponent) {
    if (Math.abs(exponent - Math.rint(exponent)) >= 1e-6) {
      return "";
    }
    return BigDecimal.valueOf(Math.pow(2, Math.rint(exponent)))
        .stripTrailingZeros()
        .toPlainString();
  }

  private static int[] defined(Line line) {
    return IntStream.range(0, line.x().length).filter(i -> Double.isFinite(line.y()[i])).toArray();
  }

  private static String unique(XYChart chart, String name) {
    String free = name;
    for (int i = 2; chart.getSeries(free) != null; i++) {
      free = name + " (" + i + ")";
    }
    return free;
  }

  /** Draws an error bar; those of XChart are symmetric. */
  private static void errorBar(
      XYChart chart, Color color, double x, double low, double high, int number) {
    XYSeries bar =
        chart.addSeries("\u0000" + number, new double[] {x, x}, new double[] {low, high});
    bar.setShowInLegend(false);
    bar.setLineColor(color);
    bar.setLineStyle(new BasicStroke(1.2f));
    bar.setMarker(new Cap());
    bar.setMarkerColor(color);
  }

  private static void level(XYChart chart, Level level, int i, double from, double to) {
    XYSeries series =
        chart.addSeries(
            unique(chart, level.name()),
            new double[] {from, to},
            new double[] {level.y(), level.y()});
    float[] dashes = {2 + 3 * i, 3};
    series.setLineColor(LEVEL);
    series.setLineStyle(
        new BasicStroke(1.4f, BasicStroke.CAP_BUTT, BasicStroke.JOIN_ROUND, 1, dashes, 0));
    series.setMarker(SeriesMarkers.NONE);
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
