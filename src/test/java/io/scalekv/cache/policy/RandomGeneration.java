package io.scalekv.cache.policy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.scalekv.cache.CacheListener;
import io.scalekv.cache.CacheManager;
import io.scalekv.cache.CachePolicy;
import io.scalekv.cache.CacheType;
import io.scalekv.cache.Geometry;
import io.scalekv.cache.KvCache;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.SelectionInputs;
import io.scalekv.cache.TokenMap;
import io.scalekv.tensor.NativeCopy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;

/** Random queries, keys and values of a whole generation, and what a policy makes of them. */
record RandomGeneration(
    ScaleSchedule schedule, int layers, int heads, int rows, float[][][][] input) {
  static final int WIDTH = 8;
  private static final int ARRAYS = 4;

  /**
   * What a cache held after each stored map.
   *
   * @param outputs [map · layers + layer] attention output of every map
   * @param positions [map][layer][row][head][token]
   * @param liveBytes [map] after all layers
   * @param allocatedBytes [map] after all layers
   */
  record Trace(
      List<float[]> outputs, int[][][][][] positions, long[] liveBytes, long[] allocatedBytes) {
    int tokens(int map, int layer, int head) {
      return positions[map][layer][0][head].length;
    }

    long sum(int map) {
      long sum = 0;
      for (int[][][] layer : positions[map]) {
        for (int[] head : layer[0]) {
          sum += head.length;
        }
      }
      return sum;
    }
  }

  static RandomGeneration of(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    List<TokenMap> maps = new ArrayList<>();
    int scales = random.nextInt(3, 8);
    for (int k = 0; k < scales; k++) {
      int h = random.nextInt(1, 8);
      maps.add(new TokenMap(h, random.nextBoolean() ? h : random.nextInt(1, 8)));
    }
    maps.sort(Comparator.comparingInt(TokenMap::tokens));
    return of(
        new ScaleSchedule(maps),
        random.nextInt(1, 4),
        random.nextInt(1, 5),
        random.nextInt(1, 5),
        random);
  }

  static RandomGeneration of(
      ScaleSchedule schedule, int layers, int heads, int rows, RandomGenerator random) {
    float[][][][] input = new float[schedule.scales()][layers][ARRAYS][];
    for (int k = 0; k < schedule.scales(); k++) {
      for (int l = 0; l < layers; l++) {
        for (int i = 0; i < ARRAYS; i++) {
          float[] x = new float[rows * heads * schedule.tokens(k) * WIDTH];
          for (int j = 0; j < x.length; j++) {
            x[j] = (float) random.nextGaussian();
          }
          input[k][l][i] = x;
        }
      }
    }
    return new RandomGeneration(schedule, layers, heads, rows, input);
  }

  /** The first row alone. */
  RandomGeneration firstRow() {
    float[][][][] first = new float[input.length][layers][ARRAYS][];
    for (int k = 0; k < input.length; k++) {
      for (int l = 0; l < layers; l++) {
        for (int i = 0; i < ARRAYS; i++) {
          first[k][l][i] = Arrays.copyOf(input[k][l][i], input[k][l][i].length / rows);
        }
      }
    }
    return new RandomGeneration(schedule, layers, heads, 1, first);
  }

  PolicyContext context(int budget, long seed, PolicyCalibration calibration) {
    return new PolicyContext(
        schedule, new Geometry(layers, heads, WIDTH), budget, seed, calibration);
  }

  Trace run(CachePolicy policy) {
    return run(policy, a -> {});
  }

  /** What an observer of every map sees. */
  interface Observer {
    void attended(SelectionInputs a);
  }

  Trace run(CachePolicy policy, Observer observer) {
    int stored = schedule.scales() - 1;
    Trace trace =
        new Trace(
            new ArrayList<>(),
            new int[stored][layers][rows][heads][],
            new long[stored],
            new long[stored]);
    CacheListener listener =
        new CacheListener() {
          @Override
          public void attended(SelectionInputs a) {
            observer.attended(a);
          }
        };
    CacheType fp32 = CacheType.FP32;
    try (NDManager m = NDManager.newBaseManager("PyTorch");
        CacheManager caches =
            new CacheManager(m, policy, fp32, fp32, CacheManager.Attention.FP32, listener)) {
      for (int k = 0; k < schedule.scales(); k++) {
        caches.enter(k);
        for (int l = 0; l < layers; l++) {
          try (NDManager scope = m.newSubManager()) {
            trace.outputs.add(attend(scope, caches, k, l));
          }
          if (k < stored) {
            keepPositions(trace.positions[k][l], caches.cache(l));
          }
        }
        if (k < stored) {
          trace.liveBytes[k] = caches.liveBytes();
          trace.allocatedBytes[k] =
              IntStream.range(0, layers).mapToLong(l -> caches.cache(l).allocatedBytes()).sum();
        }
      }
    }
    return trace;
  }

  private float[] attend(NDManager scope, CacheManager caches, int k, int l) {
    Shape shape = new Shape(rows, heads, schedule.tokens(k), WIDTH);
    NDArray[] x = new NDArray[ARRAYS];
    for (int i = 0; i < ARRAYS; i++) {
      x[i] = NativeCopy.of(scope, input[k][l][i], shape);
    }
    return caches.attend(l, x[0], x[1], x[2], () -> x[3]).toFloatArray();
  }

  private void keepPositions(int[][][] into, KvCache cache) {
    for (int r = 0; r < rows; r++) {
      for (int h = 0; h < heads; h++) {
        into[r][h] = cache.positions(r, h);
      }
    }
  }
}
