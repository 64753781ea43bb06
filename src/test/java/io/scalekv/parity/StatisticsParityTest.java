package io.scalekv.parity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.metrics.Concentration;
import io.scalekv.metrics.FeatureGaussian;
import io.scalekv.metrics.Frechet;
import io.scalekv.metrics.Holm;
import io.scalekv.metrics.Kid;
import io.scalekv.metrics.RankCorrelation;
import io.scalekv.metrics.Wilcoxon;
import io.scalekv.roles.LayerScale;
import io.scalekv.roles.RoleAssignment;
import io.scalekv.roles.RoleStatistics;
import io.scalekv.study.PartitionAgreement;
import io.scalekv.weights.TensorSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Distances of feature sets, tests and other statistics against scipy, numpy and mpmath. */
class StatisticsParityTest {
  private static final double EXACT = 1e-12;

  private static Stream<DynamicTest> golden(Consumer<TensorSource> check) {
    return ParityFiles.tests(n -> n.startsWith("metrics"), (file, t, scope) -> check.accept(t));
  }

  @TestFactory
  Stream<DynamicTest> frechetOfGaussians() {
    return golden(
        t -> {
          String in = "in.frechet.gauss.";
          double got =
              Frechet.between(
                  new FeatureGaussian(t.doubles(in + "mu1"), rows(t, in + "sigma1")),
                  new FeatureGaussian(t.doubles(in + "mu2"), rows(t, in + "sigma2")));
          close(t, "out.frechet.gauss.sqrtm", 1e-9, got);
          close(t, "out.frechet.gauss.nuclear", 1e-9, got);
        });
  }

  @TestFactory
  Stream<DynamicTest> frechetOfFeatures() {
    return golden(
        t -> {
          for (String f : List.of("n300d16", "n40d64")) {
            double[][] a = rows(t, "in.features." + f + ".a");
            double[][] b = rows(t, "in.features." + f + ".b");
            frechet(t, f, a, b);
            close(t, "out.frechet." + f + ".mean_term", 1e-11, Frechet.meanTerm(a, b));
          }
          double[][] b = rows(t, "in.features.n300d16.b");
          frechet(t, "n300_vs_first200", rows(t, "in.features.n300d16.a"), Arrays.copyOf(b, 200));
        });
  }

  /** The matrix square root is off by 2e-6 for n40d64, whose covariances are singular. */
  private static void frechet(TensorSource t, String name, double[][] a, double[][] b) {
    String out = "out.frechet." + name;
    for (double got :
        List.of(Frechet.byNuclearNorm(a, b), Frechet.byCovariance(a, b), Frechet.of(a, b))) {
      close(t, out + ".nuclear", 1e-9, got);
      close(t, out + ".sqrtm", name.equals("n40d64") ? 1e-5 : 1e-9, got);
    }
  }

  @TestFactory
  Stream<DynamicTest> kid() {
    return golden(
        t -> {
          double[][] a = rows(t, "in.features.n300d16.a");
          double[][] b = rows(t, "in.features.n300d16.b");
          close(t, "out.kid.n300d16", 1e-11, Kid.of(a, b));
          close(t, "out.kid.n300_vs_first200", 1e-11, Kid.of(a, Arrays.copyOf(b, 200)));
          a = rows(t, "in.features.n40d64.a");
          close(t, "out.kid.n40d64", 1e-11, Kid.of(a, rows(t, "in.features.n40d64.b")));
          a = rows(t, "in.kid.null.a");
          b = rows(t, "in.kid.null.b_permuted");
          close(t, "out.kid.null", 1e-11, Kid.of(a, b));
          int[] permutation = t.ints("in.kid.null.permutation");
          double[][] inOrder = new double[b.length][];
          for (int i = 0; i < b.length; i++) {
            inOrder[permutation[i]] = b[i];
          }
          close(t, "out.kid.null", 1e-11, Kid.of(a, inOrder));
          double halves = Kid.of(Arrays.copyOf(a, 60), Arrays.copyOfRange(a, 60, 120));
          close(t, "out.kid.null_halves", 1e-11, halves);
          assertTrue(halves < 0);
        });
  }

  @TestFactory
  Stream<DynamicTest> concentration() {
    return golden(
        t -> {
          String p = "in.stats.probabilities";
          close(t, "out.stats.entropy", EXACT, each(t, p, Concentration::entropy));
          close(t, "out.stats.effective_number", EXACT, each(t, p, Concentration::effectiveNumber));
          close(t, "out.stats.gini_impurity", EXACT, each(t, p, Concentration::giniImpurity));
          close(t, "out.stats.gini", EXACT, each(t, "in.stats.gini_values", Concentration::gini));
        });
  }

  private static double[] each(TensorSource t, String name, ToDoubleFunction<double[]> statistic) {
    return Arrays.stream(rows(t, name)).mapToDouble(statistic).toArray();
  }

  @TestFactory
  Stream<DynamicTest> agreement() {
    return golden(
        t -> {
          double[][] x = rows(t, "in.stats.spearman.x");
          double[][] y = rows(t, "in.stats.spearman.y");
          for (int i = 0; i < x.length; i++) {
            closeAt(t, "out.stats.spearman", i, EXACT, RankCorrelation.spearman(x[i], y[i]));
          }
          int[][] a = intRows(t, "in.stats.ari.a");
          int[][] b = intRows(t, "in.stats.ari.b");
          for (int i = 0; i < a.length; i++) {
            double ari = PartitionAgreement.adjustedRandIndex(a[i], b[i]);
            closeAt(t, "out.stats.ari", i, EXACT, ari);
          }
        });
  }

  @TestFactory
  Stream<DynamicTest> roles() {
    return golden(
        t -> {
          int[][] a = intRows(t, "in.stats.jaccard.a");
          int[][] b = intRows(t, "in.stats.jaccard.b");
          for (int i = 0; i < a.length; i++) {
            closeAt(t, "out.stats.jaccard", i, EXACT, drafters(a[i]).jaccard(drafters(b[i])));
          }
          double[] values = t.doubles("in.stats.z");
          double[][] metric = new double[values.length][];
          Arrays.setAll(metric, l -> new double[] {values[l]});
          double[][] z = RoleStatistics.zScores(metric);
          // epsilon in the divisor changes these by at most 6e-12
          for (int l = 0; l < z.length; l++) {
            closeAt(t, "out.stats.zscores", l, 1e-11, z[l][0]);
          }
        });
  }

  private static RoleAssignment drafters(int[] mask) {
    List<LayerScale> members = new ArrayList<>();
    for (int l = 0; l < mask.length; l++) {
      if (mask[l] != 0) {
        members.add(new LayerScale(l, 0));
      }
    }
    return RoleAssignment.of(mask.length, 1, members);
  }

  @TestFactory
  Stream<DynamicTest> wilcoxon() {
    return golden(
        t -> {
          for (String name : List.of("exact12", "exact30", "ties_zeros", "approx64")) {
            double[] d = t.doubles("in.wilcoxon." + name);
            String out = "out.wilcoxon." + name;
            Wilcoxon.Result r = Wilcoxon.test(d);
            close(t, out + ".w_plus", 0, r.wPlus());
            String p = name.equals("ties_zeros") ? ".p_permutation" : ".p_exact";
            boolean exact = r.n() <= Wilcoxon.EXACT_UP_TO;
            closeAt(t, out + (exact ? p : ".p_approx_cc"), 0, exact ? EXACT : 1e-9, r.p());
          }
        });
  }

  @TestFactory
  Stream<DynamicTest> holm() {
    return golden(t -> close(t, "out.holm.adjusted", EXACT, Holm.adjust(t.doubles("in.holm.p"))));
  }

  private static double[][] rows(TensorSource t, String name) {
    long[] shape = t.info(name).shape();
    double[] flat = t.doubles(name);
    int width = (int) shape[1];
    double[][] rows = new double[(int) shape[0]][];
    Arrays.setAll(rows, i -> Arrays.copyOfRange(flat, i * width, (i + 1) * width));
    return rows;
  }

  private static int[][] intRows(TensorSource t, String name) {
    long[] shape = t.info(name).shape();
    int[] flat = t.ints(name);
    int width = (int) shape[1];
    int[][] rows = new int[(int) shape[0]][];
    Arrays.setAll(rows, i -> Arrays.copyOfRange(flat, i * width, (i + 1) * width));
    return rows;
  }

  private static void close(TensorSource t, String name, double limit, double... got) {
    double[] expected = t.doubles(name);
    assertEquals(expected.length, got.length, name);
    for (int i = 0; i < got.length; i++) {
      assertEquals(expected[i], got[i], limit, name + "[" + i + "]");
    }
  }

  private static void closeAt(TensorSource t, String name, int i, double limit, double got) {
    assertEquals(t.doubles(name)[i], got, limit, name + "[" + i + "]");
  }
}
