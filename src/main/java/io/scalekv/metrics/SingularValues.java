package io.scalekv.metrics;

/**
 * Singular values alone, without vectors: Householder reduction to a bidiagonal matrix (Golub and
 * Kahan 1965), then bisection on the symmetric tridiagonal matrix with zero diagonal that has the
 * same values twice, with either sign. For a 1000×1000 matrix far quicker than a decomposition that
 * also gives the vectors; the error is a few roundings of the largest value.
 */
final class SingularValues {
  private SingularValues() {}

  /** The min(n, m) singular values of a matrix [n][m], largest first. The matrix is overwritten. */
  static double[] of(double[][] matrix) {
    double[][] a = matrix.length < matrix[0].length ? transposed(matrix) : matrix;
    return bidiagonalValues(bidiagonal(a));
  }

  private static double[][] transposed(double[][] matrix) {
    double[][] t = new double[matrix[0].length][matrix.length];
    for (int i = 0; i < matrix.length; i++) {
      for (int j = 0; j < t.length; j++) {
        t[j][i] = matrix[i][j];
      }
    }
    return t;
  }

  /** Diagonal and upper diagonal in turn, 2m − 1 values, of [n][m], n ≥ m. */
  private static double[] bidiagonal(double[][] a) {
    int m = a[0].length;
    double[] result = new double[2 * m - 1];
    for (int k = 0; k < m; k++) {
      result[2 * k] = fromLeft(a, k);
      if (k + 1 < m) {
        result[2 * k + 1] = fromRight(a, k);
      }
    }
    return result;
  }

  /** Reflects the rows from k on, so that column k becomes zero below its diagonal entry. */
  private static double fromLeft(double[][] a, int k) {
    int m = a[0].length;
    double[] v = new double[a.length];
    for (int i = k; i < a.length; i++) {
      v[i] = a[i][k];
    }
    double diagonal = reflector(v, k);
    if (v[k] == 0) {
      return diagonal;
    }
    double[] along = new double[m];
    for (int i = k; i < a.length; i++) {
      addScaled(along, a[i], v[i], k + 1);
    }
    for (int i = k; i < a.length; i++) {
      addScaled(a[i], along, -v[i], k + 1);
    }
    return diagonal;
  }

  /** Reflects the columns after k, so that row k becomes zero after its upper diagonal entry. */
  private static double fromRight(double[][] a, int k) {
    double[] v = a[k].clone();
    double upper = reflector(v, k + 1);
    if (v[k + 1] == 0) {
      return upper;
    }
    for (int i = k + 1; i < a.length; i++) {
      double along = 0;
      for (int j = k + 1; j < v.length; j++) {
        along += a[i][j] * v[j];
      }
      addScaled(a[i], v, -along, k + 1);
    }
    return upper;
  }

  private static void addScaled(double[] to, double[] x, double scale, int from) {
    for (int j = from; j < to.length; j++) {
      to[j] += scale * x[j];
    }
  }

  /**
   * Turns x from index k on into v, |v| = √2, such that (I − v vᵀ) x = y e_k, and gives y. For x =
   * 0 all of v is 0.
   */
  private static double reflector(double[] x, int k) {
    double largest = 0;
    for (int i = k; i < x.length; i++) {
      largest = Math.max(largest, Math.abs(x[i]));
    }
    if (largest == 0) {
      return 0;
    }
    double squares = 0;
    for (int i = k; i < x.length; i++) {
      x[i] /= largest;
      squares += x[i] * x[i];
    }
    double norm = Math.copySign(Math.sqrt(squares), x[k]);
    x[k] += norm;
    double length = Math.sqrt(norm * x[k]);
    for (int i = k; i < x.length; i++) {
      x[i] /= length;
    }
    return -norm * largest;
  }

  private static double[] bidiagonalValues(double[] offDiagonal) {
    int n = (offDiagonal.length + 1) / 2;
    double[] squares = new double[offDiagonal.length];
    double bound = 0;
    for (int i = 0; i < squares.length; i++) {
      squares[i] = offDiagonal[i] * offDiagonal[i];
      double next = i + 1 < squares.length ? Math.abs(offDiagonal[i + 1]) : 0;
      bound = Math.max(bound, Math.abs(offDiagonal[i]) + next);
    }
    double[] values = new double[n];
    double high = bound;
    for (int i = 0; i < n; i++) {
      double low = 0;
      while (high - low > Math.ulp(bound)) {
        double middle = (low + high) / 2;
        if (above(squares, middle, bound) > i) {
          low = middle;
        } else {
          high = middle;
        }
      }
      values[i] = (low + high) / 2;
      high += Math.ulp(bound);
    }
    return values;
  }

  /** How many eigenvalues lie above x, by the signs of the pivots of T − x I (Sturm). */
  private static int above(double[] squares, double x, double bound) {
    double least = Double.MIN_NORMAL * Math.max(1, bound * bound);
    int count = 0;
    double pivot = -x;
    for (double square : squares) {
      if (Math.abs(pivot) < least) {
        pivot = -least;
      }
      pivot = -x - square / pivot;
      count += pivot > 0 ? 1 : 0;
    }
    return count;
  }
}
