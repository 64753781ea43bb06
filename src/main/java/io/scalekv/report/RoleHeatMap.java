package io.scalekv.report;

import io.scalekv.cache.BudgetPlan;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.roles.Orientation;
import io.scalekv.roles.RoleAssignment;
import io.scalekv.roles.RolesDocument;
import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.geom.Line2D;
import java.awt.geom.Path2D;
import java.awt.geom.Rectangle2D;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;

/**
 * Heat map of the z-scores of a calibration, layer by scale, drafters outlined and marked {@code
 * D}. Blue is below the mean of a scale, orange above; the colours saturate at ±3 standard
 * deviations or earlier where no score goes that far. Scales count from 1, as in the paper; layers
 * from 0.
 *
 * <p>Painted directly: XChart's heat map can neither outline cells nor hatch undefined ones.
 */
public final class RoleHeatMap implements Figure {
  private static final double MOST_SATURATED = 3;

  private static final int LEFT = 62;
  private static final int TOP = 84;
  private static final int BOTTOM = 92;
  private static final int RIGHT = 118;
  private static final int CELL_WIDTH = 66;
  private static final int WIDE_CELL = 76;
  private static final int LONGEST_BAR = 312;
  private static final int LEAST_WIDTH = 640;

  private static final Color FAINT = new Color(0x666666);
  private static final Color GRID = new Color(0xD4D4D4);
  private static final Color UNDEFINED = new Color(0xEEEEEE);

  private final RolesDocument document;
  private final ScaleSchedule schedule;
  private final RoleAssignment roles;
  private final double[][] z;
  private final int layers;
  private final int scales;
  private final int firstCutScale;
  private final int cellHeight;
  private final int cellWidth;
  private final int width;
  private final int height;
  private final double saturation;
  private final boolean clipped;

  private RoleHeatMap(RolesDocument document) {
    this.document = document;
    schedule = document.schedule();
    roles = document.assignment();
    z = document.zTable();
    layers = roles.layers();
    scales = roles.scales();
    firstCutScale = BudgetPlan.firstCutScale(schedule, document.budget().tokens());
    cellHeight = layers <= 16 ? 26 : layers <= 28 ? 20 : 17;
    int least = scales < 10 ? CELL_WIDTH : WIDE_CELL;
    cellWidth = Math.max(least, (LEAST_WIDTH - LEFT - RIGHT) / scales);
    width = LEFT + scales * cellWidth + RIGHT;
    height = TOP + Math.max(layers, 8) * cellHeight + BOTTOM;
    double most = 0;
    for (double[] row : z) {
      for (double value : row) {
        most = Double.isNaN(value) ? most : Math.max(most, Math.abs(value));
      }
    }
    saturation = Math.max(1, Math.min(MOST_SATURATED, Math.ceil(2 * most) / 2));
    clipped = most > saturation;
  }

  /** The heat map of a calibration. */
  public static RoleHeatMap of(RolesDocument document) {
    Fonts.require();
    return new RoleHeatMap(document);
  }

  /** Writes a PNG of twice the nominal size, whole or not at all. */
  public void writePng(Path file) throws IOException {
    FigureFile.png(this, file);
  }

  /** Writes an SVG, whole or not at all. */
  public void writeSvg(Path file) throws IOException {
    FigureFile.svg(this, file);
  }

  @Override
  public int width() {
    return width;
  }

  @Override
  public int height() {
    return height;
  }

  @Override
  public void paint(Graphics2D g) {
    fill(g, new Rectangle2D.Double(0, 0, width, height), Color.WHITE);
    title(g);
    cells(g);
    axes(g);
    colourBar(g);
    legend(g);
  }

  private void title(Graphics2D g) {
    String metric = document.metric().name();
    Texts.draw(
        g,
        Fonts.bold(16),
        Texts.INK,
        document.model().name() + ": drafters and refiners by " + metric,
        LEFT,
        26,
        0);
    String prompts =
        document.calibration() == null
            ? "imported"
            : count(document.calibration().promptCount(), "prompt");
    String budget = document.budget().request();
    String tokens = count(document.budget().tokens(), "token");
    Texts.draw(
        g,
        Fonts.plain(12),
        FAINT,
        String.format(
            Locale.ROOT,
            "%s  ·  N_d = %d of %d pairs  ·  budget %s%s per layer and head",
            prompts,
            document.budget().drafters(),
            layers * (scales - firstCutScale),
            budget,
            budget.endsWith("t") ? "" : " = " + tokens),
        LEFT,
        45,
        0);
  }

  private static String count(int number, String what) {
    return number + " " + what + (number == 1 ? "" : "s");
  }

  private double x(int scale) {
    return LEFT + (double) scale * cellWidth;
  }

  /** Layer 0 is at the bottom, as layers are stacked. */
  private double y(int layer) {
    return TOP + (double) (layers - 1 - layer) * cellHeight;
  }

  private void cells(Graphics2D g) {
    for (int l = 0; l < layers; l++) {
      for (int k = 0; k < scales; k++) {
        Rectangle2D cell = new Rectangle2D.Double(x(k), y(l), cellWidth, cellHeight);
        if (Double.isNaN(z[l][k])) {
          undefined(g, cell);
        } else {
          fill(g, cell, DivergingPalette.of(z[l][k] / saturation));
        }
        stroke(g, cell, GRID, 0.6);
      }
    }
    for (int l = 0; l < layers; l++) {
      for (int k = 0; k < scales; k++) {
        if (roles.isDrafter(l, k)) {
          Color fill =
              Double.isNaN(z[l][k]) ? UNDEFINED : DivergingPalette.of(z[l][k] / saturation);
          drafter(g, new Rectangle2D.Double(x(k), y(l), cellWidth, cellHeight), fill);
        }
      }
    }
    stroke(
        g,
        new Rectangle2D.Double(LEFT, TOP, (double) scales * cellWidth, layers * cellHeight),
        FAINT,
        1);
  }

  private static void undefined(Graphics2D g, Rectangle2D cell) {
    fill(g, cell, UNDEFINED);
    Path2D hatch = new Path2D.Double();
    double h = cell.getHeight();
    for (double d = h / 2; d < cell.getWidth() + h; d += h / 2) {
      double x0 = cell.getX() + Math.max(0, d - h);
      double y0 = cell.getY() + Math.min(h, d);
      double x1 = cell.getX() + Math.min(cell.getWidth(), d);
      double y1 = cell.getY() + Math.max(0, d - cell.getWidth());
      hatch.moveTo(x0, y0);
      hatch.lineTo(x1, y1);
    }
    g.setColor(GRID);
    g.setStroke(new BasicStroke(0.8f));
    g.draw(hatch);
  }

  private static void drafter(Graphics2D g, Rectangle2D cell, Color background) {
    stroke(g, inset(cell, 3.2), Color.WHITE, 1.2);
    stroke(g, inset(cell, 1.4), Color.BLACK, 2.4);
    double size = Math.min(14, cell.getHeight() - 4);
    Texts.draw(
        g,
        Fonts.bold(size),
        DivergingPalette.ink(background),
        "D",
        cell.getCenterX(),
        cell.getCenterY() + 0.36 * size,
        0.5);
  }

  private static Rectangle2D inset(Rectangle2D cell, double by) {
    return new Rectangle2D.Double(
        cell.getX() + by, cell.getY() + by, cell.getWidth() - 2 * by, cell.getHeight() - 2 * by);
  }

  private void axes(Graphics2D g) {
    double bottom = TOP + (double) layers * cellHeight;
    Font font = Fonts.plain(11);
    for (int k = 0; k < scales; k++) {
      String map = schedule.map(k).height() + "×" + schedule.map(k).width();
      Texts.draw(
          g, font, Texts.INK, k + 1 + " (" + map + ")", x(k) + cellWidth / 2.0, bottom + 16, 0.5);
    }
    for (int l = 0; l < layers; l++) {
      Texts.draw(g, font, Texts.INK, "" + l, LEFT - 7, y(l) + cellHeight / 2.0 + 4, 1);
    }
    double middle = LEFT + scales * cellWidth / 2.0;
    Texts.draw(
        g,
        Fonts.plain(12),
        Texts.INK,
        "scale (its token map, rows × columns of tokens)",
        middle,
        bottom + 37,
        0.5);
    Texts.upright(g, Fonts.plain(12), "layer (0 = first)", 20, TOP + layers * cellHeight / 2.0);
    if (firstCutScale < scales) {
      double from = x(firstCutScale);
      double to = x(scales);
      line(g, from + 2, TOP - 7, to - 2, TOP - 7);
      line(g, from + 2, TOP - 7, from + 2, TOP - 3);
      line(g, to - 2, TOP - 7, to - 2, TOP - 3);
      Texts.draw(
          g,
          Fonts.plain(11),
          FAINT,
          scales - firstCutScale == 1 ? "reads a cut cache: ranked" : "read a cut cache: ranked",
          (from + to) / 2,
          TOP - 12,
          0.5);
    }
  }

  private void colourBar(Graphics2D g) {
    double x = x(scales) + 26;
    double barWidth = 16;
    double bar = (double) Math.max(layers, 8) * cellHeight;
    double top = TOP;
    if (bar > LONGEST_BAR) {
      top += (bar - LONGEST_BAR) / 2;
      bar = LONGEST_BAR;
    }
    int steps = 120;
    double step = bar / steps;
    for (int i = 0; i < steps; i++) {
      double value = 1 - 2 * (i + 0.5) / steps;
      double overlap = i + 1 < steps ? 0.5 : 0;
      fill(
          g,
          new Rectangle2D.Double(x, top + i * step, barWidth, step + overlap),
          DivergingPalette.of(value));
    }
    stroke(g, new Rectangle2D.Double(x, top, barWidth, bar), FAINT, 0.8);
    double tick = saturation > 1.5 ? 1 : 0.5;
    for (double value = -Math.floor(saturation / tick) * tick;
        value <= saturation + 1e-9;
        value += tick) {
      double y = top + bar / 2 * (1 - value / saturation);
      line(g, x + barWidth, y, x + barWidth + 4, y);
      boolean end = clipped && Math.abs(value) > saturation - 1e-9;
      String sign = end ? (value < 0 ? "≤ " : "≥ ") : "";
      Texts.draw(g, Fonts.plain(11), Texts.INK, sign + number(value), x + barWidth + 8, y + 4, 0);
    }
    boolean lowest = document.metric().drafters() == Orientation.LOWEST;
    Font small = Fonts.plain(10.5);
    Texts.draw(g, small, FAINT, lowest ? "refiner-like" : "drafter-like", x - 4, top - 8, 0);
    Texts.draw(g, small, FAINT, lowest ? "drafter-like" : "refiner-like", x - 4, top + bar + 16, 0);
    Texts.upright(
        g,
        Fonts.plain(12),
        "z-score (standard deviations)",
        x + barWidth + (clipped ? 56 : 46),
        top + bar / 2);
  }

  private static String number(double value) {
    String text =
        value == Math.rint(value)
            ? String.valueOf((int) Math.abs(value))
            : String.format(Locale.ROOT, "%.1f", Math.abs(value));
    return (value < 0 ? "−" : "") + text;
  }

  private void legend(Graphics2D g) {
    double y = TOP + (double) layers * cellHeight + 56;
    double x = LEFT;
    Rectangle2D box = new Rectangle2D.Double(x, y, 30, 18);
    fill(g, box, DivergingPalette.of(-0.6));
    drafter(g, box, DivergingPalette.of(-0.6));
    x = entry(g, "drafter", x + 30, y);
    box = new Rectangle2D.Double(x, y, 30, 18);
    fill(g, box, Color.WHITE);
    stroke(g, box, GRID, 1);
    x = entry(g, "refiner", x + 30, y);
    box = new Rectangle2D.Double(x, y, 30, 18);
    undefined(g, box);
    stroke(g, box, GRID, 1);
    entry(g, "undefined (no history)", x + 30, y);
  }

  /** Writes a legend's text and returns where the next entry starts. */
  private static double entry(Graphics2D g, String label, double x, double y) {
    Font font = Fonts.plain(12);
    Texts.draw(g, font, Texts.INK, label, x + 7, y + 13, 0);
    return x + 7 + Texts.width(font, label) + 26;
  }

  private static void fill(Graphics2D g, Rectangle2D shape, Color color) {
    g.setColor(color);
    g.fill(shape);
  }

  private static void stroke(Graphics2D g, Rectangle2D shape, Color color, double thickness) {
    g.setColor(color);
    g.setStroke(new BasicStroke((float) thickness, BasicStroke.CAP_SQUARE, BasicStroke.JOIN_MITER));
    g.draw(shape);
  }

  private static void line(Graphics2D g, double x0, double y0, double x1, double y1) {
    g.setColor(FAINT);
    g.setStroke(new BasicStroke(1));
    g.draw(new Line2D.Double(x0, y0, x1, y1));
  }
}
