package io.scalekv.train;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.scalekv.tensor.TorchOps;
import io.scalekv.weights.Weights;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * AdamW with decoupled weight decay (Loshchilov and Hutter, ICLR 2019) and an exponential moving
 * average of the weights. Weight decay touches matrices only: vectors (biases, norms, temperatures)
 * are left alone.
 */
public final class AdamW implements AutoCloseable {
  /**
   * Hyperparameters of the update.
   *
   * @param beta1 decay of the first moment
   * @param beta2 decay of the second moment
   * @param weightDecay decoupled decay, multiplied by the learning rate
   * @param clip largest global gradient norm
   * @param emaDecay decay of the averaged weights, reached after a warm-up
   */
  public record Options(
      double beta1, double beta2, double weightDecay, double clip, double emaDecay) {}

  private static final double EPS = 1e-8;

  private final Options options;
  private final Weights weights;
  private final Weights first;
  private final Weights second;
  private final Weights average;

  /** Creates an optimiser with moments of zero and the weights themselves as their average. */
  AdamW(NDManager parent, Weights weights, Options options) {
    this.options = options;
    this.weights = weights;
    first = new Weights(parent);
    second = new Weights(parent);
    average = new Weights(parent);
    weights
        .arrays()
        .forEach(
            (name, array) -> {
              first.put(name, first.manager().zeros(array.getShape()));
              second.put(name, second.manager().zeros(array.getShape()));
              NDArray copy = array.duplicate();
              copy.setRequiresGradient(false);
              average.put(name, copy);
            });
  }

  /** Returns the averaged weights. */
  Weights average() {
    return average;
  }

  /**
   * Applies the gradients of the last backward pass.
   *
   * @param step number of this update, from 1
   * @param learningRate of this update
   * @return global norm of the gradients before clipping
   */
  double update(int step, double learningRate) {
    // its numbers are read one by one: on the host, where a read waits for no GPU
    try (NDManager scope = weights.manager().newSubManager();
        NDManager host = scope.newSubManager(Device.cpu())) {
      Map<String, NDArray> gradients = new LinkedHashMap<>();
      NDArray sum = scope.zeros(new Shape());
      for (Map.Entry<String, NDArray> e : weights.arrays().entrySet()) {
        NDArray g = e.getValue().getGradient();
        g.attach(scope);
        gradients.put(e.getKey(), g);
        sum = sum.add(TorchOps.call("square_sum", g));
      }
      double norm = Math.sqrt(sum.getFloat());
      if (!Double.isFinite(norm)) {
        throw new ArithmeticException("step " + step + ": gradient norm is " + norm);
      }
      double factor = norm > options.clip() ? options.clip() / norm : 1;
      double ema = Math.min(options.emaDecay(), (1 + step) / (10.0 + step));
      NDArray decayed = hyper(host, step, learningRate, options.weightDecay(), factor, 1 - ema);
      NDArray plain = hyper(host, step, learningRate, 0, factor, 1 - ema);
      for (Map.Entry<String, NDArray> e : weights.arrays().entrySet()) {
        String name = e.getKey();
        NDArray p = e.getValue();
        boolean matrix = p.getShape().dimension() == 2 || p.getShape().dimension() == 4;
        TorchOps.call(
                "adamw",
                gradients.get(name),
                p,
                first.get(name),
                second.get(name),
                average.get(name),
                matrix ? decayed : plain)
            .close();
      }
      return norm;
    }
  }

  private NDArray hyper(
      NDManager host, int step, double lr, double decay, double factor, double emaRate) {
    return host.create(
            new double[] {
              lr / (1 - Math.pow(options.beta1(), step)),
              1 - options.beta1(),
              options.beta2(),
              1 / Math.sqrt(1 - Math.pow(options.beta2(), step)),
              EPS,
              1 - lr * decay,
              factor,
              emaRate
            })
        .toType(DataType.FLOAT64, false);
  }

  /** Copies one entry of {@link #state} back; its shape must be that of the weight. */
  void set(String stateName, NDArray values) {
    String[] parts = stateName.split("\\.", 2);
    parts().get(parts[0]).set(parts[1], values);
  }

  /** Returns all state by name, {@code p., m., v., ema.} before the weight's own name. */
  Map<String, NDArray> state() {
    Map<String, NDArray> state = new LinkedHashMap<>();
    parts().forEach((part, of) -> of.arrays().forEach((n, a) -> state.put(part + "." + n, a)));
    return state;
  }

  private Map<String, Weights> parts() {
    Map<String, Weights> parts = new LinkedHashMap<>();
    parts.put("p", weights);
    parts.put("m", first);
    parts.put("v", second);
    parts.put("ema", average);
    return parts;
  }

  @Override
  public void close() {
    first.close();
    second.close();
    average.close();
  }
}
