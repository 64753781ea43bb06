package io.scalekv.metrics;

import java.util.Locale;

/** Number about images: its names, its unit, how it is printed and which way is better. */
public interface Metric {
  /** The net whose features or answers a metric rests on. */
  enum Net {
    /** No net. */
    NONE,
    /** The feature net of the comparison; its name is part of the label. */
    FEATURES,
    /** The user's LPIPS file; its name is part of the label. */
    LPIPS,
    /** The user's Inception file. */
    INCEPTION
  }

  /** Name in experiments, result files and on the command line, such as {@code ms-ssim}. */
  String key();

  /** Returns the name in tables and figures, such as {@code MS-SSIM}. */
  String label();

  /** Unit, such as {@code dB}; empty for none. */
  default String unit() {
    return "";
  }

  /** Digits behind the point in tables. */
  default int digits() {
    return 4;
  }

  /** Returns whether a higher value is a smaller difference from the reference. */
  boolean higherIsBetter();

  /** Returns the net it needs. */
  default Net net() {
    return Net.NONE;
  }

  /**
   * Returns the label with the name of the net, so that numbers of different nets never share a
   * column.
   *
   * @param netName such as {@code vae_encoder}; ignored by metrics that need no named net
   */
  default String label(String netName) {
    boolean named = net() == Net.FEATURES || net() == Net.LPIPS;
    return named && netName != null ? label() + "(" + netName + ")" : label();
  }

  /**
   * Returns the name of a column in tables of numbers: camelCase, the unit last, such as {@code
   * psnrDb}.
   */
  default String column() {
    StringBuilder name = new StringBuilder();
    for (String part : (key() + "-" + unit()).split("[^A-Za-z0-9.]")) {
      if (!part.isEmpty()) {
        name.append(
            name.isEmpty()
                ? part
                : Character.toUpperCase(part.charAt(0))
                    + part.substring(1).toLowerCase(Locale.ROOT));
      }
    }
    return name.toString();
  }
}
