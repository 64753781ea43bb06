package io.scalekv.profile;

import io.scalekv.io.Require;
import java.util.Arrays;
import java.util.Objects;

/**
 * Attention statistics of one prompt: the mean over the sampled query rows of each {@link
 * HeadStatistic} and of the mass per source scale, for every (branch, layer, scale, head).
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

  /** Returns the index of the prompt in its prompt set, 0-based. */
  public int prompt() {
    return prompt;
  }

  /** Returns the shape of the profiled model. */
  public ProfileGeometry geometry() {
    return geometry;
  }

  /** Returns whether there was an unconditional branch. */
  public boolean guided() {
    return guided;
  }

  /** Returns the head index of the row averaged over the heads: H. */
  public int averagedRow() {
    return geometry.heads();
  }

  /**
   * Returns the mean over the sampled rows; NaN where undefined. Head in 0..H, H for the averaged
   * row.
   */
  public double value(Branch branch, HeadStatistic statistic, int layer, int scale, int head) {
    return values[offset(geometry, branch, layer, scale, head) + statistic.ordinal()];
  }

  /**
   * Returns the mean share of the attention that goes from map {@code scale} to the keys of map
   * {@code source}, in [0, 1]; the shares of all sources up to {@code scale} sum to 1. 0 for later
   * maps, NaN without this branch.
   */
  public double sourceMass(Branch branch, int layer, int scale, int head, int source) {
    Objects.checkIndex(source, geometry.scales());
    return values[offset(geometry, branch, layer, scale, head) + STATISTICS + source];
  }

  /**
   * Returns all values, [branch][layer][scale][head, H for the averaged row][{@link #width}]; a
   * copy.
   */
  double[] values() {
    return values.clone();
  }

  /** Returns the statistics that {@link #values} came from. */
  static PromptStatistics of(
      int prompt, ProfileGeometry geometry, boolean guided, double... values) {
    Require.that(
        values.length == size(geometry),
        "statistics of prompt %d must have %d values, got %d",
        prompt,
        size(geometry),
        values.length);
    return new PromptStatistics(prompt, geometry, guided, values.clone());
  }

  private static int size(ProfileGeometry g) {
    return Math.toIntExact(2L * g.layers() * g.scales() * (g.heads() + 1) * width(g));
  }

  /** Returns the mean of a statistic over the heads; NaN where it is undefined for all of them. */
  double meanOverHeads(Branch branch, HeadStatistic statistic, int layer, int scale) {
    return meanOverHeads(branch, statistic.ordinal(), layer, scale);
  }

  /** Returns the mean over the heads of the share of one source scale. */
  double meanSourceMass(Branch branch, int layer, int scale, int source) {
    return meanOverHeads(branch, STATISTICS + source, layer, scale);
  }

  /**
   * Returns the standard deviation of a statistic over the heads, with divisor H; NaN if one is
   * undefined.
   */
  double deviationOverHeads(Branch branch, HeadStatistic statistic, int layer, int scale) {
    double mean = meanOverHeads(branch, statistic, layer, scale);
    double squares = 0;
    for (int h = 0; h < geometry.heads(); h++) {
      double d = value(branch, statistic, layer, scale, h) - mean;
      squares += d * d;
    }
    return Math.sqrt(squares / geometry.heads());
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

  /**
   * Returns values of one (branch, layer, scale, head): the statistics, then the K source masses.
   */
  static int width(ProfileGeometry geometry) {
    return STATISTICS + geometry.scales();
  }

  private static int offset(ProfileGeometry g, Branch branch, int layer, int scale, int head) {
    Objects.checkIndex(layer, g.layers());
    Objects.checkIndex(scale, g.scales());
    Objects.checkIndex(head, g.heads() + 1);
    return (((branch.ordinal() * g.layers() + layer) * g.scales() + scale) * (g.heads() + 1) + head)
        * width(g);
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

  /** Collector of the values of one prompt while its maps are generated. */
  static final class Builder {
    private final int prompt;
    private final ProfileGeometry geometry;
    private final double[] values;
    private final boolean[] seen;
    private boolean guided;

    Builder(int prompt, ProfileGeometry geometry) {
      Require.atLeast("prompt index", prompt, 0);
      this.prompt = prompt;
      this.geometry = geometry;
      this.values = new double[size(geometry)];
      this.seen = new boolean[geometry.layers() * geometry.scales()];
      Arrays.fill(values, Double.NaN);
    }

    /** Checks that a (layer, scale) is new. */
    void checkNew(int layer, int scale) {
      if (seen[layer * geometry.scales() + scale]) {
        throw new IllegalStateException(
            "layer %d scale %d of prompt %d must be measured once, got it twice"
                .formatted(layer, scale + 1, prompt));
      }
    }

    /** Marks a (layer, scale) as complete. */
    void complete(int layer, int scale, boolean withUnconditional) {
      seen[layer * geometry.scales() + scale] = true;
      guided |= withUnconditional;
    }

    /** Stores the means of one head, {@link #width} values from {@code from}. */
    void set(Branch branch, int layer, int scale, int head, double[] source, int from) {
      System.arraycopy(
          source, from, values, offset(geometry, branch, layer, scale, head), width(geometry));
    }

    PromptStatistics build() {
      for (int i = 0; i < seen.length; i++) {
        if (!seen[i]) {
          throw new IllegalStateException(
              "prompt %d: missing layer %d scale %d: the generation is not complete"
                  .formatted(prompt, i / geometry.scales(), i % geometry.scales() + 1));
        }
      }
      return new PromptStatistics(prompt, geometry, guided, values.clone());
    }
  }
}
