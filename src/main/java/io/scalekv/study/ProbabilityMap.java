package io.scalekv.study;

import io.scalekv.cache.ScaleSchedule;
import io.scalekv.report.LayerScaleMap;
import io.scalekv.report.Palette;
import io.scalekv.roles.RoleAssignment;
import io.scalekv.roles.RoleBootstrap;
import java.util.Locale;

/**
 * Heat map of the probability that a layer is a drafter, at the scales that read a compressed
 * cache.
 */
final class ProbabilityMap {
  private ProbabilityMap() {}

  /**
   * Returns the map of one classifier.
   *
   * @param first first scale, 0-based, that reads a compressed cache
   * @param roles roles from all prompts, outlined
   */
  static LayerScaleMap of(
      String title,
      ScaleSchedule schedule,
      int first,
      RoleAssignment roles,
      RoleBootstrap bootstrap) {
    int scales = roles.scales() - first;
    double[][] values = new double[roles.layers()][scales];
    String[][] texts = new String[roles.layers()][scales];
    boolean[][] drafters = new boolean[roles.layers()][scales];
    for (int l = 0; l < roles.layers(); l++) {
      for (int k = 0; k < scales; k++) {
        values[l][k] = bootstrap.drafterProbability(l, first + k);
        texts[l][k] = text(values[l][k]);
        drafters[l][k] = roles.isDrafter(l, first + k);
      }
    }
    return LayerScaleMap.of(title, values)
        .notes(
            bootstrap.prompts()
                + " prompts · "
                + bootstrap.draws()
                + " bootstrap draws · outlined: drafter by all prompts")
        .scales(schedule, first)
        .colours(Palette.SHARE, 0, 1)
        .unit("probability of a drafter")
        .texts(texts)
        .outlined(drafters)
        .build();
  }

  /** Never rounds to certainty. */
  private static String text(double p) {
    return p == 0 || p == 1
        ? String.valueOf((int) p)
        : p < 0.005 ? "<0.01" : p > 0.995 ? ">0.99" : String.format(Locale.ROOT, "%.2f", p);
  }
}
