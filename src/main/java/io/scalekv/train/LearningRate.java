package io.scalekv.train;

/**
 * Warm-up, plateau, cosine decay: linear from 0 over the warm-up steps, constant, then half a
 * cosine down to {@code floor · peak} over the last decay steps.
 *
 * @param peak learning rate of the plateau
 * @param warmup steps of the linear rise
 * @param decay steps of the decay at the end
 * @param floor last learning rate as a share of the peak
 */
public record LearningRate(double peak, int warmup, int decay, double floor) {
  /** Returns the learning rate of update {@code step} (from 1) of {@code steps}. */
  public double at(int step, int steps) {
    double rise = warmup == 0 ? 1 : Math.min(1, step / (double) warmup);
    int into = step - (steps - decay);
    if (into <= 0 || decay == 0) {
      return peak * rise;
    }
    double cosine = (1 + Math.cos(Math.PI * into / decay)) / 2;
    return peak * Math.min(rise, floor + (1 - floor) * cosine);
  }
}
