package io.scalekv.report;

import de.erichseifert.vectorgraphics2d.Document;
import de.erichseifert.vectorgraphics2d.VectorGraphics2D;
import de.erichseifert.vectorgraphics2d.svg.SVGProcessor;
import de.erichseifert.vectorgraphics2d.util.PageSize;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import javax.imageio.ImageIO;

/** Writer of figures as PNG of twice their nominal size, and as SVG. */
public final class FigureFile {
  private static final String SVG_FONT =
      "font-family:'DejaVu Sans',Verdana,sans-serif;font-size:12px";

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
      g.setColor(Color.WHITE);
      g.fillRect(0, 0, image.getWidth(), image.getHeight());
      g.scale(scale, scale);
      figure.paint(g);
    } finally {
      g.dispose();
    }
    return image;
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
}
