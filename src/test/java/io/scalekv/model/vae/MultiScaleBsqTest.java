package io.scalekv.model.vae;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.TokenMap;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MultiScaleBsqTest {
  private static final ScaleSchedule SCHEDULE =
      new ScaleSchedule(
          List.of(
              new TokenMap(1, 1),
              new TokenMap(2, 3),
              new TokenMap(4, 5),
              new TokenMap(5, 7),
              new TokenMap(6, 8)));

  private NDManager m;

  @BeforeEach
  void open() {
    m = NDManager.newBaseManager("PyTorch");
  }

  @AfterEach
  void close() {
    m.close();
  }

  private NDArray latent(int seed, int n, int d) {
    m.getEngine().setRandomSeed(seed);
    return m.randomNormal(0, 0.3f, new Shape(n, d, 6, 8), DataType.FLOAT32);
  }

  /** Every number of the result against loops in doubles. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void equalsTheDefinitionWrittenOut(int seed) {
    int d = 2 + seed;
    NDArray z = latent(seed, 2, d);
    MultiScaleBsq bsq = new MultiScaleBsq(d);
    MultiScaleQuantiser.Quantised q = bsq.quantise(z, SCHEDULE);
    float[] numbers = z.toFloatArray();
    int plane = 6 * 8;
    for (int n = 0; n < 2; n++) {
      for (int c = 0; c < d; c++) {
        double[] residual = new double[plane];
        for (int i = 0; i < plane; i++) {
          residual[i] = numbers[(n * d + c) * plane + i];
        }
        double[] summed = new double[plane];
        for (int k = 0; k < SCHEDULE.scales(); k++) {
          TokenMap map = SCHEDULE.map(k);
          double[] codes = area(residual, map);
          for (int i = 0; i < codes.length; i++) {
            int row = i / map.width();
            assertEquals(codes[i], q.reduced().get(k).getFloat(n, c, row, i % map.width()), 1e-5);
            codes[i] = (codes[i] > 0 ? 1 : -1) / Math.sqrt(d);
            assertEquals(codes[i] > 0 ? 1 : 0, q.chosen().get(k).getFloat(n, i, c));
          }
          double[] up = bilinear(codes, map);
          for (int i = 0; i < plane; i++) {
            residual[i] -= up[i];
            summed[i] += up[i];
          }
        }
        for (int i = 0; i < plane; i++) {
          int row = i / 8;
          assertEquals(summed[i], q.summed().getFloat(n, c, row, i % 8), 1e-5);
        }
      }
    }
  }

  private static double[] area(double[] x, TokenMap map) {
    double[] y = new double[map.tokens()];
    for (int i = 0; i < y.length; i++) {
      int row = i / map.width();
      int column = i % map.width();
      double sum = 0;
      int count = 0;
      for (int r = row * 6 / map.height(); r * map.height() < (row + 1) * 6; r++) {
        for (int c = column * 8 / map.width(); c * map.width() < (column + 1) * 8; c++) {
          sum += x[r * 8 + c];
          count++;
        }
      }
      y[i] = sum / count;
    }
    return y;
  }

  private static double[] bilinear(double[] x, TokenMap map) {
    double[] y = new double[6 * 8];
    for (int i = 0; i < y.length; i++) {
      int row = i / 8;
      double r = Math.max(0, (row + 0.5) * map.height() / 6 - 0.5);
      double c = Math.max(0, (i % 8 + 0.5) * map.width() / 8 - 0.5);
      int top = (int) r;
      int left = (int) c;
      int bottom = Math.min(map.height() - 1, top + 1);
      int right = Math.min(map.width() - 1, left + 1);
      double above = mix(x[top * map.width() + left], x[top * map.width() + right], c - left);
      double below = mix(x[bottom * map.width() + left], x[bottom * map.width() + right], c - left);
      y[i] = mix(above, below, r - top);
    }
    return y;
  }

  private static double mix(double a, double b, double part) {
    return a * (1 - part) + b * part;
  }

  @Test
  void codesAreOneOverTheRootOfTheirNumber() {
    MultiScaleBsq bsq = new MultiScaleBsq(16);
    assertEquals(16, bsq.codeBits());
    NDArray bits = latent(1, 1, 16).gt(0).toType(DataType.FLOAT32, false);
    NDArray codes = bsq.codes(MultiScaleQuantiser.toTokens(bits), new TokenMap(6, 8));
    float[] b = bits.toFloatArray();
    float[] c = codes.toFloatArray();
    for (int i = 0; i < b.length; i++) {
      assertEquals(b[i] == 1 ? 0.25 : -0.25, c[i]);
    }
    assertArrayEquals(
        MultiScaleQuantiser.toTokens(bits).toFloatArray(), bsq.nearest(codes).toFloatArray());
  }

  /** Latents as a trained encoder makes them: smooth, within reach of the codes. */
  @Test
  void theResidualShrinksOverTheScales() {
    m.getEngine().setRandomSeed(7);
    MultiScaleBsq bsq = new MultiScaleBsq(4);
    NDArray z = MapResize.bilinear(m.randomNormal(new Shape(3, 4, 2, 3)), SCHEDULE.last());
    NDArray residual = z;
    double before = rms(residual);
    List<Double> after = new ArrayList<>();
    MultiScaleQuantiser.Quantised q = bsq.quantise(z, SCHEDULE);
    NDArray summed = null;
    for (int k = 0; k < SCHEDULE.scales(); k++) {
      NDArray up =
          MapResize.bilinear(bsq.codes(q.chosen().get(k), SCHEDULE.map(k)), SCHEDULE.last());
      residual = residual.sub(up);
      summed = summed == null ? up : summed.add(up);
      after.add(rms(residual));
    }
    assertTrue(after.get(0) < before && after.get(4) < 0.7 * before, before + " then " + after);
    assertArrayEquals(summed.toFloatArray(), q.summed().toFloatArray(), 0);
    assertArrayEquals(z.toFloatArray(), q.summed().add(residual).toFloatArray(), 1e-6f);
  }

  private static double rms(NDArray x) {
    return Math.sqrt(x.square().mean().getFloat());
  }

  @Test
  void sameSizeIsLeftAlone() {
    MultiScaleBsq bsq = new MultiScaleBsq(4);
    NDArray z = latent(8, 1, 4);
    assertSame(z, MapResize.area(z, SCHEDULE.last()));
    assertSame(z, MapResize.bilinear(z, SCHEDULE.last()));
  }

  @Test
  void patternsAreMadeOncePerSize() {
    MultiScaleBsq bsq = new MultiScaleBsq(4);
    try (NDManager scope = m.newSubManager()) {
      NDArray z = latent(9, 1, 4);
      z.attach(scope);
      bsq.quantise(z, SCHEDULE);
      int first = m.getManagedArrays().size() - scope.getManagedArrays().size();
      bsq.quantise(z, SCHEDULE);
      assertEquals(first, m.getManagedArrays().size() - scope.getManagedArrays().size());
    }
  }
}
