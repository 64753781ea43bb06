package io.scalekv.weights;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.scalekv.io.Require;
import io.scalekv.tensor.PackedWeight;
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

  /** Creates empty weights in a new manager below {@code parent}. */
  public Weights(NDManager parent) {
    this(parent, name -> false);
  }

  private Weights(NDManager parent, Predicate<String> halved) {
    this.manager = parent.newSubManager();
    this.halved = halved;
  }

  /** Returns empty weights that hold the arrays of some names as bfloat16. */
  public static Weights halving(NDManager parent, Predicate<String> names) {
    return new Weights(parent, names);
  }

  /** Loads all tensors of a source under their names. */
  public static Weights load(NDManager parent, TensorSource source) {
    Weights weights = new Weights(parent);
    source.names().forEach(name -> weights.read(name, source, name));
    return weights;
  }

  /**
   * Reads one tensor; a bfloat16 one is never in memory in another format.
   *
   * @param name new name
   * @param there name in the source
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

  /** Returns the manager that owns the arrays. */
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
   * @param name of an existing array
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

  /**
   * Puts a weight into the layout of matrix products ({@link PackedWeight}) and frees the plain
   * numbers.
   */
  public void pack(String name) {
    NDArray plain = get(name);
    NDArray packed = PackedWeight.of(plain);
    packed.attach(manager);
    arrays.put(name, packed);
    plain.close();
  }

  /** Returns the array of a name; throws if the name is unknown. */
  public NDArray get(String name) {
    NDArray array = arrays.get(name);
    Require.that(array != null, "missing weight %s", name);
    return array;
  }

  /** Returns whether the name is known. */
  public boolean contains(String name) {
    return arrays.containsKey(name);
  }

  /** Returns all names, in the order of insertion. */
  public Set<String> names() {
    return Collections.unmodifiableSet(arrays.keySet());
  }

  /** Returns all arrays by name, in the order of insertion. */
  public Map<String, NDArray> arrays() {
    return Collections.unmodifiableMap(arrays);
  }

  /** Returns the number of scalars in all arrays. */
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
   * Returns a buffer for float32 numbers before they are rounded. The engine fills arrays in runs
   * of {@value #RUN} numbers, so parts of whole runs equal those of one large array. One buffer for
   * all weights avoids memory fragmentation.
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
