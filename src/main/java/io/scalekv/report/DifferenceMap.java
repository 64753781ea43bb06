package io.scalekv.report;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.geom.Rectangle2D;
import java.util.List;
import java.util.Locale;

/**
 * Heat map of a difference of two sources, layer by scale: orange where the first has more, blue
 * where the second has, a number in every cell that differs. Cells can be marked and are then
 * outlined. Layer 0 is at the bottom; an undefined cell is grey.
 *
 * <p>Painted directly: XChart's heat map can neither outline cells nor leave them undefined.
 */
public final class DifferenceMap implements Figure {
  private static final int LEFT = 62;
  private static final int TOP = 88;
  private static final int BOTTOM = 60;
  private static final int RIGHT = 100;
  private static final int LEAST_WIDTH = 640;
  private static final int BAR_WIDTH = 16;
  private static final int BAR_STEPS = 100;
  private static final double LEAST_SHOWN = 0.005;

  private static final Color FAINT = new Color(0x666666);
  private static final Color GRID = new Color(0xD4D4D4);
  private static final Color UNDEFINED = new Color(0xDDDDDD);

  /**
   * What it says in words.
   *
   * @param title above
   * @param notes below the title, at most two
   * @param columns of the map
   * @param x what the columns are
   * @param unit of the difference, beside the colour bar
   */
  public record Words(
      String title, List<String> notes, List<String> columns, String x, String unit) {
    public Words {
      notes = List.copyOf(notes);
      columns = List.copyOf(columns);
    }
  }

  private final Words words;
  private final double[][] values;
  private final String[][] marks;
  private final double most;
  private final int cellWidth;
  private final int cellHeight;

  /**
   * @param values [layer][column], NaN where undefined
   * @param marks [layer][column], empty for none
   */
  public DifferenceMap(Words words, double[][] values, String[][] marks) {
    Fonts.require();
    this.words = words;
    this.values = values;
    this.marks = marks;
    double largest = 0;
    for (double[] row : values) {
      for (double v : row) {
        largest = Double.isNaN(v) ? largest : Math.max(largest, Math.abs(v));
      }
    }
    most = largest == 0 ? 1 : largest;
    cellHeight = values.length <= 16 ? 26 : values.length <= 28 ? 20 : 17;
    int columns = Math.max(1, words.columns().size());
    cellWidth = Math.min(180, Math.max(76, (LEAST_WIDTH - LEFT - RIGHT) / columns));
  }

  @Override
  public int width() {
    double text = 0;
    for (String note : words.notes()) {
      text = Math.max(text, Texts.width(Fonts.plain(12), note));
    }
    int cells = LEFT + words.columns().size() * cellWidth + RIGHT;
    return Math.max(Math.max(LEAST_WIDTH, cells), LEFT + 20 + (int) Math.ceil(text));
  }

  @Override
  public int height() {
    return TOP + values.length * cellHeight + BOTTOM;
  }

  @Override
  public void paint(Graphics2D g) {
    g.setColor(Color.WHITE);
    g.fill(new Rectangle2D.Double(0, 0, width(), height()));
    Texts.draw(g, Fonts.bold(14), Texts.INK, words.title(), LEFT, 24, 0);
    for (int i = 0; i < words.notes().size(); i++) {
      Texts.draw(g, Fonts.plain(12), FAINT, words.notes().get(i), LEFT, 44 + 18.0 * i, 0);
    }
    for (int l = 0; l < values.length; l++) {
      for (int c = 0; c < words.columns().size(); c++) {
        cell(g, l, c);
      }
    }
    for (int l = 0; l < values.length; l++) {
      for (int c = 0; c < words.columns().size(); c++) {
        if (!marks[l][c].isEmpty()) {
          g.setColor(Color.BLACK);
          g.setStroke(new BasicStroke(2.4f));
          g.draw(new Rectangle2D.Double(x(c) + 1.4, y(l) + 1.4, cellWidth - 2.8, cellHeight - 2.8));
        }
      }
    }
    axes(g);
    colourBar(g);
  }

  private double x(int column) {
    return LEFT + (double) column * cellWidth;
  }

  private double y(int layer) {
    return TOP + (double) (values.length - 1 - layer) * cellHeight;
  }

  private void cell(Graphics2D g, int layer, int column) {
    double value = values[layer][column];
    Color color = Double.isNaN(value) ? UNDEFINED : DivergingPalette.of(value / most);
    Rectangle2D box = new Rectangle2D.Double(x(column), y(layer), cellWidth, cellHeight);
    g.setColor(color);
    g.fill(box);
    g.setColor(GRID);
    g.setStroke(new BasicStroke(0.6f));
    g.draw(box);
    Color ink = DivergingPalette.ink(color);
    double base = box.getCenterY() + 4;
    Texts.draw(g, Fonts.bold(11), ink, marks[layer][column], box.getX() + 7, base, 0);
    if (Math.abs(value) >= LEAST_SHOWN) {
      Texts.draw(g, Fonts.plain(11), ink, signed(value), box.getMaxX() - 7, base, 1);
    }
  }

  private static String signed(double value) {
    return String.format(Locale.ROOT, "%+.2f", value).replace('-', '−');
  }

  private void axes(Graphics2D g) {
    double bottom = TOP + (double) values.length * cellHeight;
    for (int c = 0; c < words.columns().size(); c++) {
      Texts.draw(
          g,
          Fonts.plain(11),
          Texts.INK,
          words.columns().get(c),
          x(c) + cellWidth / 2.0,
          bottom + 16,
          0.5);
    }
    for (int l = 0; l < values.length; l++) {
      Texts.draw(g, Fonts.plain(11), Texts.INK, "" + l, LEFT - 7, y(l) + cellHeight / 2.0 + 4, 1);
    }
    double middle = LEFT + words.columns().size() * cellWidth / 2.0;
    Texts.draw(g, Fonts.plain(12), Texts.INK, words.x(), middle, bottom + 38, 0.5);
    Texts.upright(
        g, Fonts.plain(12), "layer (0 = first)", 20, TOP + values.length * cellHeight / 2.0);
  }

  private void colourBar(Graphics2D g) {
    double x = x(words.columns().size()) + 22;
    double bar = (double) values.length * cellHeight;
    double step = bar / BAR_STEPS;
    for (int i = 0; i < BAR_STEPS; i++) {
      g.setColor(DivergingPalette.of(1 - 2 * (i + 0.5) / BAR_STEPS));
      double overlap = i + 1 < BAR_STEPS ? 0.5 : 0;
      g.fill(new Rectangle2D.Double(x, TOP + i * step, BAR_WIDTH, step + overlap));
    }
    g.setColor(FAINT);
    g.setStroke(new BasicStroke(0.8f));
    g.draw(new Rectangle2D.Double(x, TOP, BAR_WIDTH, bar));
    for (int i = 0; i <= 2; i++) {
      double at = TOP + bar * i / 2;
      Texts.draw(
          g, Fonts.plain(11), Texts.INK, signed(most * (1 - i)), x + BAR_WIDTH + 6, at + 4, 0);
    }
    Texts.upright(g, Fonts.plain(12), words.unit(), x + BAR_WIDTH + 58, TOP + bar / 2);
  }
}
