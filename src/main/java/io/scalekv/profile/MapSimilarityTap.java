package io.scalekv.profile;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.TokenMap;
import io.scalekv.io.Require;
import io.scalekv.model.AttentionSite;
import io.scalekv.model.attention.RotaryTable;
import io.scalekv.tensor.NativeCopy;
import io.scalekv.tensor.TorchOps;
import java.util.Arrays;
import java.util.Optional;

/**
 * Similarity of a layer's keys and values from one map to the next, by which AMS-KV (arXiv
 * 2511.16047, from secondary notes) finds layers that need many maps. Conditional rows only:
 *
 * <p>sim(l) = mean over maps k = max(1, c) .. K−1, over heads and tokens, of (cos(up(K_{k−1}), K_k)
 * + cos(up(V_{k−1}), V_k)) / 2, where up enlarges map k−1 bilinearly to the size of map k. Every
 * map has the same weight, whatever its number of tokens.
 *
 * <p>Keys are compared before rotary embedding, which depends on the position alone: the tap turns
 * the keys back by the table with which the model turned them.
 *
 * <p>One tap observes one generation of one or more prompts. Memory: a few copies of one map's
 * keys.
 */
public final class MapSimilarityTap implements PromptTap {
  private final PromptValues values;
  private final int firstCompared;
  private final Optional<TokenMap> rotaryReference;
  private float[] backward;

  /**
   * Makes a tap for one generation.
   *
   * @param firstMaps c, maps that are always retained and not compared with the previous one
   */
  public MapSimilarityTap(Generation generation, int firstMaps) {
    this.values = PromptValues.create(generation.shape(), 1, generation.images());
    this.firstCompared = firstCompared(generation.shape(), firstMaps);
    this.rotaryReference = generation.rotaryReference();
  }

  private static int firstCompared(ProfileGeometry shape, int firstMaps) {
    int first = Math.max(1, firstMaps);
    Require.between("first compared map", first, 1, shape.scales() - 1);
    return first;
  }

  @Override
  public PromptValues values() {
    return values;
  }

  @Override
  public void attend(AttentionSite site, NDArray query, NDArray key, NDArray value) {
    SiteCheck.check(values.geometry(), values.rows(), site, query.getShape(), key.getShape());
    if (site.scale() < firstCompared) {
      return;
    }
    try (NDManager scope = key.getManager().newSubManager()) {
      float[] keys = cosine(scope, site, key, rotaryReference.isPresent());
      float[] own = cosine(scope, site, value, false);
      for (int row = 0; row < keys.length; row++) {
        values.set(site, row, new double[] {((double) keys[row] + own[row]) / 2});
      }
    }
  }

  /**
   * Returns the mean cosine of the current map and the enlarged one before it, for each conditional
   * row.
   */
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

  /** Returns one map's tokens, turned back if they are rotated. */
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

  /** Returns cosines and negative sines of all tokens [T_K · D]. */
  private float[] backward(NDManager scope, int headWidth) {
    if (backward == null) {
      ScaleSchedule schedule = values.geometry().schedule();
      backward =
          RotaryTable.of(scope, schedule, rotaryReference.orElseThrow(), headWidth).toFloatArray();
      for (int i = 1; i < backward.length; i += 2) {
        backward[i] = -backward[i];
      }
    }
    return backward;
  }

  /** Returns the similarity [layer], −1 to 1; an error if a generation is not complete. */
  public static double[] similarity(PromptValues values, int firstMaps) {
    int scales = values.geometry().scales();
    int first = firstCompared(values.geometry(), firstMaps);
    double[] similarity = new double[values.geometry().layers()];
    for (int l = 0; l < similarity.length; l++) {
      for (int k = first; k < scales; k++) {
        similarity[l] += values.mean(l, k)[0] / (scales - first);
      }
    }
    return similarity;
  }
}
