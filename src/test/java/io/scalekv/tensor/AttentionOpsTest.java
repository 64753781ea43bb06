package io.scalekv.tensor;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Attention and its queries, keys and values against naive softmax. */
class AttentionOpsTest {
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

  /** Softmax attention; query i sees the first {@code visible[i]} keys; mask [B,1,1,T] or null. */
  private static Nd attention(Nd q, Nd k, Nd v, double scale, int[] visible, Nd mask) {
    int d = q.last();
    int t = k.shape[2];
    Nd out = Nd.zeros(q.shape[0], q.shape[1], q.shape[2], v.last());
    for (int b = 0; b < q.shape[0]; b++) {
      for (int h = 0; h < q.shape[1]; h++) {
        for (int i = 0; i < q.shape[2]; i++) {
          int sees = visible == null ? t : visible[i];
          double[] p = new double[sees];
          double sum = 0;
          for (int j = 0; j < sees; j++) {
            double s = 0;
            for (int c = 0; c < d; c++) {
              s += q.get(b, h, i, c) * k.get(b, h, j, c);
            }
            p[j] = Math.exp(s * scale + (mask == null ? 0 : mask.get(b, 0, 0, j)));
            sum += p[j];
          }
          for (int c = 0; c < v.last(); c++) {
            double o = 0;
            for (int j = 0; j < sees; j++) {
              o += p[j] / sum * v.get(b, h, j, c);
            }
            out.set(o, b, h, i, c);
          }
        }
      }
    }
    return out;
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4})
  void equalsSoftmaxAttention(int seed) {
    Random random = new Random(seed);
    int b = 1 + random.nextInt(3);
    int h = 1 + random.nextInt(3);
    int l = 1 + random.nextInt(9);
    int t = 1 + random.nextInt(20);
    int d = 4 * (1 + random.nextInt(4));
    Nd q = Nd.normal(random, 1, b, h, l, d);
    Nd k = Nd.normal(random, 1, b, h, t, d);
    Nd v = Nd.normal(random, 1, b, h, t, d);
    attention(q, k, v, 1, null, null).assertNear(call("sdpa_unit", q, k, v), 1e-5);
    double scale = 1 / Math.sqrt(d);
    attention(q, k, v, scale, null, null).assertNear(call("sdpa", q, k, v), 1e-5);
    Nd mask = Nd.zeros(b, 1, 1, t);
    for (int i = 0; i < mask.data.length; i++) {
      mask.data[i] = i % t != 0 && random.nextBoolean() ? Double.NEGATIVE_INFINITY : 0;
    }
    attention(q, k, v, scale, null, mask).assertNear(call("sdpa_masked", q, k, v, mask), 1e-5);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void aScaleSeesItselfAndItsPrefix(int seed) {
    Random random = new Random(seed);
    int maps = 1 + random.nextInt(4);
    long[] bounds = new long[maps + 1];
    for (int i = 0; i < maps; i++) {
      bounds[i + 1] = bounds[i] + 1 + random.nextInt(5);
    }
    int l = (int) bounds[maps];
    int[] visible = new int[l];
    for (int i = 0, map = 0; i < l; i++) {
      map += i == bounds[map + 1] ? 1 : 0;
      visible[i] = (int) bounds[map + 1];
    }
    Nd q = Nd.normal(random, 1, 2, 2, l, 8);
    Nd k = Nd.normal(random, 1, 2, 2, l, 8);
    Nd v = Nd.normal(random, 1, 2, 2, l, 8);
    NDArray ends = scope.create(bounds);
    NDArray got = TorchOps.call("prefix_attention", q.in(scope), k.in(scope), v.in(scope), ends);
    attention(q, k, v, 1, visible, null).assertNear(got, 1e-5);
  }

  /** x [..,L,D] rotated in pairs by the angles of table [L,D/2,2]. */
  private static Nd rotated(Nd x, Nd table) {
    Nd y = x.copy();
    int d = x.last();
    int l = table.shape[0];
    for (int r = 0; r < x.rows(); r++) {
      for (int i = 0; i < d / 2; i++) {
        double cos = table.get(r % l, i, 0);
        double sin = table.get(r % l, i, 1);
        double a = x.data[r * d + 2 * i];
        double b = x.data[r * d + 2 * i + 1];
        y.data[r * d + 2 * i] = a * cos - b * sin;
        y.data[r * d + 2 * i + 1] = a * sin + b * cos;
      }
    }
    return y;
  }

  /** Part {@code which} of packed [B,L,3·H·D] as [B,H,L,D]. */
  private static Nd unpacked(Nd packed, int parts, int which, int h) {
    int b = packed.shape[0];
    int l = packed.shape[1];
    int d = packed.last() / parts / h;
    Nd x = Nd.zeros(b, h, l, d);
    for (int i = 0; i < b; i++) {
      for (int j = 0; j < h; j++) {
        for (int t = 0; t < l; t++) {
          for (int c = 0; c < d; c++) {
            x.set(packed.get(i, t, (which * h + j) * d + c), i, j, t, c);
          }
        }
      }
    }
    return x;
  }

  private static Nd unit(Nd x) {
    Nd y = x.copy();
    int d = x.last();
    for (int r = 0; r < x.rows(); r++) {
      double sum = 0;
      for (int i = r * d; i < (r + 1) * d; i++) {
        sum += x.data[i] * x.data[i];
      }
      for (int i = r * d; i < (r + 1) * d; i++) {
        y.data[i] = x.data[i] / Math.max(Math.sqrt(sum), 1e-12);
      }
    }
    return y;
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void cosineQueryKeyAndValue(int seed) {
    Random random = new Random(seed);
    int b = 1 + random.nextInt(3);
    int h = 2 + random.nextInt(3);
    int l = 1 + random.nextInt(6);
    int d = 4 * (1 + random.nextInt(3));
    Nd qkv = Nd.normal(random, 1, b, l, 3 * h * d);
    Nd s = Nd.normal(random, 1, 1, h, 1, 1);
    s.data[1] = 6; // above the clamp at log 100
    Nd table = Nd.zeros(l, d / 2, 2);
    for (int i = 0; i < table.data.length; i += 2) {
      double angle = random.nextDouble() * 7;
      table.data[i] = (float) Math.cos(angle);
      table.data[i + 1] = (float) Math.sin(angle);
    }
    Nd query = unit(unpacked(qkv, 3, 0, h));
    for (int i = 0; i < query.data.length; i++) {
      query.data[i] *= Math.exp(Math.min(s.data[i / (l * d) % h], Math.log(100)));
    }
    rotated(query, table).assertNear(call("cosine_query", qkv, s, table), 2e-4);
    Nd key = unit(unpacked(qkv, 3, 1, h));
    rotated(key, table).assertNear(call("cosine_key", qkv, s, table), 2e-6);
    unpacked(qkv, 3, 2, h).assertNear(call("packed_value", qkv, s), 0);
    Nd x = Nd.normal(random, 1, b, h, l, d);
    rotated(x, table).assertNear(call("rotate", x, table), 1e-6);
  }

  @Test
  void aZeroVectorStaysZero() {
    Nd qkv = Nd.zeros(1, 1, 12);
    Nd s = Nd.zeros(1, 1, 1, 1);
    Nd table = Nd.zeros(1, 2, 2).map(v -> 1);
    Nd.zeros(1, 1, 1, 4).assertNear(call("cosine_query", qkv, s, table), 0);
    Nd.zeros(1, 1, 1, 4).assertNear(call("cosine_key", qkv, s, table), 0);
  }

  @Test
  void headsAreSplitMergedAndPooled() {
    Random random = new Random(4);
    Nd x = Nd.normal(random, 1, 2, 3, 8);
    Nd like = Nd.zeros(1, 2, 1, 1);
    NDArray split = call("split_heads", x, like);
    unpacked(x, 1, 0, 2).assertNear(split, 0);
    x.assertNear(TorchOps.call("merge_heads", split), 0);
    Nd query = Nd.normal(random, 1, 1, 2, 4);
    Nd pooled = Nd.zeros(2, 2, 1, 4);
    System.arraycopy(query.data, 0, pooled.data, 0, 8);
    System.arraycopy(query.data, 0, pooled.data, 8, 8);
    pooled.assertNear(TorchOps.call("pool_query", split, query.in(scope)), 0);
  }
}
