package io.scalekv.metrics;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.scalekv.image.RgbImage;
import io.scalekv.io.Require;
import io.scalekv.tensor.NativeCopy;
import io.scalekv.tensor.TorchOps;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Collectors;

/**
 * A VGG-like net with random weights, the same on every machine: four blocks of two 3×3
 * convolutions with ReLU and the mean of 2×2 squares, to 16, 32, 64 and 64 channels; images enter
 * in −1..1. The layers are the outputs of the blocks. Weights are uniform with variance 2/fan-in
 * (He et al. 2015), biases uniform in ±0.1, both from a {@link SplittableRandom} of the seed.
 *
 * <p>Several seeds are several nets side by side whose layers follow one another, so that a mean
 * over layers is also the mean over seeds. A batch of B images of Y×X pixels takes 29·B·Y·X bytes a
 * seed for its features.
 *
 * @see <a href="https://arxiv.org/abs/1502.01852">He, Zhang, Ren, Sun 2015, Delving deep into
 *     rectifiers, section 2.2</a>
 */
public final class RandomFeatureNet implements FeatureNet {
  private static final int[] CHANNELS = {16, 32, 64, 64};
  static final int LEAST_SIDE = 1 << CHANNELS.length;
  private static final double BIAS = 0.1;

  /** Weight [O,C,3,3] and bias [O] of one convolution. */
  private record Convolution(NDArray weight, NDArray bias) {}

  private final long[] seeds;
  private final NDManager manager;
  // two a block, the blocks of each net in order
  private final List<List<Convolution>> nets = new ArrayList<>();

  private RandomFeatureNet(long[] seeds) {
    this.seeds = seeds;
    manager = NDManager.newBaseManager("PyTorch");
    for (long seed : seeds) {
      SplittableRandom random = new SplittableRandom(seed);
      List<Convolution> net = new ArrayList<>();
      int from = 3;
      for (int to : CHANNELS) {
        net.add(convolution(from, to, random));
        net.add(convolution(to, to, random));
        from = to;
      }
      nets.add(net);
    }
  }

  /** Returns the net of the seeds 1, 2 and 3. */
  public static RandomFeatureNet ofThreeSeeds() {
    return of(1, 2, 3);
  }

  /**
   * Returns a net of the given seeds.
   *
   * @throws IllegalArgumentException if none is given or one is given twice
   */
  public static RandomFeatureNet of(long... seeds) {
    Require.that(
        seeds.length != 0 && Arrays.stream(seeds).distinct().count() >= seeds.length,
        "random feature net: seeds must differ, got %s",
        Arrays.toString(seeds));
    return new RandomFeatureNet(seeds.clone());
  }

  private Convolution convolution(int from, int to, SplittableRandom random) {
    double reach = Math.sqrt(3 * 2.0 / (9 * from));
    NDArray weight =
        NativeCopy.of(manager, uniform(random, 9 * from * to, reach), new Shape(to, from, 3, 3));
    NDArray bias = NativeCopy.of(manager, uniform(random, to, BIAS), new Shape(to));
    return new Convolution(weight, bias);
  }

  private static float[] uniform(SplittableRandom random, int count, double reach) {
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) ((2 * random.nextDouble() - 1) * reach);
    }
    return values;
  }

  @Override
  public String name() {
    return seeds.length == 1 ? "random_vgg" : "random_vgg x" + seeds.length;
  }

  @Override
  public String hash() {
    return Arrays.stream(seeds)
        .mapToObj(Long::toString)
        .collect(Collectors.joining(",", "seed:", ""));
  }

  /**
   * {@inheritDoc}
   *
   * @throws IllegalArgumentException also if a side has fewer than 16 pixels
   */
  @Override
  public List<FeatureMap> features(List<RgbImage> images) {
    ImageBatches.requireOneSize(name(), images);
    Sizes.requireSides(name(), LEAST_SIDE, images.get(0));
    List<FeatureMap> layers = new ArrayList<>();
    for (List<Convolution> net : nets) {
      try (NDManager scope = manager.newSubManager()) {
        NDArray x = ImageArrays.of(scope, images, 2f / 255, -1);
        for (int i = 0; i < net.size(); i += 2) {
          NDArray once =
              replace(x, TorchOps.call("conv2d_relu", x, net.get(i).weight, net.get(i).bias));
          Convolution second = net.get(i + 1);
          NDArray twice =
              replace(once, TorchOps.call("conv2d_relu", once, second.weight, second.bias));
          x = replace(twice, TorchOps.call("avg_pool2", twice));
          layers.add(map(x));
        }
      }
    }
    return layers;
  }

  /** Frees the input of an operation as soon as its result is there. */
  private static NDArray replace(NDArray input, NDArray result) {
    input.close();
    return result;
  }

  private static FeatureMap map(NDArray x) {
    Shape s = x.getShape();
    return new FeatureMap(
        (int) s.get(0), (int) s.get(1), (int) s.get(2), (int) s.get(3), x.toFloatArray());
  }

  /** Native arrays that the net holds now. */
  int held() {
    return manager.getManagedArrays().size();
  }

  @Override
  public void close() {
    manager.close();
  }
}
