package io.scalekv.weights;

import static io.scalekv.weights.WeightsFileException.atMost;
import static io.scalekv.weights.WeightsFileException.oneLine;
import static io.scalekv.weights.WeightsFileException.require;
import static io.scalekv.weights.WeightsFileException.tensor;

import io.scalekv.weights.StateDictPickle.RawTensor;
import io.scalekv.weights.TensorSource.Bytes;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * View of a storage in a file of {@code torch.save}: checked against its storage, and read as
 * little-endian bytes, row-major. A contiguous view is read straight from the file; others pass
 * through memory outside the Java heap.
 *
 * @param first first byte of the view in its storage
 * @param stride elements from one index to the next, by dimension
 * @param swapped whether the file has the highest byte of an element first
 * @param negated whether the values are those of the storage with the other sign
 */
record StorageView(
    TensorInfo info,
    ZipDirectory.Entry entry,
    long first,
    long[] stride,
    boolean swapped,
    boolean negated) {
  /** Most elements of a view that repeats elements of its storage. */
  private static final long MOST_REPEATED = 1 << 20;

  /**
   * Checks a tensor against its storage.
   *
   * @throws WeightsFileException if the storage is missing or of another size, or the tensor is not
   *     inside it
   */
  static StorageView of(Path file, TorchFile torch, String name, RawTensor raw) {
    StoredType type = raw.type().stored();
    String what = tensor(name);
    StateDictPickle.Storage storage = raw.storage();
    ZipDirectory.Entry entry = torch.storages().get(storage.key());
    require(entry != null, file, "storage of " + what, "in the file", oneLine(storage.key()));
    long stored = storage.elements();
    int width = storage.type().width();
    require(
        stored >= 0 && stored <= entry.size() && stored * width == entry.size(),
        file,
        "storage " + entry.name() + " of " + what,
        entry.size() + " bytes of " + storage.type().name() + ", the size of its entry",
        stored + " elements");
    boolean whole = entry.size() % type.width() == 0;
    require(whole, file, "storage of " + what, "whole elements of " + type, entry.size());
    stored = entry.size() / type.width();
    String got =
        Arrays.toString(raw.shape())
            + " stride "
            + Arrays.toString(raw.stride())
            + " from "
            + raw.offset();
    try {
      long elements = 1;
      long last = raw.offset();
      boolean negative = raw.offset() < 0;
      boolean empty = false;
      for (int d = 0; d < raw.shape().length; d++) {
        negative |= raw.shape()[d] < 0 || raw.stride()[d] < 0;
        empty |= raw.shape()[d] == 0;
      }
      for (int d = 0; d < raw.shape().length && !empty && !negative; d++) {
        elements = Math.multiplyExact(elements, raw.shape()[d]);
        last = Math.addExact(last, Math.multiplyExact(raw.shape()[d] - 1, raw.stride()[d]));
      }
      boolean inside = !negative && (empty ? last <= stored : last < stored);
      require(inside, file, what, "inside its " + stored + " stored elements", got);
      long most = Math.max(stored, MOST_REPEATED);
      require(empty || elements <= most, file, what, "at most " + most + " elements", got);
      long bytes = empty ? 0 : Math.multiplyExact(elements, (long) type.width());
      long first = raw.offset() * type.width();
      long offset = entry.offset() + first;
      TensorInfo info = new TensorInfo(name, type, type.name(), raw.shape(), bytes, offset, file);
      boolean swapped = torch.bigEndian() && type.width() > 1;
      return new StorageView(info, entry, first, raw.stride(), swapped, raw.negated());
    } catch (ArithmeticException e) {
      throw WeightsFileException.in(file, what, "less than 2^63 bytes", got);
    }
  }

  /** Returns a reader of the bytes. */
  Bytes open(FileChannel channel) throws IOException {
    Bytes plain = plain(channel);
    if (!swapped && !negated) {
      return plain;
    }
    return (target, position) -> {
      int start = target.position();
      plain.read(target, position);
      int width = info.type().width();
      for (int at = start; at < target.position(); at += width) {
        if (swapped) {
          swap(target, at, width);
        }
        if (negated) {
          target.put(at + width - 1, (byte) (target.get(at + width - 1) ^ 0x80));
        }
      }
    };
  }

  private static void swap(ByteBuffer target, int at, int width) {
    for (int i = 0; i < width / 2; i++) {
      byte low = target.get(at + i);
      target.put(at + i, target.get(at + width - 1 - i));
      target.put(at + width - 1 - i, low);
    }
  }

  private Bytes plain(FileChannel channel) throws IOException {
    boolean direct = info.byteLength() == 0 || contiguous();
    if (direct && !entry.deflated()) {
      return Channels.bytes(info, channel, info.offset());
    }
    ByteBuffer span = span(channel);
    return direct
        ? (target, position) ->
            target.put(span.slice(Math.toIntExact(position), target.remaining()))
        : (target, position) -> gather(span, target, position);
  }

  private boolean contiguous() {
    long expected = 1;
    long[] shape = info.shape();
    for (int d = shape.length - 1; d >= 0; d--) {
      if (shape[d] != 1 && stride[d] != expected) {
        return false;
      }
      expected *= shape[d];
    }
    return true;
  }

  /** Returns the bytes from the first to the last element. */
  private ByteBuffer span(FileChannel channel) throws IOException {
    long last = 0;
    long[] shape = info.shape();
    for (int d = 0; d < shape.length; d++) {
      last += (shape[d] - 1) * stride[d];
    }
    long bytes = info.byteLength() == 0 ? 0 : (last + 1) * info.type().width();
    atMost(Integer.MAX_VALUE, info.file(), "bytes from end to end of " + info, bytes);
    if (entry.deflated()) {
      atMost(Integer.MAX_VALUE, info.file(), "bytes of deflated " + info, entry.size());
      return entry.read(info.file(), channel).slice((int) first, (int) bytes);
    }
    ByteBuffer span = ByteBuffer.allocateDirect((int) bytes);
    Channels.readFully(info.file(), channel, span, info.offset());
    return span.flip();
  }

  /** Fills {@code target} with the elements from byte {@code position} on, row-major. */
  private void gather(ByteBuffer span, ByteBuffer target, long position) {
    int width = info.type().width();
    long[] shape = info.shape();
    long[] index = info.index(position / width);
    long element = 0;
    for (int d = 0; d < shape.length; d++) {
      element += index[d] * stride[d];
    }
    while (target.hasRemaining()) {
      int at = (int) (element * width);
      for (int i = 0; i < width; i++) {
        target.put(span.get(at + i));
      }
      for (int d = shape.length - 1; d >= 0; d--) {
        element += stride[d];
        if (++index[d] < shape[d]) {
          break;
        }
        element -= shape[d] * stride[d];
        index[d] = 0;
      }
    }
  }
}
