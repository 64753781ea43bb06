package io.scalekv.study;

import io.scalekv.cache.ScaleSchedule;
import io.scalekv.report.DivergingPalette;
import io.scalekv.report.Figure;
import io.scalekv.report.Fonts;
import io.scalekv.report.Texts;
import io.scalekv.roles.RoleAssignment;
import io.scalekv.roles.RoleBootstrap;
import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.geom.Rectangle2D;
import java.util.Locale;

/**
 * Heat map of the probability that a layer is a drafter, layer by scale, with the probability in
 * every cell and the drafters outlined. Only scales that read a cut cache are drawn: elsewhere
 * there are no drafters. Scales count from 1, as in the paper; layers from 0.
 *
 * <p>Painted directly: XChart's heat map cannot outline cells.
 */
final class DrafterProbabilityMap implements Figure {
  private static final int LEFT = 62;
  private static final int TOP = 66;
  private static final int BOTTOM = 60;
  private static final int RIGHT = 92;
  private static final int LEAST_WIDTH = 560;
  private static final int BAR_WIDTH = 16;
  private static final int BAR_STEPS = 100;

  private static final Color FAINT = new Color(0x666666);
  private static final Color GRID = new Color(0xD4D4D4);

  private final String title;
  private final ScaleSchedule schedule;
  private final int first;
  private final RoleAssignment roles;
  private final RoleBootstrap bootstrap;
  private final int cellHeight;
  private final int cellWidth;

  private DrafterProbabilityMap(
      String title, ScaleSchedule schedule, int first, RoleAssignment roles, RoleBootstrap b) {
    this.title = title;
    this.schedule = schedule;
    this.first = first;
    this.roles = roles;
    this.bootstrap = b;
    cellHeight = roles.layers() <= 16 ? 26 : roles.layers() <= 28 ? 20 : 17;
    int scales = Math.max(1, roles.scales() - first);
    cellWidth = Math.min(180, Math.max(66, (LEAST_WIDTH - LEFT - RIGHT) / scales));
  }

  /**
   * The map of one rule.
   *
   * @param title what it says above
   * @param first first scale that reads a cut cache
   * @param roles the roles from all prompts
   * @param bootstrap at least two prompts
   */
  static DrafterProbabilityMap of(
      String title,
      ScaleSchedule schedule,
      int first,
      RoleAssignment roles,
      RoleBootstrap bootstrap) {
    Fonts.require();
    return new DrafterProbabilityMap(title, schedule, first, roles, bootstrap);
  }

  @Override
  public int width() {
    return Math.max(LEAST_WIDTH, LEFT + (roles.scales() - first) * cellWidth + RIGHT);
  }

  @Override
  public int height() {
    return TOP + roles.layers() * cellHeight + BOTTOM;
  }

  @Override
  public void paint(Graphics2D g) {
    g.setColor(Color.WHITE);
    g.fill(new Rectangle2D.Double(0, 0, width(), height()));
    Texts.draw(g, Fonts.bold(14), Texts.INK, title, LEFT, 24, 0);
    Texts.draw(
        g,
        Fonts.plain(12),
        FAINT,
        String.format(
            Locale.ROOT,
            "%d prompts  ·  %d bootstrap draws  ·  outlined: drafter by all prompts",
            bootstrap.prompts(),
            bootstrap.draws()),
        LEFT,
        44,
        0);
    for (int k = first; k < roles.scales(); k++) {
      for (int l = 0; l < roles.layers(); l++) {
        cell(g, l, k);
      }
    }
    for (int k = first; k < roles.scales(); k++) {
      for (int l = 0; l < roles.layers(); l++) {
        if (roles.isDrafter(l, k)) {
          g.setColor(Color.BLACK);
          g.setStroke(new BasicStroke(2.4f));
          g.draw(new Rectangle2D.Double(x(k) + 1.4, y(l) + 1.4, cellWidth - 2.8, cellHeight - 2.8));
        }
      }
    }
    axes(g);
    colourBar(g);
  }

  private double x(int scale) {
    return LEFT + (double) (scale - first) * cellWidth;
  }

  /** Layer 0 is at the bottom, as layers are stacked. */
  private double y(int layer) {
    return TOP + (double) (roles.layers() - 1 - layer) * cellHeight;
  }

  private void cell(Graphics2D g, int layer, int scale) {
    double p = bootstrap.drafterProbability(layer, scale);
    Color color = color(p);
    Rectangle2D box = new Rectangle2D.Double(x(scale), y(layer), cellWidth, cellHeight);
    g.setColor(color);
    g.fill(box);
    g.setColor(GRID);
    g.setStroke(new BasicStroke(0.6f));
    g.draw(box);
    // Never rounded to certainty.
    String shown =
        p == 0 || p == 1
            ? String.valueOf((int) p)
            : p < 0.005 ? "<0.01" : p > 0.995 ? ">0.99" : String.format(Locale.ROOT, "%.2f", p);
    Texts.draw(
        g,
        Fonts.plain(11),
        p == 0 ? FAINT : DivergingPalette.ink(color),
        shown,
        box.getCenterX(),
        box.getCenterY() + 4,
        0.5);
  }

  /** White at 0, the palette's blue at 1. */
  private static Color color(double probability) {
    return DivergingPalette.of(-probability);
  }

  private void axes(Graphics2D g) {
    double bottom = TOP + (double) roles.layers() * cellHeight;
    for (int k = first; k < roles.scales(); k++) {
      String map = schedule.map(k).height() + "×" + schedule.map(k).width();
      Texts.draw(
          g,
          Fonts.plain(11),
          Texts.INK,
          k + 1 + " (" + map + ")",
          x(k) + cellWidth / 2.0,
          bottom + 16,
          0.5);
    }
    for (int l = 0; l < roles.layers(); l++) {
      Texts.draw(g, Fonts.plain(11), Texts.INK, "" + l, LEFT - 7, y(l) + cellHeight / 2.0 + 4, 1);
    }
    double middle = LEFT + (roles.scales() - first) * cellWidth / 2.0;
    String scales = "scale that reads a cut cache (its token map)";
    Texts.draw(g, Fonts.plain(12), Texts.INK, scales, middle, bottom + 38, 0.5);
    Texts.upright(
        g, Fonts.plain(12), "layer (0 = first)", 20, TOP + roles.layers() * cellHeight / 2.0);
  }

  private void colourBar(Graphics2D g) {
    double x = x(roles.scales()) + 22;
    double bar = (double) roles.layers() * cellHeight;
    double step = bar / BAR_STEPS;
    for (int i = 0; i < BAR_STEPS; i++) {
      g.setColor(color(1 - (i + 0.5) / BAR_STEPS));
      double overlap = i + 1 < BAR_STEPS ? 0.5 : 0;
      g.fill(new Rectangle2D.Double(x, TOP + i * step, BAR_WIDTH, step + overlap));
    }
    g.setColor(FAINT);
    g.setStroke(new BasicStroke(0.8f));
    g.draw(new Rectangle2D.Double(x, TOP, BAR_WIDTH, bar));
    for (int i = 0; i <= 4; i++) {
      double y = TOP + bar * (1 - i / 4.0);
      String tick =
          i % 4 == 0 ? String.valueOf(i / 4) : String.format(Locale.ROOT, "%.2f", i / 4.0);
      Texts.draw(g, Fonts.plain(11), Texts.INK, tick, x + BAR_WIDTH + 6, y + 4, 0);
    }
    Texts.upright(
        g, Fonts.plain(12), "probability of a drafter", x + BAR_WIDTH + 48, TOP + bar / 2);
  }
}
