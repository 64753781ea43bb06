package io.scalekv.report;

import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.geom.AffineTransform;
import java.util.List;

/** Sheet of figures side by side below one title and one note. */
final class FigureSheet implements Figure {
  private static final int MARGIN = 14;
  private static final int HEAD = 58;
  private static final Font TITLE = Brush.bold(16);
  private static final Font NOTE = Brush.plain(12);

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
    double text = Math.max(Brush.width(NOTE, note), Brush.width(TITLE, title));
    return MARGIN + Math.max(across * cellWidth, (int) Math.ceil(text)) + MARGIN;
  }

  @Override
  public int height() {
    return HEAD + (figures.size() + across - 1) / across * cellHeight;
  }

  @Override
  public void paint(Graphics2D g) {
    Brush.clear(g, this);
    Brush.text(g, TITLE, Brush.INK, title, MARGIN, 26, 0);
    Brush.text(g, NOTE, Brush.FAINT, note, MARGIN, 45, 0);
    for (int i = 0; i < figures.size(); i++) {
      AffineTransform before = g.getTransform();
      int row = i / across;
      g.translate(MARGIN + (double) (i % across) * cellWidth, HEAD + (double) row * cellHeight);
      figures.get(i).paint(g);
      g.setTransform(before);
    }
  }
}
