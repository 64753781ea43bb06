package io.scalekv.weights;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.scalekv.io.Require;
import io.scalekv.tensor.TorchOps;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Named parameters of a model in native memory, under the names of the published state dicts. Owns
 * its arrays: closing it frees them all.
 */
public final class Weights implements AutoCloseable {
  private static final int RUN = 16;
  private static final int PART = 1 << 20;

  private final NDManager manager;
  private final Predicate<String> halved;
  private final Map<String, NDArray> arrays = new LinkedHashMap<>();
  private NDArray buffer;

  /** Empty weights in a manager of their own below {@code parent}. */
  public Weights(NDManager parent) {
    this(parent, name -> false);
  }

  private Weights(NDManager parent, Predicate<String> halved) {
    this.manager = parent.newSubManager();
    this.halved = halved;
  }

  /**
   * Empty weights that hold the arrays of some names as bfloat16, whatever float type they are
   * given or read in.
   */
  public static Weights halving(NDManager parent, Predicate<String> names) {
    return new Weights(parent, names);
  }

  /** Every tensor of a source, under its name there. */
  public static Weights load(NDManager parent, TensorSource source) {
    Weights weights = new Weights(parent);
    source.names().forEach(name -> weights.read(name, source, name));
    return weights;
  }

  /**
   * Reads one tensor; what is held as bfloat16 is never there in another format.
   *
   * @param name under which it is put
   * @param source where it is read
   * @param there its name there
   * @throws WeightsFileException if a number of it is NaN or infinite
   */
  public void read(String name, TensorSource source, String there) {
    NDArray array =
        halved.test(name) ? source.loadBf16(there, manager) : source.load(there, manager);
    try {
      FiniteCheck.check(source.info(there), array, halved.test(name));
    } catch (RuntimeException | Error e) {
      array.close();
      throw e;
    }
    putAsIs(name, array);
  }

  /** The manager that owns the arrays. */
  public NDManager manager() {
    return manager;
  }

  /** Takes ownership of {@code array} under {@code name}; a name can be given once. */
  public void put(String name, NDArray array) {
    if (halved.test(name)) {
      NDArray half = TorchOps.call("to_bf16", array);
      array.close();
      putAsIs(name, half);
    } else {
      putAsIs(name, array);
    }
  }

  private void putAsIs(String name, NDArray array) {
    Require.that(!arrays.containsKey(name), "weight %s must be new, got it twice", name);
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
    Require.that(
        array.getShape().equals(values.getShape()),
        "shape of weight %s must be %s, got %s",
        name,
        array.getShape(),
        values.getShape());
    TorchOps.call("assign", values, array).close();
  }

  /** The array of that name; an unknown name is an error that names it. */
  public NDArray get(String name) {
    NDArray array = arrays.get(name);
    Require.that(array != null, "missing weight %s", name);
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
    boolean half = halved.test(name);
    NDArray array = half ? TensorBytes.emptyBf16(manager, shape) : manager.create(shape);
    try (NDArray flat = array.reshape(-1);
        NDArray deviation = manager.create(std)) {
      TorchOps.call("fill_normal", flat, half ? buffer(shape.size()) : flat, deviation).close();
    }
    putAsIs(name, array);
  }

  /**
   * Where float32 numbers are drawn before they are rounded. The engine fills arrays in runs of
   * {@value #RUN} numbers, so parts of whole runs are the numbers of the whole. One buffer serves
   * all weights: a new one for each would leave holes between them.
   */
  private NDArray buffer(long size) {
    if (size % RUN != 0) {
      return manager.create(new Shape(size));
    }
    if (buffer == null) {
      buffer = manager.create(new Shape(PART));
    }
    return buffer;
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
