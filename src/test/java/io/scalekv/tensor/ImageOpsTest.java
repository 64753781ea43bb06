package io.scalekv.tensor;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Convolution, group norm and resampling of [N,C,h,w] against loops. */
class ImageOpsTest {
  private NDManager scope;

  @BeforeEach
  void open() {
    scope = NDManager.newBaseManager("PyTorch");
  }

  @AfterEach
  void close() {
    scope.close();
  }

  private NDArray call(String op, Nd... args) {
    NDArray[] arrays = new NDArray[args.length];
    for (int i = 0; i < args.length; i++) {
      arrays[i] = args[i].in(scope);
    }
    return TorchOps.call(op, arrays);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void groupNorm(int seed) {
    Random random = new Random(seed);
    int groups = 1 + random.nextInt(3);
    int c = groups * (1 + random.nextInt(3));
    int h = 1 + random.nextInt(4);
    int w = 2 + random.nextInt(4);
    Nd x = Nd.normal(random, 2e-3, 2, c, h, w);
    Nd weight = Nd.normal(random, 1, c);
    Nd bias = Nd.normal(random, 1, c);
    Nd y = x.copy();
    int size = c / groups * h * w;
    for (int g = 0; g < 2 * groups; g++) {
      double mean = 0;
      double square = 0;
      for (int i = g * size; i < (g + 1) * size; i++) {
        mean += x.data[i] / size;
      }
      for (int i = g * size; i < (g + 1) * size; i++) {
        square += (x.data[i] - mean) * (x.data[i] - mean) / size;
      }
      for (int i = g * size; i < (g + 1) * size; i++) {
        int channel = i / (h * w) % c;
        double n = (x.data[i] - mean) / Math.sqrt(square + 1e-6);
        y.data[i] = n * weight.data[channel] + bias.data[channel];
      }
    }
    NDArray dummy = scope.zeros(new Shape(groups));
    NDArray got = TorchOps.call("group_norm", x.in(scope), weight.in(scope), bias.in(scope), dummy);
    y.assertNear(got, 2e-5);
  }

  @ParameterizedTest
  @CsvSource({"1,1,1,3,4", "2,3,3,5,4", "3,2,3,6,6"})
  void convolutions(int seed, int n, int side, int h, int w) {
    Random random = new Random(seed);
    Nd x = Nd.normal(random, 1, n, 2, h, w);
    Nd weight = Nd.normal(random, 1, 3, 2, side, side);
    Nd bias = Nd.normal(random, 1, 3);
    int pad = side / 2;
    Nd same = convolved(x, weight, bias, 1, pad, h, w);
    same.assertNear(call("conv2d", x, weight, bias), 1e-5);
    same.map(v -> Math.max(0, v)).assertNear(call("conv2d_relu", x, weight, bias), 1e-5);
    if (side == 3) {
      // padded right and below only: an even side halves
      Nd down = convolved(x, weight, bias, 2, 0, (h - 2) / 2 + 1, (w - 2) / 2 + 1);
      down.assertNear(call("conv2d_down", x, weight, bias), 1e-5);
    }
  }

  private static Nd convolved(Nd x, Nd weight, Nd bias, int stride, int pad, int h, int w) {
    Nd y = Nd.zeros(x.shape[0], weight.shape[0], h, w);
    int side = weight.shape[2];
    for (int n = 0; n < x.shape[0]; n++) {
      for (int o = 0; o < weight.shape[0]; o++) {
        for (int i = 0; i < h; i++) {
          for (int j = 0; j < w; j++) {
            double sum = bias.data[o];
            for (int c = 0; c < x.shape[1]; c++) {
              for (int u = 0; u < side; u++) {
                for (int v = 0; v < side; v++) {
                  int row = i * stride + u - pad;
                  int column = j * stride + v - pad;
                  if (row >= 0 && row < x.shape[2] && column >= 0 && column < x.shape[3]) {
                    sum += x.get(n, c, row, column) * weight.get(o, c, u, v);
                  }
                }
              }
            }
            y.set(sum, n, o, i, j);
          }
        }
      }
    }
    return y;
  }

  @Test
  void upsampleRepeatsPixels() {
    Nd x = Nd.normal(new Random(1), 1, 2, 3, 2, 3);
    Nd y = Nd.zeros(2, 3, 4, 6);
    for (int i = 0; i < y.data.length; i++) {
      int column = i % 6;
      int row = i / 6 % 4;
      y.data[i] = x.get(i / 72, i / 24 % 3, row / 2, column / 2);
    }
    y.assertNear(call("upsample_nearest2", x), 0);
  }

  @Test
  void averagesOfSquaresDropTheOddRowAndColumn() {
    Nd x = Nd.normal(new Random(2), 1, 2, 3, 5, 7);
    Nd y = Nd.zeros(2, 3, 2, 3);
    for (int i = 0; i < y.data.length; i++) {
      int column = 2 * (i % 3);
      int row = 2 * (i / 3 % 2);
      for (int k = 0; k < 4; k++) {
        y.data[i] += x.get(i / 18, i / 6 % 3, row + k / 2, column + k % 2) / 4;
      }
    }
    y.assertNear(call("avg_pool2", x), 1e-6);
  }

  @ParameterizedTest
  @CsvSource({"1,1,4,4", "2,3,5,7", "6,6,4,4", "5,7,2,3", "4,4,4,4", "16,16,1,1"})
  void resizes(int h, int w, int toH, int toW) {
    Nd x = Nd.normal(new Random(h * 31 + w), 1, 2, 3, h, w);
    NDArray like = scope.zeros(new Shape(toH, toW));
    bilinear(x, toH, toW).assertNear(TorchOps.call("resize_bilinear", x.in(scope), like), 1e-5);
    area(x, toH, toW).assertNear(TorchOps.call("resize_area", x.in(scope), like), 1e-5);
  }

  /** Half-pixel centres, clamped at the border, no antialias. */
  private static Nd bilinear(Nd x, int toH, int toW) {
    Nd y = Nd.zeros(x.shape[0], x.shape[1], toH, toW);
    int h = x.shape[2];
    int w = x.shape[3];
    for (int i = 0; i < toH; i++) {
      double r = Math.max(0, (i + 0.5) * h / toH - 0.5);
      int top = (int) r;
      int bottom = Math.min(h - 1, top + 1);
      for (int j = 0; j < toW; j++) {
        double c = Math.max(0, (j + 0.5) * w / toW - 0.5);
        int left = (int) c;
        int right = Math.min(w - 1, left + 1);
        double a = r - top;
        double b = c - left;
        for (int n = 0; n < x.shape[0]; n++) {
          for (int k = 0; k < x.shape[1]; k++) {
            double above = x.get(n, k, top, left) * (1 - b) + x.get(n, k, top, right) * b;
            double below = x.get(n, k, bottom, left) * (1 - b) + x.get(n, k, bottom, right) * b;
            y.set(above * (1 - a) + below * a, n, k, i, j);
          }
        }
      }
    }
    return y;
  }

  /** Means over the runs that an output position touches. */
  private static Nd area(Nd x, int toH, int toW) {
    Nd y = Nd.zeros(x.shape[0], x.shape[1], toH, toW);
    int h = x.shape[2];
    int w = x.shape[3];
    for (int n = 0; n < x.shape[0]; n++) {
      for (int k = 0; k < x.shape[1]; k++) {
        for (int i = 0; i < toH; i++) {
          for (int j = 0; j < toW; j++) {
            double sum = 0;
            int count = 0;
            for (int r = i * h / toH; r < ((i + 1) * h + toH - 1) / toH; r++) {
              for (int c = j * w / toW; c < ((j + 1) * w + toW - 1) / toW; c++) {
                sum += x.get(n, k, r, c);
                count++;
              }
            }
            y.set(sum / count, n, k, i, j);
          }
        }
      }
    }
    return y;
  }

  @Test
  void pixelShuffles() {
    Nd x = Nd.normal(new Random(2), 1, 2, 8, 3, 2);
    Nd y = Nd.zeros(2, 2, 6, 4);
    for (int n = 0; n < 2; n++) {
      for (int c = 0; c < 8; c++) {
        int plane = c / 4;
        int down = c / 2 % 2;
        for (int i = 0; i < 3; i++) {
          for (int j = 0; j < 2; j++) {
            y.set(x.get(n, c, i, j), n, plane, 2 * i + down, 2 * j + c % 2);
          }
        }
      }
    }
    NDArray shuffled = call("pixel_shuffle2", x);
    y.assertNear(shuffled, 0);
    x.assertNear(TorchOps.call("pixel_unshuffle2", shuffled), 0);
  }
}
