package io.scalekv.report;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.geom.Line2D;
import java.awt.geom.Rectangle2D;
import java.awt.image.BufferedImage;
import java.util.List;
import java.util.Locale;

/**
 * Heat maps side by side, each with its own colour bar. Row 0 is at the bottom if rows are stacked
 * like layers, else at the top; an undefined cell is grey. A map of more cells than pixels can show
 * is painted as an image.
 *
 * <p>Painted directly: XChart's heat map can neither leave cells undefined nor be one of many.
 */
final class HeatMapSheet implements Figure {
  /**
   * One heat map.
   *
   * @param title above it
   * @param unit beside the colour bar
   * @param values [row][column]; NaN where undefined
   * @param low value of the darkest colour
   * @param high value of the lightest colour
   * @param split column before which a line is drawn, or −1
   */
  record Panel(String title, String unit, double[][] values, double low, double high, int split) {
    /** A panel whose colours go from the least to the largest value. */
    static Panel fitted(String title, String unit, double[][] values) {
      double low = Double.POSITIVE_INFINITY;
      double high = Double.NEGATIVE_INFINITY;
      for (double[] row : values) {
        for (double v : row) {
          if (!Double.isNaN(v)) {
            low = Math.min(low, v);
            high = Math.max(high, v);
          }
        }
      }
      return new Panel(title, unit, values, low, high, -1);
    }

    int rows() {
      return values.length;
    }

    int columns() {
      return values[0].length;
    }
  }

  /**
   * What holds for the whole sheet.
   *
   * @param title above all
   * @param note below it
   * @param x what the columns are
   * @param y what the rows are
   * @param firstColumn number of the first column
   * @param firstRow number of the first row
   * @param upwards whether row 0 is at the bottom
   * @param panelWidth of the cells, in nominal pixels
   * @param panelHeight of the cells
   * @param across panels in a row
   */
  record Style(
      String title,
      String note,
      String x,
      String y,
      int firstColumn,
      int firstRow,
      boolean upwards,
      int panelWidth,
      int panelHeight,
      int across) {}

  private static final int MARGIN = 14;
  private static final int HEAD = 62;
  private static final int LEFT = 44;
  private static final int TOP = 26;
  private static final int RIGHT = 84;
  private static final int BOTTOM = 44;
  private static final int BAR = 10;
  private static final int STEPS = 64;
  private static final double LEAST_TICK = 13;
  private static final int MOST_RECTANGLES = 4096;
  private static final Font TITLE = Fonts.bold(16);
  private static final Font NOTE = Fonts.plain(12);
  private static final Color FAINT = new Color(0x666666);
  private static final Color UNDEFINED = new Color(0xDDDDDD);

  private final Style style;
  private final List<Panel> panels;
  private final int across;

  HeatMapSheet(Style style, List<Panel> panels) {
    Fonts.require();
    this.style = style;
    this.panels = List.copyOf(panels);
    this.across = Math.min(style.across(), panels.size());
  }

  private int cellWidth() {
    return LEFT + style.panelWidth() + RIGHT;
  }

  private int cellHeight() {
    return TOP + style.panelHeight() + BOTTOM;
  }

  @Override
  public int width() {
    double text = Math.max(Texts.width(NOTE, style.note()), Texts.width(TITLE, style.title()));
    return 2 * MARGIN + Math.max(across * cellWidth(), (int) Math.ceil(text));
  }

  @Override
  public int height() {
    return HEAD + (panels.size() + across - 1) / across * cellHeight() + MARGIN;
  }

  @Override
  public void paint(Graphics2D g) {
    g.setColor(Color.WHITE);
    g.fill(new Rectangle2D.Double(0, 0, width(), height()));
    Texts.draw(g, TITLE, Texts.INK, style.title(), MARGIN, 26, 0);
    Texts.draw(g, NOTE, FAINT, style.note(), MARGIN, 45, 0);
    for (int i = 0; i < panels.size(); i++) {
      double x = MARGIN + (double) (i % across) * cellWidth() + LEFT;
      int line = i / across;
      double y = HEAD + (double) line * cellHeight() + TOP;
      panel(g, panels.get(i), x, y);
    }
  }

  private void panel(Graphics2D g, Panel panel, double x, double y) {
    Texts.draw(g, Fonts.bold(11.5), Texts.INK, panel.title(), x, y - 8, 0);
    if (panel.rows() * panel.columns() > MOST_RECTANGLES) {
      g.drawImage(image(panel), (int) x, (int) y, style.panelWidth(), style.panelHeight(), null);
    } else {
      cells(g, panel, x, y);
    }
    double split = x + (double) panel.split() * style.panelWidth() / panel.columns();
    if (panel.split() > 0) {
      g.setColor(Color.WHITE);
      g.setStroke(new BasicStroke(1.4f));
      g.draw(new Line2D.Double(split, y, split, y + style.panelHeight()));
    }
    g.setColor(FAINT);
    g.setStroke(new BasicStroke(0.8f));
    g.draw(new Rectangle2D.Double(x, y, style.panelWidth(), style.panelHeight()));
    ticks(g, panel, x, y);
    bar(g, panel, x + style.panelWidth() + 12, y);
  }

  private Color color(Panel panel, double value) {
    if (Double.isNaN(value)) {
      return UNDEFINED;
    }
    double range = panel.high() - panel.low();
    return SequentialPalette.of(range > 0 ? (value - panel.low()) / range : 0.5);
  }

  private void cells(Graphics2D g, Panel panel, double x, double y) {
    double w = (double) style.panelWidth() / panel.columns();
    double h = (double) style.panelHeight() / panel.rows();
    for (int r = 0; r < panel.rows(); r++) {
      int place = style.upwards() ? panel.rows() - 1 - r : r;
      for (int c = 0; c < panel.columns(); c++) {
        g.setColor(color(panel, panel.values()[r][c]));
        double right = c + 1 < panel.columns() ? 0.3 : 0;
        double below = place + 1 < panel.rows() ? 0.3 : 0;
        g.fill(new Rectangle2D.Double(x + c * w, y + place * h, w + right, h + below));
      }
    }
  }

  private BufferedImage image(Panel panel) {
    BufferedImage image =
        new BufferedImage(panel.columns(), panel.rows(), BufferedImage.TYPE_INT_RGB);
    for (int r = 0; r < panel.rows(); r++) {
      int place = style.upwards() ? panel.rows() - 1 - r : r;
      for (int c = 0; c < panel.columns(); c++) {
        image.setRGB(c, place, color(panel, panel.values()[r][c]).getRGB());
      }
    }
    return image;
  }

  private void ticks(Graphics2D g, Panel panel, double x, double y) {
    Font font = Fonts.plain(9.5);
    if (panel.rows() * panel.columns() <= MOST_RECTANGLES) {
      double w = (double) style.panelWidth() / panel.columns();
      int every = (int) Math.ceil(LEAST_TICK / w);
      for (int c = 0; c < panel.columns(); c += every) {
        String label = String.valueOf(c + style.firstColumn());
        Texts.draw(g, font, Texts.INK, label, x + (c + 0.5) * w, y + style.panelHeight() + 12, 0.5);
      }
      double h = (double) style.panelHeight() / panel.rows();
      every = (int) Math.ceil(LEAST_TICK / h);
      for (int r = 0; r < panel.rows(); r += every) {
        double place = style.upwards() ? panel.rows() - 1 - r : r;
        String label = String.valueOf(r + style.firstRow());
        Texts.draw(g, font, Texts.INK, label, x - 5, y + (place + 0.5) * h + 3.5, 1);
      }
    }
    Texts.draw(
        g,
        Fonts.plain(10.5),
        Texts.INK,
        style.x(),
        x + style.panelWidth() / 2.0,
        y + style.panelHeight() + 27,
        0.5);
    Texts.upright(g, Fonts.plain(10.5), style.y(), x - 28, y + style.panelHeight() / 2.0);
  }

  private void bar(Graphics2D g, Panel panel, double x, double y) {
    double step = (double) style.panelHeight() / STEPS;
    for (int i = 0; i < STEPS; i++) {
      g.setColor(SequentialPalette.of(1 - (i + 0.5) / STEPS));
      double overlap = i + 1 < STEPS ? 0.5 : 0;
      g.fill(new Rectangle2D.Double(x, y + i * step, BAR, step + overlap));
    }
    g.setColor(FAINT);
    g.setStroke(new BasicStroke(0.6f));
    g.draw(new Rectangle2D.Double(x, y, BAR, style.panelHeight()));
    if (panel.high() >= panel.low()) {
      for (int i = 0; i <= 2; i++) {
        double value = panel.high() + (panel.low() - panel.high()) * i / 2;
        double at = y + style.panelHeight() * i / 2.0;
        Texts.draw(g, Fonts.plain(9.5), Texts.INK, number(value), x + BAR + 4, at + 3.5, 0);
      }
    }
    Texts.upright(g, Fonts.plain(10.5), panel.unit(), x + BAR + 48, y + style.panelHeight() / 2.0);
  }

  private static String number(double value) {
    double size = Math.abs(value);
    if (size == 0) {
      return "0";
    }
    String format = size >= 100 ? "%.0f" : size >= 10 ? "%.1f" : size >= 0.1 ? "%.2f" : "%.3f";
    String text =
        size < 0.001
            ? String.format(Locale.ROOT, "%.0e", value)
            : String.format(Locale.ROOT, format, value);
    return text.replace('-', '−');
  }
}
