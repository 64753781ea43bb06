package io.scalekv.report;

import de.erichseifert.vectorgraphics2d.Document;
import de.erichseifert.vectorgraphics2d.VectorGraphics2D;
import de.erichseifert.vectorgraphics2d.VectorHints;
import de.erichseifert.vectorgraphics2d.pdf.PDFProcessor;
import de.erichseifert.vectorgraphics2d.svg.SVGProcessor;
import de.erichseifert.vectorgraphics2d.util.PageSize;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import javax.imageio.ImageIO;

/** Writer of figures as PNG of twice their nominal size, as SVG and as PDF. */
public final class FigureFile {
  private static final String SVG_FONT =
      "font-family:'DejaVu Sans',Verdana,sans-serif;font-size:12px";

  private static final double MILLIMETRES = 25.4 / 96;

  /**
   * Colours on a light and on a dark page: ground, ink, remarks, grid, levels, pale lines, blue.
   */
  private static final String[][] THEME = {
    {"255,255,255", "22,24,28"},
    {"34,34,34", "230,230,230"},
    {"102,102,102", "166,166,166"},
    {"221,221,221", "60,64,72"},
    {"119,119,119", "150,150,150"},
    {"200,200,200", "84,88,96"},
    {"0,114,178", "58,150,220"}
  };

  private FigureFile() {}

  /** Returns the bytes of a PNG of {@code scale} times the nominal size. */
  public static byte[] png(Figure figure, int scale) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    ImageIO.write(image(figure, scale), "png", bytes);
    return bytes.toByteArray();
  }

  /** Returns the pixels at {@code scale} times the nominal size. */
  static BufferedImage image(Figure figure, int scale) {
    BufferedImage image =
        new BufferedImage(
            scale * figure.width(), scale * figure.height(), BufferedImage.TYPE_INT_RGB);
    Graphics2D g = image.createGraphics();
    try {
      g.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
      g.setRenderingHint(
          RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
      g.scale(scale, scale);
      figure.paint(g);
    } finally {
      g.dispose();
    }
    return image;
  }

  /** Returns a PDF page of the nominal size at 96 pixels an inch, with text as outlines. */
  public static byte[] pdf(Figure figure) throws IOException {
    VectorGraphics2D g = new VectorGraphics2D();
    g.setRenderingHint(VectorHints.KEY_TEXT, VectorHints.VALUE_TEXT_VECTOR);
    g.scale(MILLIMETRES, MILLIMETRES);
    figure.paint(g);
    PageSize page = new PageSize(0, 0, MILLIMETRES * figure.width(), MILLIMETRES * figure.height());
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    new PDFProcessor(true).getDocument(g.getCommands(), page).writeTo(bytes);
    return bytes.toByteArray();
  }

  /** Returns the text of an SVG. */
  public static String svg(Figure figure) throws IOException {
    VectorGraphics2D g = new VectorGraphics2D();
    figure.paint(g);
    Document svg =
        new SVGProcessor()
            .getDocument(g.getCommands(), new PageSize(0, 0, figure.width(), figure.height()));
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    svg.writeTo(bytes);
    // No font and no document type to fetch; hundredths of a pixel are enough.
    return bytes
        .toString(StandardCharsets.UTF_8)
        .replaceAll("([0-9]\\.[0-9]{2})[0-9]+", "$1")
        .replaceFirst("<!DOCTYPE[^>]*>\\s*", "")
        .replaceAll("font-family:&quot;[^&]*&quot;;", "")
        .replaceFirst("<svg ", "<svg style=\"" + SVG_FONT + "\" ");
  }

  /** Returns the text of an SVG whose ground and ink follow the reader's dark mode. */
  static String themed(Figure figure) throws IOException {
    StringBuilder light = new StringBuilder();
    StringBuilder dark = new StringBuilder();
    String svg = svg(figure);
    for (int i = 0; i < THEME.length; i++) {
      svg = svg.replace("rgb(" + THEME[i][0] + ")", "var(--c" + i + ")");
      light.append("--c").append(i).append(":rgb(").append(THEME[i][0]).append(");");
      dark.append("--c").append(i).append(":rgb(").append(THEME[i][1]).append(");");
    }
    String style =
        "<style>:root{%s}@media (prefers-color-scheme:dark){:root{%s}}</style>"
            .formatted(light, dark);
    return svg.replaceFirst("(<svg [^>]*>)", "$1" + style);
  }
}
