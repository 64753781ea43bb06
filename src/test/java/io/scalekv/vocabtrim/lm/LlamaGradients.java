package io.scalekv.vocabtrim.lm;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import io.scalekv.tensor.NativeCopy;
import io.scalekv.tensor.TorchOps;
import java.util.Arrays;

/** Gradients of the cross-entropy of one sequence, by autograd and by finite differences. */
final class LlamaGradients {
  private LlamaGradients() {}

  private static NDArray loss(NDManager scope, LlamaNet net, RotaryTable table, int[] tokens) {
    long[] t = Arrays.stream(tokens).asLongStream().toArray();
    int n = t.length / 2 - 1;
    long[] in = new long[2 * n];
    long[] out = new long[2 * n];
    for (int b = 0; b < 2; b++) {
      System.arraycopy(t, b * (n + 1), in, b * n, n);
      System.arraycopy(t, b * (n + 1) + 1, out, b * n, n);
    }
    NDArray x = net.logits(NativeCopy.of(scope, in, new Shape(2, n)), table);
    return TorchOps.call(
        "cross_entropy",
        x.reshape(-1, net.config().vocabulary()),
        NativeCopy.of(scope, out, new Shape(2L * n)));
  }

  /** Leaves the gradients in the weights and gives the loss. */
  static double backward(NDManager manager, LlamaNet net, RotaryTable table, int[] tokens) {
    try (NDManager scope = manager.newSubManager();
        GradientCollector collector = Engine.getInstance().newGradientCollector()) {
      NDArray loss = loss(scope, net, table, tokens);
      collector.backward(loss);
      return loss.getFloat();
    }
  }

  /** Change of the loss along the gradient of one weight, by the change that it promises. */
  static double finiteDifference(
      NDManager manager, LlamaNet net, RotaryTable table, int[] tokens, NDArray w) {
    try (NDManager scope = manager.newSubManager()) {
      float[] g;
      try (NDArray gradient = w.getGradient()) {
        g = gradient.toFloatArray();
      }
      double square = 0;
      for (float v : g) {
        square += v * v;
      }
      float[] old = w.toFloatArray();
      // a step that moves the loss by 0.01 either way
      double step = 0.01 / square;
      double limit = 0.05 / Math.sqrt(square);
      step = Math.min(step, limit);
      double up = at(scope, net, table, tokens, w, old, g, step);
      double down = at(scope, net, table, tokens, w, old, g, -step);
      set(scope, w, old);
      return (up - down) / (2 * step * square);
    }
  }

  private static double at(
      NDManager scope,
      LlamaNet net,
      RotaryTable table,
      int[] tokens,
      NDArray w,
      float[] old,
      float[] g,
      double step) {
    float[] moved = new float[old.length];
    for (int i = 0; i < moved.length; i++) {
      moved[i] = (float) (old[i] + step * g[i]);
    }
    set(scope, w, moved);
    return loss(scope, net, table, tokens).getFloat();
  }

  private static void set(NDManager scope, NDArray w, float[] values) {
    TorchOps.call("assign", NativeCopy.of(scope, values, w.getShape()), w).close();
  }
}
