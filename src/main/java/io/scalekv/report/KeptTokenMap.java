package io.scalekv.report;

import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.TokenMap;
import io.scalekv.experiment.KeptTokens;
import java.awt.Color;
import java.awt.Graphics2D;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Figure of the tokens that a layer retains: one row for every scale that reads a compressed cache,
 * in it the earlier token maps. The darker a token, the more heads and batch rows retain it; white
 * tokens are evicted. Scales count from 1, layers from 0.
 *
 * @param kept recorded while an image was drawn
 * @param layer 0-based
 * @param title first line, such as the policy and its budget
 */
public record KeptTokenMap(KeptTokens kept, int layer, String title) implements Figure {
  private static final int SIDE = 112;
  private static final int GAP = 10;
  private static final int LEFT = 150;
  private static final int TOP = 64;
  private static final String NOTE =
      "the darker a token, the more heads and images retain it; white: evicted";
  private static final Color FRAME = new Color(0xB8B8B8);

  /** Checks that text can be drawn. */
  public KeptTokenMap {
    Brush.requireFonts();
  }

  private ScaleSchedule schedule() {
    return kept.schedule();
  }

  /** Returns the first scale that reads a compressed cache; the last scale where none does. */
  private int first() {
    int last = schedule().scales() - 1;
    return IntStream.range(1, last)
        .filter(k -> Arrays.stream(kept.share(layer, k)).anyMatch(x -> x < 1 - 1e-9))
        .findFirst()
        .orElse(last);
  }

  @Override
  public int width() {
    return LEFT + (schedule().scales() - 1) * (SIDE + GAP) + GAP;
  }

  @Override
  public int height() {
    return TOP + (schedule().scales() - first()) * (SIDE + GAP) + GAP;
  }

  @Override
  public void paint(Graphics2D g) {
    Brush.clear(g, this);
    Brush.text(g, Brush.TITLE, Brush.INK, title + ", layer " + layer, GAP, 20, 0);
    Brush.text(g, Brush.plain(10), Brush.FAINT, NOTE, GAP, 35, 0);
    for (int s = 0; s < schedule().scales() - 1; s++) {
      String scale = "scale " + LayerScaleMap.scale(schedule().maps(), s);
      Brush.text(g, Brush.plain(11), Brush.INK, scale, left(s), TOP - 10, 0);
    }
    int first = first();
    for (int k = first; k < schedule().scales(); k++) {
      row(g, k, TOP + (k - first) * (SIDE + GAP));
    }
  }

  private static int left(int source) {
    return LEFT + source * (SIDE + GAP);
  }

  private void row(Graphics2D g, int scale, int top) {
    double[] share = kept.share(layer, scale);
    double retained = 0;
    for (double x : share) {
      retained += x;
    }
    double middle = top + SIDE / 2.0;
    String reader = "read by scale " + (scale + 1);
    String tokens = ReportTable.fixed(retained, 0) + " of " + share.length + " tokens";
    Brush.text(g, Brush.plain(11), Brush.INK, reader, GAP, middle - 4, 0);
    Brush.text(g, Brush.plain(11), Brush.FAINT, tokens, GAP, middle + 12, 0);
    for (int s = 0; s < scale; s++) {
      grid(g, schedule().map(s), share, schedule().tokensBefore(s), left(s), top);
    }
  }

  private static void grid(
      Graphics2D g, TokenMap map, double[] share, int from, int left, int top) {
    int longest = Math.max(map.height(), map.width());
    for (int i = 0; i < map.height(); i++) {
      for (int j = 0; j < map.width(); j++) {
        int x = left + j * SIDE / longest;
        int y = top + i * SIDE / longest;
        g.setColor(Palette.SHARE.of(share[from + i * map.width() + j]));
        g.fillRect(x, y, left + (j + 1) * SIDE / longest - x, top + (i + 1) * SIDE / longest - y);
      }
    }
    g.setColor(FRAME);
    g.drawRect(left, top, map.width() * SIDE / longest, map.height() * SIDE / longest);
  }
}
