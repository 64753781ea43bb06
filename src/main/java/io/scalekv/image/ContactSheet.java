package io.scalekv.image;

import io.scalekv.io.Require;
import java.awt.Color;
import java.awt.Font;
import java.awt.FontMetrics;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.List;

/** Contact sheet: a grid of images, each with its label below. */
public final class ContactSheet {
  private static final int MARGIN = 6;
  private static final int FONT_SIZE = 11;
  private static final int LEAST_LABEL_WIDTH = 40;

  static {
    Headless.ensure();
  }

  private ContactSheet() {}

  /**
   * Lays images out row by row. Every cell is as large as the largest image; labels are wrapped to
   * the cell's width, and a row is as high as its longest label needs. An image is enlarged by
   * repeating its pixels.
   *
   * @param images at least one
   * @param labels one per image, empty for none
   * @param columns images in a row, at least 1
   * @param zoom how often each pixel is repeated in both directions, at least 1
   * @throws IllegalArgumentException if a number is too small or the lists differ in length
   * @throws IllegalStateException if this machine has no font to draw labels with
   */
  public static RgbImage of(List<RgbImage> images, List<String> labels, int columns, int zoom) {
    Require.that(
        !images.isEmpty() && images.size() == labels.size(),
        "contact sheet needs at least one image and as many labels, got %s images and %s labels",
        images.size(),
        labels.size());
    Require.that(
        columns >= 1 && zoom >= 1,
        "contact sheet: columns and zoom must be at least 1, got %s and %s",
        columns,
        zoom);
    int cellWidth = LEAST_LABEL_WIDTH;
    int cellHeight = 1;
    for (RgbImage image : images) {
      cellWidth = Math.max(cellWidth, zoom * image.width());
      cellHeight = Math.max(cellHeight, zoom * image.height());
    }
    boolean labelled = labels.stream().anyMatch(label -> !label.isBlank());
    int used = Math.min(columns, images.size());
    int rows = (images.size() + used - 1) / used;
    List<List<String>> wrapped = new ArrayList<>();
    int[] linesInRow = new int[rows];
    FontMetrics metrics = labelled ? Fonts.needed(ContactSheet::metrics) : null;
    int lineHeight = 0;
    int ascent = 0;
    if (labelled) {
      lineHeight = metrics.getHeight();
      ascent = metrics.getAscent();
      for (int i = 0; i < labels.size(); i++) {
        List<String> lines = wrap(labels.get(i), metrics, cellWidth);
        wrapped.add(lines);
        linesInRow[i / used] = Math.max(linesInRow[i / used], lines.size());
      }
    }
    int height = MARGIN;
    for (int lines : linesInRow) {
      height += cellHeight + lines * lineHeight + MARGIN;
    }
    BufferedImage sheet =
        new BufferedImage(MARGIN + used * (cellWidth + MARGIN), height, BufferedImage.TYPE_INT_RGB);
    Graphics2D graphics = sheet.createGraphics();
    graphics.setColor(Color.WHITE);
    graphics.fillRect(0, 0, sheet.getWidth(), height);
    graphics.setColor(Color.BLACK);
    graphics.setRenderingHint(
        RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
    if (labelled) {
      graphics.setFont(metrics.getFont());
    }
    int top = MARGIN;
    for (int i = 0; i < images.size(); i++) {
      if (i > 0 && i % used == 0) {
        top += cellHeight + linesInRow[i / used - 1] * lineHeight + MARGIN;
      }
      int left = MARGIN + i % used * (cellWidth + MARGIN);
      RgbImage image = images.get(i);
      graphics.drawImage(
          Png.toBuffered(image), left, top, zoom * image.width(), zoom * image.height(), null);
      int baseline = top + cellHeight + ascent;
      for (String line : labelled ? wrapped.get(i) : List.<String>of()) {
        graphics.drawString(line, left, baseline);
        baseline += lineHeight;
      }
    }
    graphics.dispose();
    return Rasters.rgb(sheet);
  }

  /** Greedy line breaks at spaces; a word wider than the line is broken anywhere. */
  private static List<String> wrap(String label, FontMetrics metrics, int width) {
    List<String> lines = new ArrayList<>();
    String line = "";
    for (String word : label.strip().split("\\s+")) {
      String longer = line.isEmpty() ? word : line + " " + word;
      if (metrics.stringWidth(longer) <= width) {
        line = longer;
        continue;
      }
      if (!line.isEmpty()) {
        lines.add(line);
      }
      line = word;
      while (metrics.stringWidth(line) > width && line.length() > 1) {
        int fits = line.length() - 1;
        while (fits > 1 && metrics.stringWidth(line.substring(0, fits)) > width) {
          fits--;
        }
        lines.add(line.substring(0, fits));
        line = line.substring(fits);
      }
    }
    if (!line.isEmpty()) {
      lines.add(line);
    }
    return lines;
  }

  private static FontMetrics metrics() {
    Font font = new Font(Font.SANS_SERIF, Font.PLAIN, FONT_SIZE);
    Graphics2D scratch = new BufferedImage(1, 1, BufferedImage.TYPE_INT_RGB).createGraphics();
    FontMetrics metrics = scratch.getFontMetrics(font);
    scratch.dispose();
    if (metrics.stringWidth("scale") <= 0) {
      throw new IllegalStateException("the font has no letters");
    }
    return metrics;
  }
}
