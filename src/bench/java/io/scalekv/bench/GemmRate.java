package io.scalekv.bench;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.scalekv.tensor.TorchOps;

/**
 * How fast this process multiplies square matrices: the limit that a model made of matrix products
 * is read against. 2 n³ operations a product of n×n matrices.
 */
public final class GemmRate implements AutoCloseable {
  private final int side;
  private final long leastNanos;
  private final NDManager manager;
  private final NDArray x;
  private final NDArray y;
  private final NDArray halfX;
  private final NDArray halfY;

  /**
   * Random matrices.
   *
   * @param side n
   * @param leastSeconds a sample repeats the product at least so long
   */
  public GemmRate(int side, double leastSeconds) {
    this.side = side;
    this.leastNanos = Math.round(leastSeconds * 1e9);
    manager = NDManager.newBaseManager("PyTorch");
    Shape shape = new Shape(side, side);
    x = manager.randomNormal(0, 1, shape, DataType.FLOAT32);
    y = manager.randomNormal(0, 1, shape, DataType.FLOAT32);
    halfX = TorchOps.call("to_bf16", x);
    halfY = TorchOps.call("to_bf16", y);
  }

  /** One sample of float32 products, in 10⁹ operations a second. */
  public double fp32() {
    return sample(x, y);
  }

  /** One sample of bfloat16 products, in 10⁹ operations a second. */
  public double bf16() {
    return sample(halfX, halfY);
  }

  private double sample(NDArray a, NDArray b) {
    TorchOps.call("product", a, b).close();
    long begun = System.nanoTime();
    long nanos = 0;
    int products = 0;
    while (products == 0 || nanos < leastNanos) {
      TorchOps.call("product", a, b).close();
      products++;
      nanos = System.nanoTime() - begun;
    }
    return products * 2.0 * side * side * side / nanos;
  }

  @Override
  public void close() {
    manager.close();
  }
}
