package io.scalekv.report;

import io.scalekv.io.Require;
import io.scalekv.metrics.Interval;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.geom.Rectangle2D;
import java.util.List;

/** Horizontal bars with error bars, one per row, with room for long labels. */
public final class BarFigure implements Figure {
  /**
   * Bar of a figure.
   *
   * @param length its length and error bar, whose ends are NaN for none
   * @param note text next to its end, such as the value
   */
  public record Bar(String label, PolicyStyle style, Interval length, String note) {}

  private static final int PLOT_WIDTH = 260;
  private static final int ROW = 20;
  private static final int TOP = 38;
  private static final int BOTTOM = 44;
  private static final int MARGIN = 10;

  private final String title;
  private final String axis;
  private final List<Bar> bars;
  private final int left;
  private final int right;
  private final double from;
  private final double to;
  private final double step;

  private BarFigure(String title, String axis, List<Bar> bars) {
    this.title = title;
    this.axis = axis;
    this.bars = bars;
    Font label = Brush.plain(11);
    left =
        MARGIN
            + 8
            + (int) bars.stream().mapToDouble(b -> Brush.width(label, b.label())).max().orElse(0);
    Font note = Brush.plain(10);
    right =
        MARGIN
            + 12
            + (int) bars.stream().mapToDouble(b -> Brush.width(note, b.note())).max().orElse(0);
    double least = 0;
    double most = 0;
    for (Bar b : bars) {
      Interval v = b.length();
      least = Math.min(least, Double.isNaN(v.low()) ? v.mean() : Math.min(v.low(), v.mean()));
      most = Math.max(most, Double.isNaN(v.high()) ? v.mean() : Math.max(v.high(), v.mean()));
    }
    step = Ticks.step(most == least ? 1 : most - least, 6);
    from = Math.floor(least / step) * step;
    to = Math.max(from + step, Math.ceil(most / step) * step);
  }

  /**
   * Returns a figure of bars; those without a finite value are left out.
   *
   * @throws IllegalArgumentException if none is left
   */
  public static BarFigure of(String title, String axis, List<Bar> bars) {
    Brush.requireFonts();
    List<Bar> finite = bars.stream().filter(b -> Double.isFinite(b.length().mean())).toList();
    Require.that(!finite.isEmpty(), "figure '%s' must have at least one number, got none", title);
    return new BarFigure(title, axis, finite);
  }

  @Override
  public int width() {
    int titled = 2 * MARGIN + (int) Math.ceil(Brush.width(Brush.TITLE, title));
    return Math.max(titled, left + PLOT_WIDTH + right);
  }

  @Override
  public int height() {
    return TOP + bars.size() * ROW + BOTTOM;
  }

  private double x(double value) {
    return left + PLOT_WIDTH * (value - from) / (to - from);
  }

  @Override
  public void paint(Graphics2D g) {
    Brush.clear(g, this);
    Brush.text(g, Brush.TITLE, Brush.INK, title, MARGIN, 22, 0);
    double bottom = TOP + (double) bars.size() * ROW;
    int ticks = (int) Math.round((to - from) / step);
    for (int t = 0; t <= ticks; t++) {
      double value = from + t * step;
      Brush.line(g, x(value), TOP - 4, x(value), bottom + 4, Brush.GRID, 0.8);
      Brush.text(g, Brush.plain(10), Brush.INK, Ticks.text(value), x(value), bottom + 18, 0.5);
    }
    Brush.text(g, Brush.plain(11), Brush.INK, axis, left + PLOT_WIDTH / 2.0, bottom + 34, 0.5);
    for (int i = 0; i < bars.size(); i++) {
      bar(g, bars.get(i), TOP + (double) i * ROW);
    }
    Brush.line(g, x(0), TOP - 4, x(0), bottom + 4, Brush.FAINT, 1);
  }

  private void bar(Graphics2D g, Bar b, double y) {
    Brush.text(g, Brush.plain(11), Brush.INK, b.label(), left - 8, y + ROW / 2.0 + 4, 1);
    Interval v = b.length();
    double end = x(v.mean());
    g.setColor(b.style().color());
    g.fill(new Rectangle2D.Double(Math.min(x(0), end), y + 4, Math.abs(end - x(0)), ROW - 8));
    if (v.hasInterval()) {
      // light below dark, visible on every bar
      errorBar(g, v, y + ROW / 2.0, Color.WHITE, 3.6);
      errorBar(g, v, y + ROW / 2.0, Brush.INK, 1.4);
      end = Math.max(end, x(v.high()));
    }
    Brush.text(
        g, Brush.plain(10), Brush.FAINT, b.note(), Math.max(end, x(0)) + 8, y + ROW / 2.0 + 4, 0);
  }

  private void errorBar(Graphics2D g, Interval v, double y, Color color, double thickness) {
    Brush.line(g, x(v.low()), y, x(v.high()), y, color, thickness);
    Brush.line(g, x(v.low()), y - 4, x(v.low()), y + 4, color, thickness);
    Brush.line(g, x(v.high()), y - 4, x(v.high()), y + 4, color, thickness);
  }
}
