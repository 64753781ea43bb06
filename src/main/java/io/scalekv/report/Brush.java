package io.scalekv.report;

import de.erichseifert.vectorgraphics2d.VectorGraphics2D;
import de.erichseifert.vectorgraphics2d.VectorHints;
import de.erichseifert.vectorgraphics2d.util.GraphicsUtils;
import io.scalekv.image.Fonts;
import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.font.FontRenderContext;
import java.awt.geom.AffineTransform;
import java.awt.geom.Line2D;
import java.awt.geom.Rectangle2D;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Style of all figures: fonts, colours of text and lines; lengths in pixels. The colours of
 * policies are those of {@link PolicyStyle}, of heat maps those of {@link Palette}.
 */
final class Brush {
  static {
    System.setProperty("java.awt.headless", "true");
  }

  /** Colour of text. */
  static final Color INK = new Color(0x222222);

  /** Colour of remarks and frames. */
  static final Color FAINT = new Color(0x666666);

  /** Colour of grid lines. */
  static final Color GRID = new Color(0xDDDDDD);

  /** Font of titles. */
  static final Font TITLE = bold(12);

  private static final FontRenderContext CONTEXT = new FontRenderContext(null, true, true);

  private static final Map<Font, Font> PHYSICAL = new ConcurrentHashMap<>();

  private Brush() {}

  static Font plain(double size) {
    return new Font(Font.SANS_SERIF, Font.PLAIN, 12).deriveFont((float) size);
  }

  static Font bold(double size) {
    return new Font(Font.SANS_SERIF, Font.BOLD, 12).deriveFont((float) size);
  }

  /** Fails where text cannot be drawn, as on a server without fonts. */
  static void requireFonts() {
    Fonts.needed(() -> width(plain(12), "scale"));
  }

  /** Returns the width of a line of text. */
  static double width(Font font, String text) {
    return font.getStringBounds(text, CONTEXT).getWidth();
  }

  /**
   * Draws text with its baseline at y, as outlines where the surface asks for them; {@code align} 0
   * starts, 0.5 centres, 1 ends it at x.
   */
  static void text(
      Graphics2D g, Font font, Color color, String text, double x, double y, double align) {
    float start = (float) (x - align * width(font, text));
    g.setColor(color);
    if (VectorHints.VALUE_TEXT_VECTOR.equals(g.getRenderingHint(VectorHints.KEY_TEXT))) {
      g.fill(font.createGlyphVector(CONTEXT, text).getOutline(start, (float) y));
    } else {
      g.setFont(g instanceof VectorGraphics2D ? physical(font) : font);
      g.drawString(text, start, (float) y);
    }
  }

  /** Returns what a vector file would look for anew at every text. */
  private static Font physical(Font logical) {
    return PHYSICAL.computeIfAbsent(logical, GraphicsUtils::getPhysicalFont);
  }

  /** Returns text cut to a width, ending in an ellipsis. */
  static String fitted(Font font, String text, double most) {
    String cut = text;
    while (cut.length() > 1 && width(font, cut) > most) {
      cut = cut.substring(0, cut.length() - 2) + "…";
    }
    return cut;
  }

  /** Draws text that reads upwards, centred at (x, y). */
  static void upright(Graphics2D g, Font font, String text, double x, double y) {
    AffineTransform before = g.getTransform();
    g.translate(x, y);
    g.rotate(-Math.PI / 2);
    text(g, font, INK, text, 0, 0, 0.5);
    g.setTransform(before);
  }

  static void fill(Graphics2D g, Rectangle2D shape, Color color) {
    g.setColor(color);
    g.fill(shape);
  }

  /** Paints the background of a figure. */
  static void clear(Graphics2D g, Figure figure) {
    fill(g, new Rectangle2D.Double(0, 0, figure.width(), figure.height()), Color.WHITE);
  }

  static void stroke(Graphics2D g, Rectangle2D shape, Color color, double thickness) {
    g.setColor(color);
    g.setStroke(new BasicStroke((float) thickness, BasicStroke.CAP_SQUARE, BasicStroke.JOIN_MITER));
    g.draw(shape);
  }

  static void line(
      Graphics2D g, double x0, double y0, double x1, double y1, Color color, double thickness) {
    g.setColor(color);
    g.setStroke(new BasicStroke((float) thickness));
    g.draw(new Line2D.Double(x0, y0, x1, y1));
  }

  static BasicStroke stroke(float thickness, boolean dashed) {
    return new BasicStroke(
        thickness,
        BasicStroke.CAP_BUTT,
        BasicStroke.JOIN_ROUND,
        1,
        dashed ? new float[] {5, 3} : null,
        0);
  }
}
