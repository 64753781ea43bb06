package io.scalekv.report;

import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.TokenMap;
import io.scalekv.experiment.KeptTokens;
import io.scalekv.io.AtomicFile;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import javax.imageio.ImageIO;

/**
 * Figure of the tokens that a layer retains: one row for every scale that reads the cache, in it
 * the earlier token maps. The darker a token, the more heads and batch rows retain it; white tokens
 * are evicted. Scales count from 1, as in the paper; layers from 0.
 */
public final class KeptTokenMap {
  private static final int SIDE = 112;
  private static final int GAP = 10;
  private static final int LEFT = 150;
  private static final int TOP = 64;
  private static final int ZOOM = 2;
  private static final Color FAINT = new Color(0x666666);
  private static final Color FRAME = new Color(0xB8B8B8);

  private KeptTokenMap() {}

  /**
   * Draws one layer and writes a PNG.
   *
   * @param kept recorded while an image was drawn
   * @param layer 0-based
   * @param title first line, such as the policy and its budget
   */
  public static void write(KeptTokens kept, int layer, String title, Path file) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    ImageIO.write(image(kept, layer, title), "png", bytes);
    AtomicFile.write(file, bytes.toByteArray());
  }

  /**
   * Draws one layer.
   *
   * @param kept recorded while an image was drawn
   * @param layer 0-based
   * @param title first line, such as the policy and its budget
   */
  public static BufferedImage image(KeptTokens kept, int layer, String title) {
    Fonts.require();
    ScaleSchedule s = kept.schedule();
    int first = firstCut(kept, layer);
    int rows = s.scales() - first;
    int width = LEFT + (s.scales() - 1) * (SIDE + GAP) + GAP;
    int height = TOP + rows * (SIDE + GAP) + GAP;
    BufferedImage image =
        new BufferedImage(ZOOM * width, ZOOM * height, BufferedImage.TYPE_INT_RGB);
    Graphics2D g = image.createGraphics();
    g.scale(ZOOM, ZOOM);
    g.setRenderingHint(
        RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
    g.setColor(Color.WHITE);
    g.fillRect(0, 0, width, height);
    g.setColor(Texts.INK);
    g.setFont(Fonts.bold(13));
    g.drawString(title + ", layer " + layer, GAP, 22);
    g.setFont(Fonts.plain(11));
    for (int source = 0; source < s.scales() - 1; source++) {
      TokenMap map = s.map(source);
      String label =
          String.format(Locale.ROOT, "scale %d (%d×%d)", source + 1, map.height(), map.width());
      g.drawString(label, LEFT + source * (SIDE + GAP), TOP - 10);
    }
    for (int k = first; k < s.scales(); k++) {
      row(g, kept, layer, k, TOP + (k - first) * (SIDE + GAP));
    }
    g.dispose();
    return image;
  }

  /** Returns the first scale that reads a compressed cache; the last scale where none does. */
  private static int firstCut(KeptTokens kept, int layer) {
    int last = kept.schedule().scales() - 1;
    for (int k = 1; k < last; k++) {
      for (double share : kept.share(layer, k)) {
        if (share < 1 - 1e-9) {
          return k;
        }
      }
    }
    return last;
  }

  private static void row(Graphics2D g, KeptTokens kept, int layer, int scale, int top) {
    ScaleSchedule s = kept.schedule();
    double[] share = kept.share(layer, scale);
    double held = 0;
    for (double x : share) {
      held += x;
    }
    g.setColor(Texts.INK);
    g.drawString("read by scale " + (scale + 1), GAP, top + SIDE / 2 - 4);
    g.setColor(FAINT);
    g.drawString(
        String.format(Locale.ROOT, "%.0f of %d tokens", held, share.length),
        GAP,
        top + SIDE / 2 + 12);
    for (int source = 0; source < scale; source++) {
      grid(g, s.map(source), share, s.tokensBefore(source), LEFT + source * (SIDE + GAP), top);
    }
  }

  private static void grid(
      Graphics2D g, TokenMap map, double[] share, int from, int left, int top) {
    int longest = Math.max(map.height(), map.width());
    for (int i = 0; i < map.height(); i++) {
      for (int j = 0; j < map.width(); j++) {
        int x = left + j * SIDE / longest;
        int y = top + i * SIDE / longest;
        g.setColor(shade(share[from + i * map.width() + j]));
        g.fillRect(x, y, left + (j + 1) * SIDE / longest - x, top + (i + 1) * SIDE / longest - y);
      }
    }
    g.setColor(FRAME);
    g.drawRect(left, top, map.width() * SIDE / longest, map.height() * SIDE / longest);
  }

  /** White to dark blue. */
  private static Color shade(double share) {
    double s = Math.max(0, Math.min(1, share));
    return new Color(
        (int) Math.round(255 - s * 247),
        (int) Math.round(255 - s * 207),
        (int) Math.round(255 - s * 148));
  }
}
