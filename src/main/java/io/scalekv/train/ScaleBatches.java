package io.scalekv.train;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.io.Require;
import io.scalekv.tensor.NativeCopy;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * Batches of a transformer's training: the number of the first scales and of images, which together
 * have about as many tokens in every step. Seed and step alone decide them.
 *
 * @param schedule all token maps
 * @param curriculum number of scales of a batch
 * @param tokens of a batch, about
 * @param steps updates
 * @param seed of data and noise
 */
public record ScaleBatches(
    ScaleSchedule schedule, Curriculum curriculum, int tokens, int steps, long seed) {
  private static final int FEWEST_SCALES = 4;

  /** Checks the ranges. */
  public ScaleBatches {
    Require.atLeast("scales", schedule.scales(), FEWEST_SCALES);
    Require.atLeast("tokens", tokens, 1);
    Require.atLeast("steps", steps, 1);
  }

  /** Returns the generator of a step, whose first number {@link #scales} takes. */
  SplittableRandom random(int step) {
    return new SplittableRandom(TrainingLoop.mix(seed, step));
  }

  /** Returns the number of scales in the batch of a step. */
  int scales(SplittableRandom random, int step) {
    return curriculum.scales(step / (double) steps, schedule.scales(), random);
  }

  /** Returns the first scales. */
  ScaleSchedule first(int scales) {
    return new ScaleSchedule(schedule.maps().subList(0, scales));
  }

  /** Returns the images of a batch with that many scales. */
  int images(int scales) {
    return Math.max(1, tokens / schedule.tokensBefore(scales));
  }

  /** Returns the facts that the file of the weights states. */
  Map<String, String> metadata(TrainingLoop.Progress at) {
    long images = 0;
    for (int step = 1; step <= at.step(); step++) {
      images += images(scales(random(step), step));
    }
    Map<String, String> meta = at.metadata(seed);
    meta.put("images", String.valueOf(images));
    return meta;
  }

  /**
   * Returns for every number of scales K the first token of each and the end, [K+1], on the host,
   * where attention reads them.
   */
  NDArray[] bounds(NDManager manager) {
    NDManager host = manager.newSubManager(Device.cpu());
    NDArray[] all = new NDArray[schedule.scales() + 1];
    for (int n = 1; n < all.length; n++) {
      long[] b = new long[n + 1];
      for (int k = 0; k <= n; k++) {
        b[k] = schedule.tokensBefore(k);
      }
      all[n] = NativeCopy.of(host, b, new Shape(b.length));
    }
    return all;
  }

  /**
   * Returns for every number of scales the weights of tokens, [L,1]: a scale weighs as the side of
   * its square; the sum is 1.
   */
  NDArray[] lossWeights(NDManager manager) {
    NDArray[] all = new NDArray[schedule.scales() + 1];
    for (int n = 1; n < all.length; n++) {
      double sum = 0;
      for (int k = 0; k < n; k++) {
        sum += Math.sqrt(schedule.tokens(k));
      }
      float[] w = new float[schedule.tokensBefore(n)];
      for (int i = 0; i < w.length; i++) {
        w[i] = (float) (1 / Math.sqrt(schedule.tokens(schedule.scaleOf(i))) / sum);
      }
      all[n] = NativeCopy.of(manager, w, new Shape(w.length, 1));
    }
    return all;
  }
}
