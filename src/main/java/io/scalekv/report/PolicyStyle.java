package io.scalekv.report;

import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.Shape;
import java.awt.geom.AffineTransform;
import java.awt.geom.Ellipse2D;
import java.awt.geom.Path2D;
import java.awt.geom.Rectangle2D;
import java.util.List;
import java.util.Map;
import org.knowm.xchart.style.markers.Marker;

/**
 * Colour and marker of a policy, the same in every figure. The colours are those of Okabe and Ito
 * (2008), distinct with every common colour blindness; where two policies share one, their markers
 * differ.
 *
 * @param marker index of a marker's shape
 * @param dashed whether lines are dashed: a policy with settings
 */
public record PolicyStyle(Color color, int marker, boolean dashed) {
  private static final Color VERMILION = new Color(0xD55E00);
  private static final Color BLUE = new Color(0x0072B2);
  private static final Color GREEN = new Color(0x009E73);
  private static final Color ORANGE = new Color(0xE69F00);
  private static final Color SKY = new Color(0x56B4E9);
  private static final Color PURPLE = new Color(0xCC79A7);
  private static final Color GREY = new Color(0x666666);
  private static final Color OLIVE = new Color(0x8A8A00);
  private static final List<Color> COLORS =
      List.of(VERMILION, BLUE, GREEN, ORANGE, SKY, PURPLE, GREY, OLIVE);

  /** Number of markers and dashes of one colour. */
  static final int VARIANTS = 12;

  /** Marker shapes around the origin with a radius of 1. */
  private static final List<Shape> MARKERS =
      List.of(
          new Ellipse2D.Double(-1, -1, 2, 2),
          new Rectangle2D.Double(-0.9, -0.9, 1.8, 1.8),
          polygon(0, -1.3, 1.1, 0, 0, 1.3, -1.1, 0),
          polygon(0, -1.2, 1.15, 0.9, -1.15, 0.9),
          polygon(0, 1.2, 1.15, -0.9, -1.15, -0.9),
          polygon(-1.2, 0, 0.9, 1.15, 0.9, -1.15));

  /** The table of all figures; a policy of another project takes one by its name. */
  private static final Map<String, PolicyStyle> POLICIES =
      Map.ofEntries(
          Map.entry("full", new PolicyStyle(new Color(0x9A9A9A), 0, false)),
          Map.entry("scalekv", new PolicyStyle(VERMILION, 0, false)),
          Map.entry("scalekv-released", new PolicyStyle(VERMILION, 1, true)),
          Map.entry("snapkv", new PolicyStyle(BLUE, 0, false)),
          Map.entry("pyramidkv", new PolicyStyle(BLUE, 3, true)),
          Map.entry("h2o", new PolicyStyle(GREEN, 0, false)),
          Map.entry("heatkv", new PolicyStyle(PURPLE, 0, false)),
          Map.entry("ams-kv", new PolicyStyle(ORANGE, 0, false)),
          Map.entry("streaming-llm", new PolicyStyle(SKY, 0, false)),
          Map.entry("sliding-window", new PolicyStyle(SKY, 1, true)),
          Map.entry("hack", new PolicyStyle(OLIVE, 0, false)),
          Map.entry("error-curve", new PolicyStyle(GREEN, 2, true)),
          Map.entry("random", new PolicyStyle(GREY, 0, false)),
          Map.entry("one-layer", new PolicyStyle(ORANGE, 3, true)));

  /** Returns the style of a policy, with its settings or without. */
  public static PolicyStyle of(String policy) {
    int colon = policy.indexOf(':');
    String name = colon < 0 ? policy : policy.substring(0, colon);
    PolicyStyle style = POLICIES.get(name);
    style = style == null ? numbered(Math.floorMod(name.hashCode(), COLORS.size())).next() : style;
    return colon < 0 ? style : new PolicyStyle(style.color, style.marker, !style.dashed).next();
  }

  /** Returns the i-th style, for lines that are not policies. */
  public static PolicyStyle numbered(int i) {
    return new PolicyStyle(
        COLORS.get(i % COLORS.size()), i / COLORS.size() % MARKERS.size(), false);
  }

  /** Returns the same colour with another marker, for another line of the same policy. */
  PolicyStyle next() {
    int after = (marker + 1) % MARKERS.size();
    return new PolicyStyle(color, after, after == 0 != dashed);
  }

  /** Returns the marker's shape. */
  Marker shape() {
    Shape shape = MARKERS.get(marker);
    return new Marker() {
      @Override
      public void paint(Graphics2D g, double x, double y, int size) {
        AffineTransform place = AffineTransform.getTranslateInstance(x, y);
        place.scale(size / 2.0, size / 2.0);
        g.fill(place.createTransformedShape(shape));
      }
    };
  }

  private static Shape polygon(double... points) {
    Path2D path = new Path2D.Double();
    path.moveTo(points[0], points[1]);
    for (int i = 2; i < points.length; i += 2) {
      path.lineTo(points[i], points[i + 1]);
    }
    path.closePath();
    return path;
  }
}
