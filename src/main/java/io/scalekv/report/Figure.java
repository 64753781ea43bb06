package io.scalekv.report;

import java.awt.Graphics2D;
import java.awt.image.BufferedImage;

/** Something that can be painted on any surface of its size, in nominal pixels. */
public interface Figure {
  /** Width in nominal pixels. */
  int width();

  /** Height in nominal pixels. */
  int height();

  /** Paints everything, the white ground too. */
  void paint(Graphics2D g);

  /** The figure as pixels in its nominal size, for a notebook. */
  default BufferedImage image() {
    return FigureFile.image(this, 1);
  }
}
