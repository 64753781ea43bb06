package io.scalekv.report;

import java.awt.Color;
import java.util.List;

/**
 * Colour and marker of a policy, the same in every figure. The colours are those of Okabe and Ito
 * (2008), told apart with every common colour blindness; where two policies share one, their
 * markers differ.
 *
 * @param color of lines, markers and bars
 * @param marker index of a marker's shape
 * @param dashed whether lines are dashed: a policy with settings of its own
 */
public record PolicyStyle(Color color, int marker, boolean dashed) {
  /** How many shapes of markers there are. */
  static final int MARKERS = 4;

  private static final List<Color> COLORS =
      List.of(
          new Color(0xD55E00),
          new Color(0x0072B2),
          new Color(0x009E73),
          new Color(0xE69F00),
          new Color(0x56B4E9),
          new Color(0xCC79A7),
          new Color(0x444444),
          new Color(0x8A8A00));

  private static final List<String> KNOWN =
      List.of(
          "scalekv",
          "snapkv",
          "pyramidkv",
          "streaming-llm",
          "sliding-window",
          "h2o",
          "random",
          "heatkv",
          "scalekv-released",
          "ams-kv",
          "hack",
          "one-layer",
          "error-curve");

  /** The style of a policy, with its settings or without. */
  static PolicyStyle of(String policy) {
    int colon = policy.indexOf(':');
    String name = colon < 0 ? policy : policy.substring(0, colon);
    if (name.equals("full")) {
      return new PolicyStyle(new Color(0x9A9A9A), 0, colon >= 0);
    }
    int index = KNOWN.indexOf(name);
    if (index < 0) {
      index = KNOWN.size() + Math.floorMod(name.hashCode(), COLORS.size() * MARKERS);
    }
    return style(index, colon >= 0);
  }

  /** The i-th style, for lines that are no policies. */
  public static PolicyStyle numbered(int i) {
    return style(i, false);
  }

  /** The same colour with a marker that the name of a variant decides. */
  PolicyStyle variant(String of) {
    return new PolicyStyle(color, Math.floorMod(of.hashCode(), MARKERS), dashed);
  }

  private static PolicyStyle style(int index, boolean dashed) {
    int marker = (index + index / COLORS.size()) % MARKERS;
    return new PolicyStyle(COLORS.get(index % COLORS.size()), marker, dashed);
  }
}
