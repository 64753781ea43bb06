package io.scalekv.profile;

import io.scalekv.model.AttentionSite;
import java.util.Arrays;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Numbers measured at every (layer, scale), kept prompt by prompt. Means are taken over the prompts
 * in the order of their indices, so that any partition of a prompt set, combined in any order,
 * gives the same bits.
 */
final class PromptSites {
  private final ProfileGeometry geometry;
  private final int width;
  private final int[] prompts;

  /** [layer · K + scale][width] of each prompt, null where not measured. */
  private final SortedMap<Integer, double[][]> values = new TreeMap<>();

  /**
   * @param width numbers per (layer, scale)
   * @param prompts index in the prompt set of each conditional batch row
   */
  PromptSites(ProfileGeometry geometry, int width, int... prompts) {
    if (prompts.length == 0) {
      throw new IllegalArgumentException("attention tap: at least one prompt expected, got none");
    }
    this.geometry = geometry;
    this.width = width;
    this.prompts = prompts.clone();
    for (int p : prompts) {
      if (values.put(p, new double[geometry.layers() * geometry.scales()][]) != null) {
        throw twice(p);
      }
    }
  }

  private PromptSites(ProfileGeometry geometry, int width) {
    this.geometry = geometry;
    this.width = width;
    this.prompts = new int[0];
  }

  /**
   * What {@link #flat} gave; it combines with others but watches no generation.
   *
   * @param flat [layer][scale][width] of each prompt, NaN where not measured
   */
  static PromptSites ofFlat(
      ProfileGeometry geometry, int width, SortedMap<Integer, double[]> flat) {
    PromptSites sites = new PromptSites(geometry, width);
    flat.forEach(
        (prompt, all) -> {
          double[][] own = new double[geometry.layers() * geometry.scales()][];
          for (int at = 0; at < own.length; at++) {
            if (!Double.isNaN(all[at * width])) {
              own[at] = Arrays.copyOfRange(all, at * width, (at + 1) * width);
            }
          }
          sites.values.put(prompt, own);
        });
    return sites;
  }

  /** All numbers of each prompt, [layer][scale][width]; NaN where not measured. */
  SortedMap<Integer, double[]> flat() {
    SortedMap<Integer, double[]> flat = new TreeMap<>();
    values.forEach(
        (prompt, own) -> {
          double[] all = new double[own.length * width];
          Arrays.fill(all, Double.NaN);
          for (int at = 0; at < own.length; at++) {
            if (own[at] != null) {
              System.arraycopy(own[at], 0, all, at * width, width);
            }
          }
          flat.put(prompt, all);
        });
    return flat;
  }

  /** Numbers per (layer, scale). */
  int width() {
    return width;
  }

  private static IllegalArgumentException twice(int prompt) {
    return new IllegalArgumentException(
        "attention tap: each prompt once expected, got prompt " + prompt + " twice");
  }

  ProfileGeometry geometry() {
    return geometry;
  }

  /** Number of conditional batch rows. */
  int rows() {
    return prompts.length;
  }

  /** Takes over what was measured in one conditional row. */
  void set(AttentionSite site, int row, double[] measured) {
    double[][] own = values.get(prompts[row]);
    int at = site.layer() * geometry.scales() + site.scale();
    if (own[at] != null) {
      throw new IllegalStateException(
          String.format(
              "layer %d scale %d: one attention per generation expected, got a second one for"
                  + " prompt %d",
              site.layer(), site.scale(), prompts[row]));
    }
    own[at] = Arrays.copyOf(measured, width);
  }

  /** Takes in the prompts of another measurement, which must be others. */
  void add(PromptSites other) {
    if (!geometry.equals(other.geometry)) {
      throw new IllegalArgumentException(
          "attention tap: " + geometry + " expected, got " + other.geometry);
    }
    for (int p : other.values.keySet()) {
      if (values.containsKey(p)) {
        throw twice(p);
      }
    }
    values.putAll(other.values);
  }

  /** Mean over the prompts [width]; an error if one is missing. */
  double[] mean(int layer, int scale) {
    double[] mean = new double[width];
    values.forEach(
        (prompt, own) -> {
          double[] v = own[layer * geometry.scales() + scale];
          if (v == null) {
            throw new IllegalStateException(
                String.format(
                    "prompt %d: a complete generation expected, got none of layer %d scale %d",
                    prompt, layer, scale));
          }
          for (int i = 0; i < width; i++) {
            mean[i] += v[i];
          }
        });
    for (int i = 0; i < width; i++) {
      mean[i] /= values.size();
    }
    return mean;
  }
}
