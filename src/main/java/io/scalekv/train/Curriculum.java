package io.scalekv.train;

import java.util.random.RandomGenerator;

/** Curriculum over scales: number of the first scales in a training batch. */
public enum Curriculum {
  /** Mostly all scales, some batches without the last one or two: for short schedules. */
  LAST_MAPS {
    @Override
    int scales(double progress, int all, RandomGenerator random) {
      double full = 0.10 + 0.65 * Math.min(1, progress / 0.6);
      double almost = 0.25;
      double u = random.nextDouble();
      return u < full ? all : u < full + almost ? all - 1 : all - 2;
    }
  },
  /**
   * Growing schedule: at least three scales fewer in the first half, where batches have most images
   * and learn the content; then the next two scales; all scales in the last third.
   */
  GROWING {
    @Override
    int scales(double progress, int all, RandomGenerator random) {
      double u = random.nextDouble();
      if (progress < 0.48) {
        return u < 0.15 ? all - 5 : u < 0.40 ? all - 4 : all - 3;
      }
      if (progress < 0.70) {
        return u < 0.30 ? all - 3 : u < 0.45 ? all - 2 : all - 1;
      }
      double full = progress < 0.80 ? 0.45 : 0.70;
      return u < full ? all : u < full + 0.2 ? all - 1 : all - 3;
    }
  },
  /**
   * Growing schedule that begins with the smallest maps: a batch without the last five scales has
   * most images, and they decide what stands where.
   */
  SMALL_MAPS_FIRST {
    @Override
    int scales(double progress, int all, RandomGenerator random) {
      double u = random.nextDouble();
      if (progress < 0.25) {
        return u < 0.60 ? all - 5 : u < 0.90 ? all - 4 : all - 3;
      }
      if (progress < 0.50) {
        return u < 0.25 ? all - 5 : u < 0.60 ? all - 4 : all - 3;
      }
      if (progress < 0.70) {
        return u < 0.20 ? all - 4 : u < 0.50 ? all - 3 : u < 0.65 ? all - 2 : all - 1;
      }
      double full = progress < 0.80 ? 0.45 : 0.65;
      return u < full ? all : u < full + 0.15 ? all - 1 : all - 3;
    }
  };

  /**
   * Returns the number of scales in a batch.
   *
   * @param progress share of the updates that are done, 0 to 1
   * @param all scales of the whole schedule
   * @param random draws one number
   */
  abstract int scales(double progress, int all, RandomGenerator random);
}
