package io.scalekv.profile;

import java.util.Arrays;

/**
 * Everything measured while one prompt was generated: the mean over the sampled query rows of each
 * {@link HeadStatistic} and of the mass per source scale, for every (branch, layer, scale, head).
 *
 * <p>This is the unit of merging: it does not depend on the other prompts, and a profile is an
 * ordered list of these. A head index equal to H, {@link #averagedRow()}, is the row averaged over
 * the heads. Immutable.
 */
public final class PromptStatistics {
  private static final int STATISTICS = HeadStatistic.values().length;

  private final int prompt;
  private final ProfileGeometry geometry;
  private final boolean guided;
  private final double[] values;

  private PromptStatistics(int prompt, ProfileGeometry geometry, boolean guided, double[] values) {
    this.prompt = prompt;
    this.geometry = geometry;
    this.guided = guided;
    this.values = values;
  }

  /** Index of the prompt in its prompt set, 0-based. */
  public int prompt() {
    return prompt;
  }

  /** Shape of the profiled model. */
  public ProfileGeometry geometry() {
    return geometry;
  }

  /** Whether there was an unconditional branch. */
  public boolean guided() {
    return guided;
  }

  /** The head index of the row averaged over the heads: H. */
  public int averagedRow() {
    return geometry.heads();
  }

  /** Mean over the sampled rows; NaN where undefined. Head in 0..H, H for the averaged row. */
  public double value(Branch branch, HeadStatistic statistic, int layer, int scale, int head) {
    return values[offset(geometry, branch, layer, scale, head) + statistic.ordinal()];
  }

  /**
   * Mean share of the attention that goes from map {@code scale} to the keys of map {@code source},
   * in [0, 1]; the shares of all sources up to {@code scale} sum to 1. 0 for later maps, NaN
   * without this branch.
   */
  public double sourceMass(Branch branch, int layer, int scale, int head, int source) {
    if (source < 0 || source >= geometry.scales()) {
      throw new IndexOutOfBoundsException(
          "source scale: 0 to " + (geometry.scales() - 1) + " expected, got " + source);
    }
    return values[offset(geometry, branch, layer, scale, head) + STATISTICS + source];
  }

  /** All values, [branch][layer][scale][head, H for the averaged row][{@link #width}]; a copy. */
  double[] values() {
    return values.clone();
  }

  /** The statistics that {@link #values} came from. */
  static PromptStatistics of(
      int prompt, ProfileGeometry geometry, boolean guided, double... values) {
    if (values.length != size(geometry)) {
      throw new IllegalArgumentException(
          "statistics of prompt "
              + prompt
              + ": "
              + size(geometry)
              + " values expected, got "
              + values.length);
    }
    return new PromptStatistics(prompt, geometry, guided, values.clone());
  }

  private static int size(ProfileGeometry g) {
    return Math.toIntExact(2L * g.layers() * g.scales() * (g.heads() + 1) * width(g));
  }

  /** Mean of a statistic over the heads; NaN where it is undefined for all of them. */
  double meanOverHeads(Branch branch, HeadStatistic statistic, int layer, int scale) {
    return meanOverHeads(branch, statistic.ordinal(), layer, scale);
  }

  /** Mean over the heads of the share of one source scale. */
  double meanSourceMass(Branch branch, int layer, int scale, int source) {
    return meanOverHeads(branch, STATISTICS + source, layer, scale);
  }

  private double meanOverHeads(Branch branch, int column, int layer, int scale) {
    double sum = 0;
    int n = 0;
    for (int h = 0; h < geometry.heads(); h++) {
      double v = values[offset(geometry, branch, layer, scale, h) + column];
      if (!Double.isNaN(v)) {
        sum += v;
        n++;
      }
    }
    return n == 0 ? Double.NaN : sum / n;
  }

  /** Values of one (branch, layer, scale, head): the statistics, then the K source masses. */
  static int width(ProfileGeometry geometry) {
    return STATISTICS + geometry.scales();
  }

  private static int offset(ProfileGeometry g, Branch branch, int layer, int scale, int head) {
    check("layer", layer, g.layers());
    check("scale", scale, g.scales());
    check("head", head, g.heads() + 1);
    return (((branch.ordinal() * g.layers() + layer) * g.scales() + scale) * (g.heads() + 1) + head)
        * width(g);
  }

  private static void check(String what, int index, int size) {
    if (index < 0 || index >= size) {
      throw new IndexOutOfBoundsException(
          "prompt statistics: " + what + " 0 to " + (size - 1) + " expected, got " + index);
    }
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof PromptStatistics o
        && prompt == o.prompt
        && guided == o.guided
        && geometry.equals(o.geometry)
        && Arrays.equals(values, o.values);
  }

  @Override
  public int hashCode() {
    return 31 * prompt + Arrays.hashCode(values);
  }

  @Override
  public String toString() {
    return "statistics of prompt " + prompt + (guided ? ", guided" : "");
  }

  /** Collects the cells of one prompt while its maps are generated. */
  static final class Builder {
    private final int prompt;
    private final ProfileGeometry geometry;
    private final double[] values;
    private final boolean[] seen;
    private boolean guided;

    Builder(int prompt, ProfileGeometry geometry) {
      if (prompt < 0) {
        throw new IllegalArgumentException("prompt index: at least 0 expected, got " + prompt);
      }
      this.prompt = prompt;
      this.geometry = geometry;
      this.values = new double[size(geometry)];
      this.seen = new boolean[geometry.layers() * geometry.scales()];
      Arrays.fill(values, Double.NaN);
    }

    /** Refuses a (layer, scale) that has been there already. */
    void checkNew(int layer, int scale) {
      if (seen[layer * geometry.scales() + scale]) {
        throw new IllegalStateException(
            "layer "
                + layer
                + " scale "
                + scale
                + ": one attention per generation expected, got a second one for prompt "
                + prompt);
      }
    }

    /** Notes that a (layer, scale) is complete. */
    void complete(int layer, int scale, boolean withUnconditional) {
      seen[layer * geometry.scales() + scale] = true;
      guided |= withUnconditional;
    }

    /** Takes over the means of one head, {@link #width} values from {@code from}. */
    void set(Branch branch, int layer, int scale, int head, double[] source, int from) {
      System.arraycopy(
          source, from, values, offset(geometry, branch, layer, scale, head), width(geometry));
    }

    PromptStatistics build() {
      for (int i = 0; i < seen.length; i++) {
        if (!seen[i]) {
          throw new IllegalStateException(
              "prompt "
                  + prompt
                  + ": a complete generation expected, got none of layer "
                  + i / geometry.scales()
                  + " scale "
                  + i % geometry.scales());
        }
      }
      return new PromptStatistics(prompt, geometry, guided, values.clone());
    }
  }
}
