package io.scalekv.weights;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.scalekv.tensor.TorchOps;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.LongUnaryOperator;

/**
 * Source of named tensors on disk. Opening reads names and shapes; values are read on demand. The
 * returned arrays belong to the caller and stay valid after the source is closed. All methods throw
 * {@link WeightsFileException} for an unknown name, a closed source or a file that cannot be read.
 * Several threads may read at once.
 */
public interface TensorSource extends AutoCloseable {
  /** Most bytes of a chunk of a tensor. */
  int CHUNK = 1 << 18;

  /** Names of weight files in a folder, in the order of the search. */
  List<String> FOLDER_NAMES =
      List.of(
          "model.safetensors.index.json",
          "pytorch_model.bin.index.json",
          "model.safetensors",
          "pytorch_model.bin");

  /**
   * Opens weights in any supported form: a safetensors file, a file of {@code torch.save}, a GGUF
   * file, an index with its shards, or a folder with one of {@link #FOLDER_NAMES}. The first bytes
   * of a file decide its form, not its name. Of several state dicts in a file, the usual one is
   * read.
   *
   * @throws WeightsFileException if there is no readable file
   */
  static TensorSource open(Path path) {
    return WeightsForm.open(locate(path), StateDictChoice.USUAL);
  }

  /** Returns the file that {@link #open} reads: the path, or the first of the names in a folder. */
  static Path locate(Path path) {
    if (!Files.isDirectory(path)) {
      return path;
    }
    return FOLDER_NAMES.stream()
        .map(HubCache.resolve(path)::resolve)
        .filter(Files::isRegularFile)
        .findFirst()
        .orElseThrow(
            () ->
                WeightsFileException.in(
                    path,
                    "missing weights: put one of these here: " + String.join(", ", FOLDER_NAMES)));
  }

  /** Returns the files of the tensors: one, or all shards in the order of their index. */
  default List<Path> files() {
    return names().stream().map(n -> info(n).file()).distinct().toList();
  }

  /** Returns the names, in the order of the file. */
  Set<String> names();

  /** Reader of the bytes of one tensor. */
  @FunctionalInterface
  interface Bytes {
    /** Fills {@code target} from byte {@code position} of the tensor on. */
    void read(ByteBuffer target, long position);

    /** Passes the bytes on in little-endian chunks of whole elements. */
    default <E extends Exception> void each(long length, Chunks<E> chunks) throws E {
      ByteBuffer chunk = ByteBuffer.allocate((int) Math.min(CHUNK, length));
      chunk.order(ByteOrder.LITTLE_ENDIAN);
      for (long position = 0; position < length; position += CHUNK) {
        chunk.clear().limit((int) Math.min(CHUNK, length - position));
        read(chunk, position);
        chunks.accept(chunk.flip(), position);
      }
    }

    /**
     * Returns a reader of some of the rows.
     *
     * @param rowBytes bytes of a row
     * @param rowOf row of this reader for a row of the returned one
     */
    default Bytes rows(long rowBytes, LongUnaryOperator rowOf) {
      return (target, position) -> {
        int limit = target.limit();
        long at = position;
        while (target.position() < limit) {
          long within = at % rowBytes;
          int count = (int) Math.min(rowBytes - within, limit - target.position());
          target.limit(target.position() + count);
          read(target, rowOf.applyAsLong(at / rowBytes) * rowBytes + within);
          at += count;
        }
        target.limit(limit);
      };
    }
  }

  /** Receiver of the chunks of a tensor. */
  @FunctionalInterface
  interface Chunks<E extends Exception> {
    /** Takes the bytes from {@code position} of the tensor on. */
    void accept(ByteBuffer chunk, long position) throws E;
  }

  /** Returns a reader of the bytes of one tensor, little-endian and row-major. */
  Bytes bytes(String name);

  /** Returns type, shape and place of one tensor. */
  TensorInfo info(String name);

  /** Returns the free text entries of the file; empty if it has none. */
  Map<String, String> metadata();

  /**
   * Loads a tensor to the device of the manager, as a copy: F32, F16 and BF16 as FLOAT32, F64 as
   * FLOAT64, I64 as INT64, all smaller integers and BOOL as INT32. The array in memory may have at
   * most 2 GiB.
   */
  default NDArray load(String name, NDManager manager) {
    return TensorBytes.load(info(name), bytes(name), manager);
  }

  /**
   * Loads an F32, F16 or BF16 tensor as a bfloat16 array without a copy in a wider format: BF16 bit
   * by bit, the others rounded to nearest even. Only operations of {@link TorchOps} may use it.
   */
  default NDArray loadBf16(String name, NDManager manager) {
    return TensorBytes.loadBf16(info(name), bytes(name), manager);
  }

  /** Returns the values of an F32, F16 or BF16 tensor, row-major. */
  default float[] floats(String name) {
    return TensorBytes.floats(info(name), bytes(name));
  }

  /** Returns the values of a tensor of any floating type, row-major. */
  default double[] doubles(String name) {
    return TensorBytes.doubles(info(name), bytes(name));
  }

  /** Returns the values of a tensor of any integer type or BOOL, row-major; all must fit an int. */
  default int[] ints(String name) {
    return TensorBytes.ints(info(name), bytes(name));
  }

  /** Returns the values of a tensor of any integer type or BOOL, row-major. */
  default long[] longs(String name) {
    return TensorBytes.longs(info(name), bytes(name));
  }

  /** Closes the files. Closing twice does nothing. */
  @Override
  void close();
}
