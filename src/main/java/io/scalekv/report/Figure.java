package io.scalekv.report;

import io.scalekv.io.AtomicFile;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/** Figure of a fixed size that can be painted on any surface, in nominal pixels. */
public interface Figure {
  /** Returns the width in nominal pixels. */
  int width();

  /** Returns the height in nominal pixels. */
  int height();

  /** Paints everything, the white background included. */
  void paint(Graphics2D g);

  /** Returns the figure as pixels in its nominal size, for a notebook. */
  default BufferedImage image() {
    return FigureFile.image(this, 1);
  }

  /** Writes a PNG of twice the nominal size, atomically. */
  default void writePng(Path file) throws IOException {
    AtomicFile.write(file, FigureFile.png(this, 2));
  }

  /** Writes {@code NAME.png}, {@code NAME.svg} and {@code NAME.pdf} and returns the files. */
  default List<Path> write(Path folder, String name) throws IOException {
    Path png = folder.resolve(name + ".png");
    Path svg = folder.resolve(name + ".svg");
    Path pdf = folder.resolve(name + ".pdf");
    writePng(png);
    AtomicFile.write(svg, FigureFile.svg(this).getBytes(StandardCharsets.UTF_8));
    AtomicFile.write(pdf, FigureFile.pdf(this));
    return List.of(png, svg, pdf);
  }
}
