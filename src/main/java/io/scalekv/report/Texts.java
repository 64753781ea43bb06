package io.scalekv.report;

import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.font.FontRenderContext;
import java.awt.geom.AffineTransform;

/** Text in figures that are painted directly; positions and widths in pixels. */
public final class Texts {
  /** Colour of text. */
  public static final Color INK = new Color(0x222222);

  private Texts() {}

  /** Returns the width of a line of text. */
  static double width(Font font, String text) {
    return font.getStringBounds(text, new FontRenderContext(null, true, true)).getWidth();
  }

  /** Draws text with its baseline at y; {@code align} 0 starts, 0.5 centres, 1 ends it at x. */
  public static void draw(
      Graphics2D g, Font font, Color color, String text, double x, double y, double align) {
    g.setFont(font);
    g.setColor(color);
    g.drawString(text, (float) (x - align * width(font, text)), (float) y);
  }

  /** Draws text that reads upwards, centred at (x, y). */
  public static void upright(Graphics2D g, Font font, String text, double x, double y) {
    AffineTransform before = g.getTransform();
    g.translate(x, y);
    g.rotate(-Math.PI / 2);
    draw(g, font, INK, text, 0, 0, 0.5);
    g.setTransform(before);
  }
}
