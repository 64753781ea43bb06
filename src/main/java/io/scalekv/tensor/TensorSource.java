package io.scalekv.tensor;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.Map;
import java.util.Set;

/**
 * Named tensors on disk. Opening reads names and shapes; the values are read when asked for. What a
 * method returns is the caller's own and stays valid after the source is closed. All methods throw
 * {@link WeightsFileException} for an unknown name, a closed source or a file that cannot be read.
 * Reading from several threads is allowed.
 */
public interface TensorSource extends AutoCloseable {
  /** The names, in the order of the file. */
  Set<String> names();

  /** Type, shape and place of one tensor. */
  TensorInfo info(String name);

  /** Free text entries of the file; empty if it has none. */
  Map<String, String> metadata();

  /**
   * The tensor as an array of its manager's device, in memory of its own: F32, F16 and BF16 as
   * FLOAT32, F64 as FLOAT64, I64 as INT64, all smaller integers and BOOL as INT32. The array in
   * memory may have at most 2 GiB.
   */
  NDArray load(String name, NDManager manager);

  /** The values of an F32, F16 or BF16 tensor, row-major. */
  float[] floats(String name);

  /** The values of a tensor of any floating type, row-major. */
  double[] doubles(String name);

  /** The values of a tensor of any integer type or BOOL, row-major; all must fit an int. */
  int[] ints(String name);

  /** The values of a tensor of any integer type or BOOL, row-major. */
  long[] longs(String name);

  /** Closes the files. Closing twice does nothing. */
  @Override
  void close();
}
