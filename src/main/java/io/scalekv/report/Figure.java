package io.scalekv.report;

import java.awt.Graphics2D;

/** Something that can be painted on any surface of its size, in nominal pixels. */
interface Figure {
  /** Width in nominal pixels. */
  int width();

  /** Height in nominal pixels. */
  int height();

  /** Paints everything, the white ground too. */
  void paint(Graphics2D g);
}
