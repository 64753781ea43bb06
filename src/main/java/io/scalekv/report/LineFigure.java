package io.scalekv.report;

import io.scalekv.io.Require;
import io.scalekv.metrics.Interval;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.geom.AffineTransform;
import java.awt.geom.Line2D;
import java.awt.geom.Rectangle2D;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.markers.Marker;
import org.knowm.xchart.style.markers.SeriesMarkers;

/**
 * Figure of lines with error bars against a quantity, each line named at its end; more than {@value
 * #MOST_LINES} lines become small multiples, one panel a line with the others in grey. Points stand
 * where they were measured.
 */
public final class LineFigure implements Figure {
  /**
   * Line of a figure.
   *
   * @param x ascending, except for points
   * @param y values; NaN points are left out
   * @param low lower ends of error bars; NaN for none
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
      return bare(name, style, x, y, Form.SMOOTH);
    }

    /** Returns markers without a line. */
    public static Line points(String name, PolicyStyle style, double[] x, double[] y) {
      return bare(name, style, x, y, Form.POINTS);
    }

    private static Line bare(String name, PolicyStyle style, double[] x, double[] y, Form form) {
      double[] none = new double[x.length];
      Arrays.fill(none, Double.NaN);
      return new Line(name, style, x, y, none, none, form);
    }

    boolean marked() {
      return form != Form.SMOOTH;
    }

    Line with(PolicyStyle other) {
      return new Line(name, other, x, y, low, high, form);
    }
  }

  /** Reference level, drawn across the whole figure; an infinite one along the edge. */
  public record Level(String name, double y) {}

  /**
   * Titles of a figure and its axes.
   *
   * @param note line below the title; may be empty
   * @param doublings whether equal steps to the right are doublings
   */
  public record Axes(String title, String note, String x, String y, boolean doublings) {
    /** Titles without a note. */
    public Axes(String title, String x, String y, boolean doublings) {
      this(title, "", x, y, doublings);
    }
  }

  /** Text above a point. */
  public record Label(String text, double x, double y) {}

  /** Most lines of one panel. */
  static final int MOST_LINES = 8;

  private static final int MARGIN = 10;
  private static final int WIDE = 330;
  private static final int HIGH = 230;
  private static final int SMALL_WIDE = 168;
  private static final int SMALL_HIGH = 112;
  private static final int ACROSS = 3;
  private static final double GAP = 26;
  private static final double LINE = 13;
  private static final Color LEVEL = new Color(0x777777);
  private static final Color PALE = new Color(0xc8c8c8);
  private static final Font TEXT = Brush.plain(11);
  private static final Font TICK = Brush.plain(10);
  private static final int MARKER = 7;

  /** End of an error bar. */
  private static final Marker CAP =
      new Marker() {
        @Override
        public void paint(Graphics2D g, double x, double y, int size) {
          g.setStroke(Brush.stroke(1, false));
          g.draw(new Line2D.Double(x - 2.5, y, x + 2.5, y));
        }
      };

  private final Axes axes;
  private final List<Line> lines;
  private final List<Level> levels;
  private final List<Label> labels;
  private final List<Line> panels;
  private final Scale x;
  private final Scale y;
  private final double left;
  private final double top;
  private final double gutter;

  /**
   * One axis.
   *
   * @param from left or lower end, after the logarithm if there is one
   * @param ticks values with a tick
   * @param place of a value on the axis, not yet scaled
   */
  private record Scale(double from, double to, double[] ticks, DoubleUnaryOperator place) {
    double share(double value) {
      return (place.applyAsDouble(value) - from) / (to - from);
    }
  }

  private LineFigure(Axes axes, List<Line> lines, List<Level> levels, List<Label> labels) {
    this.axes = axes;
    this.lines = lines;
    this.levels = levels;
    this.labels = labels;
    List<Line> named = lines.stream().filter(l -> l.form() != Line.Form.POINTS).toList();
    panels = named.size() > MOST_LINES ? named : List.of();
    x = horizontal();
    y = vertical();
    left =
        MARGIN
            + Arrays.stream(y.ticks())
                .mapToObj(Ticks::text)
                .mapToDouble(t -> Brush.width(TICK, t))
                .max()
                .orElse(0)
            + 6;
    top = MARGIN + 16 + 14.0 * notes().size() + 26;
    double widest = names().stream().mapToDouble(n -> Brush.width(TEXT, n.text())).max().orElse(0);
    gutter = panels.isEmpty() ? 16 + widest : 0;
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
    List<Line> drawn = new ArrayList<>();
    Set<PolicyStyle> taken = new HashSet<>();
    for (Line line : lines) {
      Line finite = defined(line, axes.doublings());
      if (finite.x().length > 0) {
        PolicyStyle style = line.style();
        for (int i = 0; i < PolicyStyle.VARIANTS && line.marked() && !taken.add(style); i++) {
          style = style.next();
        }
        drawn.add(finite.with(style));
      }
    }
    Require.that(
        !drawn.isEmpty(), "figure '%s' must have at least one number, got none", axes.title());
    return new LineFigure(axes, drawn, List.copyOf(levels), List.copyOf(labels));
  }

  /** Returns the line without points that cannot be drawn. */
  private static Line defined(Line l, boolean doublings) {
    int[] at =
        IntStream.range(0, l.x().length)
            .filter(i -> Double.isFinite(l.y()[i]) && Double.isFinite(l.x()[i]))
            .filter(i -> !doublings || l.x()[i] > 0)
            .toArray();
    return new Line(
        l.name(),
        l.style(),
        at(l.x(), at),
        at(l.y(), at),
        at(l.low(), at),
        at(l.high(), at),
        l.form());
  }

  private static double[] at(double[] all, int... places) {
    return Arrays.stream(places).mapToDouble(i -> all[i]).toArray();
  }

  private Scale horizontal() {
    double[] all = lines.stream().flatMapToDouble(l -> Arrays.stream(l.x())).toArray();
    double[] measured = Arrays.stream(all).sorted().distinct().toArray();
    DoubleUnaryOperator place = axes.doublings() ? v -> Math.log(v) / Math.log(2) : v -> v;
    double from = place.applyAsDouble(measured[0]);
    double to = place.applyAsDouble(measured[measured.length - 1]);
    double pad = to > from ? 0.03 * (to - from) : 0.5;
    Scale bare = new Scale(from - pad, to + pad, measured, place);
    double wide = panels.isEmpty() ? WIDE : SMALL_WIDE;
    boolean apart =
        IntStream.range(1, measured.length)
            .allMatch(
                i ->
                    (bare.share(measured[i]) - bare.share(measured[i - 1])) * wide
                        > 10 + Brush.width(TICK, Ticks.text(measured[i])));
    double[] ticks =
        apart
            ? measured
            : axes.doublings()
                ? Ticks.logarithmic(measured[0], measured[measured.length - 1])
                : Ticks.linear(
                    measured[0], measured[measured.length - 1], panels.isEmpty() ? 6 : 3);
    return new Scale(bare.from(), bare.to(), ticks, place);
  }

  private Scale vertical() {
    DoubleStream ends =
        lines.stream()
            .flatMapToDouble(
                l ->
                    DoubleStream.concat(
                        Arrays.stream(l.y()),
                        DoubleStream.concat(Arrays.stream(l.low()), Arrays.stream(l.high()))));
    double[] all =
        DoubleStream.concat(ends, levels.stream().mapToDouble(Level::y))
            .filter(Double::isFinite)
            .toArray();
    double least = Arrays.stream(all).min().orElse(0);
    double most = Arrays.stream(all).max().orElse(1);
    double step = Ticks.step(most > least ? most - least : Math.max(1e-9, Math.abs(most)), 6);
    double from = Math.floor(least / step + 1e-9) * step;
    double to = Math.max(from + step, Math.ceil(most / step - 1e-9) * step);
    return new Scale(from, to, Ticks.linear(from, to, 6), v -> v);
  }

  /** Lines below the title. */
  private List<String> notes() {
    List<String> notes = new ArrayList<>();
    if (!axes.note().isEmpty()) {
      notes.add(axes.note());
    }
    if (!panels.isEmpty()) {
      String dashed = levels.stream().map(LineFigure::name).collect(Collectors.joining(", "));
      notes.add("grey: the other lines" + (dashed.isEmpty() ? "" : "; dashed: " + dashed));
    }
    return notes;
  }

  private static String name(Level l) {
    return l.name() + (Double.isInfinite(l.y()) ? ": " + (l.y() > 0 ? "∞" : "−∞") : "");
  }

  /** Name beside the end of a line or level; y is a share of the height. */
  private record Name(String text, Color color, double x, double y) {}

  private List<Name> names() {
    List<Name> names = new ArrayList<>();
    for (Line l : lines) {
      int last = l.x().length - 1;
      names.add(new Name(l.name(), l.style().color(), x.share(l.x()[last]), y.share(l.y()[last])));
    }
    levels.forEach(l -> names.add(new Name(name(l), LEVEL, 1, height(l))));
    return names;
  }

  /** Place of a level, as a share of the height. */
  private double height(Level l) {
    return Double.isInfinite(l.y()) ? (l.y() > 0 ? 1 : 0) : y.share(l.y());
  }

  private int rows() {
    return (panels.size() + ACROSS - 1) / ACROSS;
  }

  @Override
  public int width() {
    double wide = panels.isEmpty() ? WIDE + gutter : ACROSS * (SMALL_WIDE + GAP) - GAP;
    double titled =
        MARGIN
            + Math.max(
                Brush.width(Brush.TITLE, axes.title()),
                Math.max(Brush.width(TEXT, axes.x()), Brush.width(TEXT, axes.y())));
    double noted = notes().stream().mapToDouble(n -> MARGIN + Brush.width(TICK, n)).max().orElse(0);
    return (int) Math.ceil(Math.max(left + wide, Math.max(titled, noted)) + MARGIN);
  }

  @Override
  public int height() {
    double high = panels.isEmpty() ? HIGH : rows() * (SMALL_HIGH + 22.0) - 4;
    return (int) Math.ceil(top + high + 42);
  }

  @Override
  public void paint(Graphics2D g) {
    Brush.clear(g, this);
    Brush.text(g, Brush.TITLE, Brush.INK, axes.title(), MARGIN, MARGIN + 12, 0);
    double at = MARGIN + 12;
    for (String note : notes()) {
      at += 14;
      Brush.text(g, TICK, Brush.FAINT, note, MARGIN, at, 0);
    }
    double wide =
        panels.isEmpty() ? WIDE : Math.min(panels.size(), ACROSS) * (SMALL_WIDE + GAP) - GAP;
    double high = height() - top - 42;
    Brush.text(
        g,
        TEXT,
        Brush.INK,
        axes.x(),
        Math.max(MARGIN + Brush.width(TEXT, axes.x()) / 2, left + wide / 2),
        top + high + 32,
        0.5);
    Brush.text(g, TEXT, Brush.INK, axes.y(), MARGIN, top - 8, 0);
    if (panels.isEmpty()) {
      Rectangle2D area = new Rectangle2D.Double(left, top, WIDE, HIGH);
      plot(g, area, null, true, true);
      names(g, area);
      return;
    }
    for (int i = 0; i < panels.size(); i++) {
      int row = i / ACROSS;
      Rectangle2D area =
          new Rectangle2D.Double(
              left + i % ACROSS * (SMALL_WIDE + GAP),
              top + 14 + row * (SMALL_HIGH + 22.0),
              SMALL_WIDE,
              SMALL_HIGH);
      Line own = panels.get(i);
      Brush.text(
          g,
          Brush.bold(10),
          own.style().color(),
          Brush.fitted(Brush.bold(10), own.name(), SMALL_WIDE),
          area.getX(),
          area.getY() - 4,
          0);
      plot(g, area, own, i % ACROSS == 0, i + ACROSS >= panels.size());
    }
  }

  /**
   * Paints axes, levels and lines.
   *
   * @param own line in colour, the others being grey; null for all
   */
  private void plot(Graphics2D g, Rectangle2D area, Line own, boolean yTicks, boolean xTicks) {
    for (double tick : y.ticks()) {
      double at = down(area, tick);
      Brush.line(g, area.getX(), at, area.getMaxX(), at, Brush.GRID, 0.8);
      if (yTicks) {
        Brush.text(g, TICK, Brush.INK, Ticks.text(tick), area.getX() - 5, at + 3.5, 1);
      }
    }
    for (double tick : x.ticks()) {
      double at = across(area, tick);
      Brush.line(g, at, area.getMaxY(), at, area.getMaxY() + 4, Brush.FAINT, 0.8);
      if (xTicks) {
        Brush.text(g, TICK, Brush.INK, Ticks.text(tick), at, area.getMaxY() + 15, 0.5);
      }
    }
    Brush.line(g, area.getX(), area.getMaxY(), area.getMaxX(), area.getMaxY(), Brush.FAINT, 0.8);
    XYChart chart = chart(own, (int) area.getWidth(), (int) area.getHeight());
    AffineTransform before = g.getTransform();
    g.translate(area.getX(), area.getY());
    chart.paint(g, chart.getWidth(), chart.getHeight());
    g.setTransform(before);
    if (own == null) {
      for (Label l : labels) {
        Brush.text(
            g,
            Brush.bold(10),
            Brush.INK,
            l.text(),
            across(area, l.x()),
            down(area, l.y()) - 7,
            0.5);
      }
    }
  }

  private double across(Rectangle2D area, double value) {
    return area.getX() + x.share(value) * area.getWidth();
  }

  private double down(Rectangle2D area, double value) {
    return area.getMaxY() - y.share(value) * area.getHeight();
  }

  /** Returns the plot without its axes: levels, lines with their error bars, and markers. */
  private XYChart chart(Line own, int width, int height) {
    XYChart chart = new XYChart(width, height);
    Color none = new Color(0, true);
    chart
        .getStyler()
        .setXAxisMin(x.from())
        .setXAxisMax(x.to())
        .setYAxisMin(y.from())
        .setYAxisMax(y.to())
        .setAxisTicksVisible(false)
        .setAxisTitlesVisible(false)
        .setPlotGridLinesVisible(false)
        .setPlotMargin(0)
        .setMarkerSize(MARKER)
        .setPlotContentSize(1)
        .setPlotBorderVisible(false)
        .setPlotBackgroundColor(none)
        .setChartBackgroundColor(none)
        .setChartPadding(0)
        .setChartTitleVisible(false)
        .setLegendVisible(false);
    for (Level l : levels) {
      double at = y.from() + height(l) * (y.to() - y.from());
      stroke(add(chart, new double[] {x.from(), x.to()}, at, at), LEVEL, 1.2f, true);
    }
    if (own != null) {
      lines.stream()
          .filter(l -> !l.equals(own) && l.form() != Line.Form.POINTS)
          .forEach(l -> stroke(add(chart, placed(l), l.y()), PALE, 0.9f, false));
    }
    for (Line l : lines) {
      if (own == null || l.equals(own) || l.form() == Line.Form.POINTS && belongs(l, own)) {
        add(chart, l);
      }
    }
    return chart;
  }

  /** Returns whether points stand in a line's panel: named after it, or else of its colour. */
  private boolean belongs(Line points, Line own) {
    boolean named = panels.stream().anyMatch(p -> points.name().startsWith(p.name() + ","));
    return named
        ? points.name().startsWith(own.name() + ",")
        : points.style().color().equals(own.style().color());
  }

  private void add(XYChart chart, Line l) {
    Color color = l.style().color();
    double[] places = placed(l);
    for (int i = 0; i < places.length; i++) {
      if (Double.isFinite(l.low()[i]) && Double.isFinite(l.high()[i])) {
        double[] twice = {places[i], places[i]};
        XYSeries bar = add(chart, twice, l.low()[i], l.high()[i]);
        stroke(bar, color, 1, false);
        bar.setMarker(CAP).setMarkerColor(color);
      }
    }
    XYSeries series = add(chart, places, l.y());
    stroke(series, color, 1.6f, l.style().dashed());
    if (l.form() == Line.Form.POINTS) {
      series.setXYSeriesRenderStyle(XYSeries.XYSeriesRenderStyle.Scatter);
    }
    if (l.marked()) {
      series.setMarker(l.style().shape()).setMarkerColor(color);
    }
  }

  private double[] placed(Line l) {
    return Arrays.stream(l.x()).map(x.place()).toArray();
  }

  private static XYSeries add(XYChart chart, double[] x, double... y) {
    return chart.addSeries(String.valueOf(chart.getSeriesCollection().size()), x, y);
  }

  private static void stroke(XYSeries series, Color color, float thickness, boolean dashed) {
    series.setMarker(SeriesMarkers.NONE);
    series.setLineColor(color);
    series.setLineStyle(Brush.stroke(thickness, dashed));
  }

  /** Names lines and levels beside the plot, moved apart where they would overlap. */
  private void names(Graphics2D g, Rectangle2D area) {
    List<Name> sorted = new ArrayList<>(names());
    sorted.sort(Comparator.comparingDouble(n -> -n.y()));
    double[] at = new double[sorted.size()];
    for (int i = 0; i < at.length; i++) {
      double wanted = area.getMaxY() - sorted.get(i).y() * area.getHeight();
      at[i] = i == 0 ? Math.max(area.getY(), wanted) : Math.max(at[i - 1] + LINE, wanted);
    }
    double lowest = area.getMaxY();
    for (int i = at.length - 1; i >= 0 && at[i] > lowest; i--) {
      at[i] = lowest;
      lowest -= LINE;
    }
    for (int i = 0; i < at.length; i++) {
      Name n = sorted.get(i);
      double from = area.getX() + n.x() * area.getWidth() + 5;
      double wanted = area.getMaxY() - n.y() * area.getHeight();
      Brush.line(g, from, wanted, Math.max(from, area.getMaxX() + 2), wanted, PALE, 0.6);
      Brush.line(
          g, Math.max(from, area.getMaxX() + 2), wanted, area.getMaxX() + 13, at[i], PALE, 0.6);
      Brush.text(g, TEXT, n.color(), n.text(), area.getMaxX() + 15, at[i] + 4, 0);
    }
  }
}
