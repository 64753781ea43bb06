package io.scalekv.profile;

import io.scalekv.io.Require;
import io.scalekv.model.AttentionSite;
import java.util.Arrays;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Numbers measured at every (layer, scale), kept prompt by prompt. Means are taken over the prompts
 * in the order of their indices, so any partition of a prompt set, combined in any order, gives the
 * same bits.
 */
public final class PromptValues {
  private final ProfileGeometry geometry;
  private final int width;
  private final int[] prompts;

  /** [layer][scale][width] of each prompt, NaN where not measured. */
  private final SortedMap<Integer, double[]> values;

  private PromptValues(
      ProfileGeometry geometry, int width, int[] prompts, SortedMap<Integer, double[]> values) {
    this.geometry = geometry;
    this.width = width;
    this.prompts = prompts;
    this.values = values;
  }

  /**
   * Returns empty values for one generation.
   *
   * @param width numbers per (layer, scale)
   * @param prompts index in the prompt set of each conditional batch row
   */
  static PromptValues create(ProfileGeometry geometry, int width, int... prompts) {
    Require.that(prompts.length > 0, "prompts must be at least one, got none");
    SortedMap<Integer, double[]> values = new TreeMap<>();
    for (int p : prompts) {
      double[] unmeasured = new double[geometry.layers() * geometry.scales() * width];
      Arrays.fill(unmeasured, Double.NaN);
      double[] before = values.put(p, unmeasured);
      Require.that(before == null, "each prompt must come once, got prompt %d twice", p);
    }
    return new PromptValues(geometry, width, prompts.clone(), values);
  }

  /**
   * Returns the values that {@link #flat} gave; they combine with others but observe no generation.
   *
   * @param flat [layer][scale][width] of each prompt, NaN where not measured
   */
  static PromptValues ofFlat(
      ProfileGeometry geometry, int width, SortedMap<Integer, double[]> flat) {
    return new PromptValues(geometry, width, new int[0], flat);
  }

  /** Returns all numbers of each prompt, [layer][scale][width]; NaN where not measured. */
  SortedMap<Integer, double[]> flat() {
    return values;
  }

  /** Returns numbers per (layer, scale). */
  public int width() {
    return width;
  }

  /** Returns the shape of the model. */
  public ProfileGeometry geometry() {
    return geometry;
  }

  /** Returns the number of conditional batch rows. */
  int rows() {
    return prompts.length;
  }

  /** Stores the numbers of one conditional row. */
  void set(AttentionSite site, int row, double[] measured) {
    double[] own = values.get(prompts[row]);
    int at = at(site.layer(), site.scale());
    if (!Double.isNaN(own[at])) {
      throw new IllegalStateException(
          "layer %d scale %d of prompt %d must be measured once, got it twice"
              .formatted(site.layer(), site.scale() + 1, prompts[row]));
    }
    System.arraycopy(measured, 0, own, at, width);
  }

  private int at(int layer, int scale) {
    return (layer * geometry.scales() + scale) * width;
  }

  /** Returns the values of both sets of prompts, which must be disjoint. */
  public PromptValues combine(PromptValues other) {
    Require.that(
        geometry.equals(other.geometry) && width == other.width,
        "values must be of %s with width %d, got %s with %d",
        geometry,
        width,
        other.geometry,
        other.width);
    SortedMap<Integer, double[]> all = new TreeMap<>(values);
    other.values.forEach(
        (p, v) ->
            Require.that(
                all.put(p, v) == null, "each prompt must come once, got prompt %d twice", p));
    return new PromptValues(geometry, width, new int[0], all);
  }

  /** Returns the mean over the prompts [width]; an error if a generation is not complete. */
  double[] mean(int layer, int scale) {
    double[] mean = new double[width];
    values.forEach(
        (prompt, own) -> {
          int at = at(layer, scale);
          if (Double.isNaN(own[at])) {
            throw new IllegalStateException(
                "prompt %d: missing layer %d scale %d: the generation is not complete"
                    .formatted(prompt, layer, scale + 1));
          }
          for (int i = 0; i < width; i++) {
            mean[i] += own[at + i];
          }
        });
    for (int i = 0; i < width; i++) {
      mean[i] /= values.size();
    }
    return mean;
  }
}
