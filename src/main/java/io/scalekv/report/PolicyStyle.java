package io.scalekv.report;

import io.scalekv.cache.policy.Policies;
import io.scalekv.cache.policy.PolicyKind;
import java.awt.Color;
import java.util.List;

/**
 * Colour and marker of a policy, the same in every figure. The colours are those of Okabe and Ito
 * (2008), distinct with every common colour blindness; where two policies share one, their markers
 * differ.
 *
 * @param color of lines, markers and bars
 * @param marker index of a marker's shape
 * @param dashed whether lines are dashed: a policy with settings
 */
public record PolicyStyle(Color color, int marker, boolean dashed) {
  /** Number of marker shapes. */
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

  /** Place of the first policy of the list among the colours. */
  private static final int FIRST = 1;

  /** Returns the style of a policy, with its settings or without. */
  public static PolicyStyle of(String policy) {
    int colon = policy.indexOf(':');
    String name = colon < 0 ? policy : policy.substring(0, colon);
    if (name.equals("full")) {
      return new PolicyStyle(new Color(0x9A9A9A), 0, colon >= 0);
    }
    List<String> known = Policies.all().stream().map(PolicyKind::name).toList();
    int index = known.indexOf(name);
    return style(
        FIRST
            + (index >= 0
                ? index
                : known.size() + Math.floorMod(name.hashCode(), COLORS.size() * MARKERS)),
        colon >= 0);
  }

  /** Returns the i-th style, for lines that are not policies. */
  public static PolicyStyle numbered(int i) {
    return style(i, false);
  }

  /** Returns the same colour with a marker chosen by the name of a variant. */
  PolicyStyle variant(String of) {
    return new PolicyStyle(color, Math.floorMod(of.hashCode(), MARKERS), dashed);
  }

  private static PolicyStyle style(int index, boolean dashed) {
    int marker = (index + index / COLORS.size()) % MARKERS;
    return new PolicyStyle(COLORS.get(index % COLORS.size()), marker, dashed);
  }
}
