package io.scalekv.report;

import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.geom.AffineTransform;
import java.awt.geom.Rectangle2D;
import java.util.List;

/** Sheet of figures side by side below one title and one note. */
final class FigureSheet implements Figure {
  private static final int MARGIN = 14;
  private static final int HEAD = 58;
  private static final Font TITLE = Fonts.bold(16);
  private static final Font NOTE = Fonts.plain(12);
  private static final Color FAINT = new Color(0x666666);

  private final String title;
  private final String note;
  private final List<? extends Figure> figures;
  private final int across;
  private final int cellWidth;
  private final int cellHeight;

  /**
   * @param across figures in a row
   */
  FigureSheet(String title, String note, int across, List<? extends Figure> figures) {
    this.title = title;
    this.note = note;
    this.figures = List.copyOf(figures);
    this.across = Math.min(across, figures.size());
    cellWidth = figures.stream().mapToInt(Figure::width).max().orElseThrow();
    cellHeight = figures.stream().mapToInt(Figure::height).max().orElseThrow();
  }

  @Override
  public int width() {
    double text = Math.max(Texts.width(NOTE, note), Texts.width(TITLE, title));
    return MARGIN + Math.max(across * cellWidth, (int) Math.ceil(text)) + MARGIN;
  }

  @Override
  public int height() {
    return HEAD + (figures.size() + across - 1) / across * cellHeight;
  }

  @Override
  public void paint(Graphics2D g) {
    g.setColor(Color.WHITE);
    g.fill(new Rectangle2D.Double(0, 0, width(), height()));
    Texts.draw(g, TITLE, Texts.INK, title, MARGIN, 26, 0);
    Texts.draw(g, NOTE, FAINT, note, MARGIN, 45, 0);
    for (int i = 0; i < figures.size(); i++) {
      AffineTransform before = g.getTransform();
      int row = i / across;
      g.translate(MARGIN + (double) (i % across) * cellWidth, HEAD + (double) row * cellHeight);
      figures.get(i).paint(g);
      g.setTransform(before);
    }
  }
}
