package io.scalekv.scene;

/** Tally of {@link Faithfulness} over images by {@link FaithfulnessRate}. Not thread-safe. */
public final class FaithfulnessTally {
  private final long[] right = new long[FaithfulnessRate.values().length];
  private final long[] cases = new long[FaithfulnessRate.values().length];

  private FaithfulnessTally() {}

  /** Returns an empty tally. */
  public static FaithfulnessTally create() {
    return new FaithfulnessTally();
  }

  /** Adds one image and returns this tally. */
  public FaithfulnessTally accept(Faithfulness image) {
    for (FaithfulnessRate rate : FaithfulnessRate.values()) {
      for (boolean isRight : rate.cases(image)) {
        cases[rate.ordinal()]++;
        right[rate.ordinal()] += isRight ? 1 : 0;
      }
    }
    return this;
  }

  /** Returns right cases over all cases, 0 to 1; NaN if there were none. */
  public double rate(FaithfulnessRate rate) {
    return (double) right(rate) / cases(rate);
  }

  /** Returns the number of right cases. */
  public long right(FaithfulnessRate rate) {
    return right[rate.ordinal()];
  }

  /** Returns the number of cases, the denominator of the rate. */
  public long cases(FaithfulnessRate rate) {
    return cases[rate.ordinal()];
  }
}
