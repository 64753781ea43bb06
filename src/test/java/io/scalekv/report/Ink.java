package io.scalekv.report;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.Color;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import javax.imageio.ImageIO;

/** Whether a figure is one: something in its middle, nothing that touches its edges. */
final class Ink {
  private Ink() {}

  static void check(Path png) throws IOException {
    BufferedImage image = ImageIO.read(png.toFile());
    int coloured = 0;
    int w = image.getWidth();
    int h = image.getHeight();
    for (int y = 0; y < h; y++) {
      for (int x = 0; x < w; x++) {
        int rgb = image.getRGB(x, y) & 0xffffff;
        boolean edge = x < 4 || y < 4 || x >= w - 4 || y >= h - 4;
        assertTrue(!edge || rgb == 0xffffff, png + ": ink at the edge, " + x + ", " + y);
        Color c = new Color(rgb);
        int[] parts = {c.getRed(), c.getGreen(), c.getBlue()};
        int most = Math.max(parts[0], Math.max(parts[1], parts[2]));
        int least = Math.min(parts[0], Math.min(parts[1], parts[2]));
        coloured += most - least > 60 ? 1 : 0;
      }
    }
    assertTrue(coloured > 400, png + ": coloured points " + coloured);
  }
}
