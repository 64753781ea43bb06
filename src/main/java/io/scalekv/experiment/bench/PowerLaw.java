package io.scalekv.experiment.bench;

import org.apache.commons.math3.stat.regression.SimpleRegression;

/**
 * How a cost grows: y = factor · x^exponent, by ordinary least squares on the logarithms.
 *
 * @param exponent 1 is linear growth, 2 quadratic
 * @param low lower end of its 95 % interval (Student's t); NaN for fewer than three points
 * @param high upper end
 * @param factor y at x = 1
 * @param points how many
 */
public record PowerLaw(double exponent, double low, double high, double factor, int points) {
  private static final double OUTSIDE = 0.05;

  /**
   * Fits.
   *
   * @param x above 0, at least two of them different
   * @param y above 0, as many; a point whose y is not is left out
   */
  public static PowerLaw fit(double[] x, double[] y) {
    if (x.length != y.length) {
      throw new IllegalArgumentException(
          "power law: " + x.length + " values of y expected, got " + y.length);
    }
    SimpleRegression line = new SimpleRegression();
    for (int i = 0; i < x.length; i++) {
      if (x[i] > 0 && y[i] > 0) {
        line.addData(Math.log(x[i]), Math.log(y[i]));
      }
    }
    int n = (int) line.getN();
    if (n < 2 || Double.isNaN(line.getSlope())) {
      throw new IllegalArgumentException(
          "power law: two points with different x expected, got " + n + " points");
    }
    double half = n < 3 ? Double.NaN : line.getSlopeConfidenceInterval(OUTSIDE);
    return new PowerLaw(
        line.getSlope(),
        line.getSlope() - half,
        line.getSlope() + half,
        Math.exp(line.getIntercept()),
        n);
  }

  /** The law's value. */
  public double at(double x) {
    return factor * Math.pow(x, exponent);
  }
}
