package io.scalekv.profile;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.TokenMap;
import io.scalekv.model.AttentionSite;
import io.scalekv.model.AttentionTap;
import io.scalekv.model.attention.RotaryTable;
import io.scalekv.tensor.NativeCopy;
import io.scalekv.tensor.TorchOps;
import java.util.Arrays;

/**
 * How similar a layer's keys and values are from one map to the next, by which AMS-KV (arXiv
 * 2511.16047, from secondary notes) tells layers that need many maps. Conditional rows only:
 *
 * <p>sim(l) = mean over maps k = max(1, c) .. K−1, over heads and tokens, of (cos(up(K_{k−1}), K_k)
 * + cos(up(V_{k−1}), V_k)) / 2, where up enlarges map k−1 bilinearly to the size of map k. Every
 * map counts alike, however many tokens it has.
 *
 * <p>Keys are compared before rotary embedding, which depends on the place alone: the tap turns the
 * keys it sees back by the table with which the model turned them. What is left is the key as the
 * model normalised it.
 *
 * <p>One tap watches one generation of one or more prompts; taps of disjoint prompts combine.
 * Memory: a few copies of one map's keys.
 */
public final class MapSimilarityTap implements AttentionTap {
  private final PromptSites sites;
  private final int firstMaps;
  private final TokenMap rotaryReference;
  private float[] backward;

  private MapSimilarityTap(
      ProfileGeometry geometry, int firstMaps, TokenMap rotaryReference, int... prompts) {
    if (firstMaps < 0 || Math.max(1, firstMaps) >= geometry.scales()) {
      throw new IllegalArgumentException(
          String.format(
              "map similarity: fewer first maps than all %d and another map expected, got %d",
              geometry.scales(), firstMaps));
    }
    this.sites = new PromptSites(geometry, 1, prompts);
    this.firstMaps = firstMaps;
    this.rotaryReference = rotaryReference;
  }

  private MapSimilarityTap(PromptSites sites, int firstMaps) {
    this.sites = sites;
    this.firstMaps = firstMaps;
    this.rotaryReference = null;
  }

  /** What was measured elsewhere; it watches no generation. */
  static MapSimilarityTap of(PromptSites sites, int firstMaps) {
    return new MapSimilarityTap(sites, firstMaps);
  }

  PromptSites sites() {
    return sites;
  }

  int firstMaps() {
    return firstMaps;
  }

  /**
   * A tap for one generation.
   *
   * @param geometry shape of the model
   * @param firstMaps c, maps that stay in any case and are not compared with the one before
   * @param rotaryReference map to which rotary positions are normalised
   * @param prompts index in the prompt set of each conditional batch row
   */
  public static MapSimilarityTap create(
      ProfileGeometry geometry, int firstMaps, TokenMap rotaryReference, int... prompts) {
    return new MapSimilarityTap(geometry, firstMaps, rotaryReference, prompts);
  }

  private int firstCompared() {
    return Math.max(1, firstMaps);
  }

  @Override
  public void attend(AttentionSite site, NDArray query, NDArray key, NDArray value) {
    SiteCheck.check(sites.geometry(), sites.rows(), site, query.getShape(), key.getShape());
    if (site.scale() < firstCompared()) {
      return;
    }
    try (NDManager scope = key.getManager().newSubManager()) {
      float[] keys = cosine(scope, site, key, true);
      float[] values = cosine(scope, site, value, false);
      for (int row = 0; row < keys.length; row++) {
        sites.set(site, row, new double[] {((double) keys[row] + values[row]) / 2});
      }
    }
  }

  /** Mean cosine of the current map and the enlarged one before it, for each conditional row. */
  private float[] cosine(NDManager scope, AttentionSite site, NDArray x, boolean rotated) {
    ScaleSchedule schedule = site.schedule();
    TokenMap now = schedule.map(site.scale());
    TokenMap before = schedule.map(site.scale() - 1);
    NDArray rows = AttentionColumns.conditional(scope, x, site.conditionalRows());
    long[] sides = {now.height(), now.width(), before.height(), before.width()};
    NDArray sizes = NativeCopy.of(scope, sides, new Shape(sides.length));
    return TorchOps.call(
            "map_cosine",
            map(scope, rows, schedule, site.scale(), rotated),
            map(scope, rows, schedule, site.scale() - 1, rotated),
            sizes)
        .toFloatArray();
  }

  /** One map's tokens, turned back if they are rotated. */
  private NDArray map(
      NDManager scope, NDArray x, ScaleSchedule schedule, int scale, boolean rotated) {
    int from = schedule.tokensBefore(scale);
    int to = schedule.tokensBefore(scale + 1);
    NDArray tokens = x.get(new NDIndex(":,:,{}:{}", from, to));
    tokens.attach(scope);
    if (!rotated) {
      return tokens;
    }
    int width = (int) x.getShape().get(3);
    float[] turn = Arrays.copyOfRange(backward(scope, width), from * width, to * width);
    NDArray table = NativeCopy.of(scope, turn, new Shape(to - from, width / 2, 2));
    return TorchOps.call("rotate", tokens, table);
  }

  /** Cosines and negative sines of all tokens [T_K · D]. */
  private float[] backward(NDManager scope, int headWidth) {
    if (backward == null) {
      ScaleSchedule schedule = sites.geometry().schedule();
      backward = RotaryTable.of(scope, schedule, rotaryReference, headWidth).toFloatArray();
      for (int i = 1; i < backward.length; i += 2) {
        backward[i] = -backward[i];
      }
    }
    return backward;
  }

  /** Takes in the prompts of another tap. */
  public MapSimilarityTap combine(MapSimilarityTap other) {
    if (firstMaps != other.firstMaps) {
      throw new IllegalArgumentException(
          "map similarity: " + firstMaps + " first maps expected, got " + other.firstMaps);
    }
    sites.add(other.sites);
    return this;
  }

  /** Similarity [layer], −1 to 1; an error if a generation is not complete. */
  public double[] similarity() {
    int scales = sites.geometry().scales();
    double[] similarity = new double[sites.geometry().layers()];
    for (int l = 0; l < similarity.length; l++) {
      for (int k = firstCompared(); k < scales; k++) {
        similarity[l] += sites.mean(l, k)[0] / (scales - firstCompared());
      }
    }
    return similarity;
  }
}
