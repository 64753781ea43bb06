package io.scalekv.tensor;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * Named parameters of a model in native memory, under the names of the published state dicts. Owns
 * its arrays: closing it frees them all.
 */
public final class Weights implements AutoCloseable {
  private final NDManager manager;
  private final Map<String, NDArray> arrays = new LinkedHashMap<>();

  /** Empty weights in a manager of their own below {@code parent}. */
  public Weights(NDManager parent) {
    this.manager = parent.newSubManager();
  }

  /** Every tensor of a source, under its name there. */
  public static Weights load(NDManager parent, TensorSource source) {
    Weights weights = new Weights(parent);
    source.names().forEach(name -> weights.put(name, source.load(name, weights.manager)));
    return weights;
  }

  /** The manager that owns the arrays. */
  public NDManager manager() {
    return manager;
  }

  /** Takes ownership of {@code array} under {@code name}; a name can be given once. */
  public void put(String name, NDArray array) {
    if (arrays.containsKey(name)) {
      throw new IllegalArgumentException("weights: " + name + " given twice");
    }
    array.attach(manager);
    arrays.put(name, array);
  }

  /**
   * Copies values into the array of that name.
   *
   * @param name of an array that is there
   * @param values of the same shape
   */
  public void set(String name, NDArray values) {
    NDArray array = get(name);
    if (!array.getShape().equals(values.getShape())) {
      throw new IllegalArgumentException(
          "weights: " + name + ": " + array.getShape() + " expected, got " + values.getShape());
    }
    TorchOps.call("assign", values, array).close();
  }

  /** The array of that name; an unknown name is an error that names it. */
  public NDArray get(String name) {
    NDArray array = arrays.get(name);
    if (array == null) {
      throw new IllegalArgumentException("weights: " + name + " is missing");
    }
    return array;
  }

  /** Whether there is an array of that name. */
  public boolean contains(String name) {
    return arrays.containsKey(name);
  }

  /** All names, in the order in which they were put. */
  public Set<String> names() {
    return Collections.unmodifiableSet(arrays.keySet());
  }

  /** All arrays by name, in the order in which they were put. */
  public Map<String, NDArray> arrays() {
    return Collections.unmodifiableMap(arrays);
  }

  /** Number of scalars in all arrays. */
  public long parameters() {
    return arrays.values().stream().mapToLong(NDArray::size).sum();
  }

  /** Adds normal random numbers times {@code std} of the given shape. */
  public void putNormal(String name, Shape shape, float std) {
    try (NDArray n = manager.randomNormal(0, std, shape, DataType.FLOAT32)) {
      put(name, n.duplicate());
    }
  }

  /** Adds a constant array of the given shape. */
  public void putFull(String name, Shape shape, float value) {
    put(name, manager.full(shape, value, DataType.FLOAT32));
  }

  @Override
  public void close() {
    manager.close();
    arrays.clear();
  }
}
