package io.scalekv.weights;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.scalekv.tensor.TorchOps;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Named tensors on disk. Opening reads names and shapes; the values are read when asked for. What a
 * method returns is the caller's own and stays valid after the source is closed. All methods throw
 * {@link WeightsFileException} for an unknown name, a closed source or a file that cannot be read.
 * Reading from several threads is allowed.
 */
public interface TensorSource extends AutoCloseable {
  /** Names that a folder of weights is looked into for, in this order. */
  List<String> FOLDER_NAMES =
      List.of(
          "model.safetensors.index.json",
          "pytorch_model.bin.index.json",
          "model.safetensors",
          "pytorch_model.bin");

  /**
   * Opens weights in any form that can be read: a safetensors file, an archive of {@code
   * torch.save}, an index with its shards, or a folder with one of {@link #FOLDER_NAMES}. A file's
   * form is told by its first bytes, not by its name.
   *
   * @throws WeightsFileException if there is nothing that can be read
   */
  static TensorSource open(Path path) {
    Path file = locate(path);
    return WeightsForm.of(file) == WeightsForm.INDEX ? ShardedWeights.open(file) : openFile(file);
  }

  /** The file that {@link #open} reads: the path itself, or the first of the names in a folder. */
  static Path locate(Path path) {
    if (!Files.isDirectory(path)) {
      return path;
    }
    return FOLDER_NAMES.stream()
        .map(path::resolve)
        .filter(Files::isRegularFile)
        .findFirst()
        .orElseThrow(
            () ->
                WeightsFileException.in(
                    path, "weights", "one of " + String.join(", ", FOLDER_NAMES), "none of them"));
  }

  /** The files that hold the tensors: one, or all shards in the order of their index. */
  default List<Path> files() {
    return names().stream().map(n -> info(n).file()).distinct().toList();
  }

  /**
   * Opens a single safetensors file or archive of {@code torch.save}, by its first bytes.
   *
   * @throws WeightsFileException if it is neither
   */
  static TensorSource openFile(Path file) {
    return switch (WeightsForm.of(file)) {
      case SAFETENSORS -> SafetensorsFile.open(file);
      case TORCH_ARCHIVE -> PthFile.open(file);
      case INDEX ->
          throw WeightsFileException.in(file, "weights", "a file of tensors", "a JSON text");
    };
  }

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

  /**
   * An F32, F16 or BF16 tensor as a bfloat16 array, in memory of its own, without ever being there
   * in a wider format: BF16 bit by bit, the others rounded to nearest even. Of the engine's own
   * operations only those that {@link TorchOps} calls may touch it.
   */
  NDArray loadBf16(String name, NDManager manager);

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
