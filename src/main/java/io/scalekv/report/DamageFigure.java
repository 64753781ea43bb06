package io.scalekv.report;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.geom.Ellipse2D;
import java.awt.geom.Line2D;
import java.awt.geom.Rectangle2D;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * What a cut costs against what a calibration says: two scatter plots on the left, in which every
 * point is the number of a layer, and on the right the rank correlation of every feature. Painted
 * directly: XChart can neither write numbers as points nor draw two intervals on one.
 */
final class DamageFigure implements Figure {
  /**
   * A scatter plot.
   *
   * @param title what is on the x-axis, and ρ
   * @param axis label of the x-axis
   * @param x [layer][place]
   */
  record Scatter(String title, String axis, double[][] x) {
    /** Ends of the x-axis with a margin. */
    private double[] range() {
      double least = Double.POSITIVE_INFINITY;
      double most = Double.NEGATIVE_INFINITY;
      for (double[] row : x) {
        for (double v : row) {
          least = Math.min(least, v);
          most = Math.max(most, v);
        }
      }
      double margin = most > least ? 0.07 * (most - least) : 1;
      return new double[] {least - margin, most + margin};
    }
  }

  /**
   * What all panels share.
   *
   * @param title of the figure
   * @param subtitle model, budget, prompts
   * @param axis of the damage
   * @param places names of the colours; one for whole layers
   * @param damage [layer][place], positive
   * @param within what the correlations are over, such as {@code within scales}
   * @param dots correlations, in the order in which they are listed
   * @param marked name of the feature in bold
   */
  record Content(
      String title,
      String subtitle,
      String axis,
      List<String> places,
      double[][] damage,
      String within,
      List<DamageCorrelation> dots,
      String marked) {}

  private static final int LEFT = 74;
  private static final int PLOT = 344;
  private static final int TOP = 122;
  private static final int GAP = 66;
  private static final int BETWEEN = 24;
  private static final int DOTS = 300;
  private static final int ROW = 21;
  private static final int BOTTOM = 86;
  private static final int RIGHT = 24;
  private static final double RADIUS = 7.2;
  private static final Color FAINT = new Color(0x666666);
  private static final Color GRID = new Color(0xdddddd);

  private final Content content;
  private final List<Scatter> scatters;
  private final int names;
  private final double low;
  private final double high;

  private DamageFigure(Content content, List<Scatter> scatters) {
    this.content = content;
    this.scatters = scatters;
    this.names =
        (int)
            Math.ceil(
                content.dots().stream()
                    .mapToDouble(d -> Texts.width(Fonts.bold(11), name(d)))
                    .max()
                    .orElse(0));
    double least = Double.POSITIVE_INFINITY;
    double most = 0;
    for (double[] row : content.damage()) {
      for (double v : row) {
        least = v > 0 ? Math.min(least, v) : least;
        most = Math.max(most, v);
      }
    }
    if (most == 0) {
      throw new IllegalArgumentException(
          "figure " + content.title() + ": some damage expected, got none");
    }
    this.low = least / 1.3;
    this.high = most * 1.3;
  }

  /**
   * A figure of one or two scatter plots and at least one correlation.
   *
   * @throws IllegalArgumentException where nothing is damaged
   */
  static DamageFigure of(Content content, List<Scatter> scatters) {
    Fonts.require();
    return new DamageFigure(content, List.copyOf(scatters));
  }

  private static String name(DamageCorrelation d) {
    return d.feature().name() + (d.feature().oriented() ? "" : " †");
  }

  private int dotsHeight() {
    return content.dots().size() * ROW;
  }

  private int plotHeight() {
    int all = Math.max(dotsHeight(), 460);
    return (all - (scatters.size() - 1) * (GAP + 14)) / scatters.size();
  }

  private int bodyHeight() {
    return Math.max(
        dotsHeight(), scatters.size() * plotHeight() + (scatters.size() - 1) * (GAP + 14));
  }

  private int dotsLeft() {
    return LEFT + PLOT + BETWEEN + names + 16;
  }

  @Override
  public int width() {
    return dotsLeft() + DOTS + RIGHT;
  }

  @Override
  public int height() {
    return TOP + bodyHeight() + BOTTOM;
  }

  @Override
  public void paint(Graphics2D g) {
    g.setColor(Color.WHITE);
    g.fill(new Rectangle2D.Double(0, 0, width(), height()));
    Texts.draw(g, Fonts.bold(15), Texts.INK, content.title(), 16, 26, 0);
    Texts.draw(g, Fonts.plain(12), FAINT, content.subtitle(), 16, 45, 0);
    legend(g);
    for (int i = 0; i < scatters.size(); i++) {
      scatter(g, scatters.get(i), TOP + i * (plotHeight() + GAP + 14));
    }
    dots(g);
  }

  private void legend(Graphics2D g) {
    if (content.places().size() < 2) {
      return;
    }
    double x = LEFT;
    for (int i = 0; i < content.places().size(); i++) {
      g.setColor(PolicyStyle.numbered(i).color());
      g.fill(new Ellipse2D.Double(x, 58, 10, 10));
      Texts.draw(g, Fonts.plain(11), Texts.INK, content.places().get(i), x + 14, 67, 0);
      x += 26 + Texts.width(Fonts.plain(11), content.places().get(i));
    }
  }

  private double y(double damage, double top) {
    double share = Math.log(Math.max(damage, low) / low) / Math.log(high / low);
    return top + plotHeight() * (1 - share);
  }

  private void scatter(Graphics2D g, Scatter s, double top) {
    double bottom = top + plotHeight();
    double[] range = s.range();
    Texts.draw(g, Fonts.bold(12), Texts.INK, s.title(), LEFT, top - 8, 0);
    for (double tick : ticks()) {
      line(g, LEFT, y(tick, top), LEFT + PLOT, y(tick, top), GRID, 1);
      Texts.draw(g, Fonts.plain(11), Texts.INK, number(tick), LEFT - 6, y(tick, top) + 4, 1);
    }
    double step = step(range[1] - range[0]);
    for (double t = Math.ceil(range[0] / step) * step; t <= range[1]; t += step) {
      double x = LEFT + PLOT * (t - range[0]) / (range[1] - range[0]);
      line(g, x, top, x, bottom, GRID, 1);
      Texts.draw(
          g,
          Fonts.plain(11),
          Texts.INK,
          number(Math.abs(t) < step / 1e6 ? 0 : t),
          x,
          bottom + 16,
          0.5);
    }
    g.setColor(GRID);
    g.setStroke(new BasicStroke(1));
    g.draw(new Rectangle2D.Double(LEFT, top, PLOT, plotHeight()));
    Texts.draw(g, Fonts.plain(12), Texts.INK, s.axis(), LEFT + PLOT / 2.0, bottom + 34, 0.5);
    Texts.upright(g, Fonts.plain(12), content.axis(), 18, top + plotHeight() / 2.0);
    for (int k = 0; k < content.places().size(); k++) {
      for (int l = 0; l < content.damage().length; l++) {
        double x = LEFT + PLOT * (s.x()[l][k] - range[0]) / (range[1] - range[0]);
        point(g, l, PolicyStyle.numbered(k).color(), x, y(content.damage()[l][k], top));
      }
    }
  }

  private static void point(Graphics2D g, int layer, Color color, double x, double y) {
    Font font = Fonts.bold(9.5);
    g.setColor(new Color(255, 255, 255, 235));
    g.fill(new Ellipse2D.Double(x - RADIUS, y - RADIUS, 2 * RADIUS, 2 * RADIUS));
    g.setColor(color);
    g.setStroke(new BasicStroke(1.3f));
    g.draw(new Ellipse2D.Double(x - RADIUS, y - RADIUS, 2 * RADIUS, 2 * RADIUS));
    Texts.draw(g, font, color, Integer.toString(layer), x, y + 3.4, 0.5);
  }

  /** 1, 2 and 5 times the powers of ten in the range of the damage. */
  private List<Double> ticks() {
    List<Double> ticks = new ArrayList<>();
    for (int e = (int) Math.floor(Math.log10(low)); e <= Math.ceil(Math.log10(high)); e++) {
      for (int m : new int[] {1, 2, 5}) {
        double tick = m * Math.pow(10, e);
        if (tick >= low && tick <= high) {
          ticks.add(tick);
        }
      }
    }
    return ticks;
  }

  private static double step(double range) {
    double power = Math.pow(10, Math.floor(Math.log10(range)));
    double share = range / power;
    return power * (share < 1.5 ? 0.25 : share < 3.5 ? 0.5 : share < 7 ? 1 : 2);
  }

  private static String number(double value) {
    String text = String.format(Locale.ROOT, "%.6f", value).replaceFirst("\\.?0+$", "");
    return text.replace("-", "−");
  }

  private double rho(double value) {
    return dotsLeft() + DOTS * (value + 1) / 2;
  }

  private void dots(Graphics2D g) {
    double bottom = TOP + (double) dotsHeight();
    Texts.draw(
        g,
        Fonts.bold(12),
        Texts.INK,
        "Spearman's ρ with damage" + content.within(),
        dotsLeft(),
        TOP - 26,
        0);
    Texts.draw(g, Fonts.plain(11), FAINT, "← drafters lose more", dotsLeft(), TOP - 8, 0);
    Texts.draw(g, Fonts.plain(11), FAINT, "refiners lose more →", dotsLeft() + DOTS, TOP - 8, 1);
    for (double t = -1; t <= 1.01; t += 0.5) {
      line(g, rho(t), TOP, rho(t), bottom, t == 0 ? FAINT : GRID, 1);
      Texts.draw(g, Fonts.plain(11), Texts.INK, number(t), rho(t), bottom + 16, 0.5);
    }
    for (int i = 0; i < content.dots().size(); i++) {
      dot(g, content.dots().get(i), TOP + (i + 0.5) * ROW);
    }
    String[] notes = {
      "thin: 95 % interval over layers and prompts; thick: over prompts alone",
      "filled: p < 0.05 after Holm's correction over all features",
      "† says nothing of roles: sign as measured"
    };
    double left = dotsLeft() - names - 8.0;
    for (int i = 0; i < notes.length; i++) {
      Texts.draw(g, Fonts.plain(11), FAINT, notes[i], left, bottom + 36 + 16.0 * i, 0);
    }
  }

  private void dot(Graphics2D g, DamageCorrelation d, double y) {
    boolean marked = d.feature().name().equals(content.marked());
    Font font = marked ? Fonts.bold(11) : Fonts.plain(11);
    Color color = PolicyStyle.numbered(marked ? 0 : 1).color();
    Texts.draw(g, font, marked ? color : Texts.INK, name(d), dotsLeft() - 8.0, y + 4, 1);
    line(g, rho(d.rank().low()), y, rho(d.rank().high()), y, color, 1.1);
    line(g, rho(d.rank().promptLow()), y, rho(d.rank().promptHigh()), y, color, 3.4);
    Ellipse2D circle = new Ellipse2D.Double(rho(d.rank().rho()) - 4.5, y - 4.5, 9, 9);
    g.setColor(d.significant() ? color : Color.WHITE);
    g.fill(circle);
    g.setColor(color);
    g.setStroke(new BasicStroke(1.6f));
    g.draw(circle);
  }

  private static void line(
      Graphics2D g, double x0, double y0, double x1, double y1, Color color, double thickness) {
    if (Double.isNaN(x0) || Double.isNaN(x1)) {
      return;
    }
    g.setColor(color);
    g.setStroke(new BasicStroke((float) thickness, BasicStroke.CAP_BUTT, BasicStroke.JOIN_ROUND));
    g.draw(new Line2D.Double(x0, y0, x1, y1));
  }
}
