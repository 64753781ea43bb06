package io.scalekv.cache;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.scalekv.tensor.NativeCopy;
import io.scalekv.tensor.TorchOps;

/**
 * Stored keys, or values, of one layer: N rows of D numbers, one row per batch row, head and token,
 * in their number format.
 */
final class TokenStore implements AutoCloseable {
  private final NDManager manager;
  private final CacheType type;
  private final boolean perChannel;
  private final NDList channelScales = new NDList();
  private NDArray data;
  private NDArray tokenScales;

  /**
   * @param perChannel whether bytes share a scale per channel and map (keys) or per token (values)
   */
  TokenStore(NDManager manager, CacheType type, boolean perChannel) {
    this.manager = manager;
    this.type = type;
    this.perChannel = perChannel;
  }

  CacheType type() {
    return type;
  }

  boolean isEmpty() {
    return data == null;
  }

  /** Allocated bytes, quantisation scales included. */
  long bytes() {
    long bytes = data == null ? 0 : data.size() * type.bytes();
    if (tokenScales != null) {
      bytes += tokenScales.size() * Float.BYTES;
    }
    for (NDArray s : channelScales) {
      bytes += s.size() * Float.BYTES;
    }
    return bytes;
  }

  /** Allocates [R,H,T,D] with undefined values; float types only. */
  void reserve(Shape shape) {
    try (NDArray sizes = manager.create(shape.getShape())) {
      data = TorchOps.call("empty_" + type, sizes);
    }
  }

  /** Returns the stored array. */
  NDArray data() {
    return data;
  }

  /**
   * Returns all rows [N,D]: the stored array itself, bytes as float32.
   *
   * @param scaleRow for keys in bytes, the row among all channel scales of each stored row
   */
  NDArray read(NDManager scope, long[] scaleRow) {
    if (type != CacheType.INT8) {
      return data;
    }
    NDArray out;
    if (perChannel) {
      try (NDArray rows = NativeCopy.of(scope, scaleRow, new Shape(scaleRow.length));
          NDArray all = NDArrays.concat(channelScales, 0)) {
        out = TorchOps.call("from_int8_channels", data, all, rows);
      }
    } else {
      out = TorchOps.call("from_int8", data, tokenScales);
    }
    out.attach(scope);
    return out;
  }

  /**
   * Adds the quantisation scales of a new map to 8-bit keys.
   *
   * @param current [R,H,L,D]
   */
  void addMap(NDArray current) {
    if (type == CacheType.INT8 && perChannel) {
      NDArray scales = TorchOps.call("channel_scales", current);
      scales.attach(manager);
      channelScales.add(scales);
    }
  }

  /**
   * Stores exactly these rows.
   *
   * @param rows [N,D], bfloat16 for a store of bfloat16, else float32; owned from now on unless
   *     they become bytes
   */
  void replace(NDArray rows, long[] scaleRow) {
    freeData();
    switch (type) {
      case FP32, BF16 -> data = rows;
      default -> {
        if (perChannel) {
          try (NDArray index = NativeCopy.of(manager, scaleRow, new Shape(scaleRow.length));
              NDArray all = NDArrays.concat(channelScales, 0)) {
            data = TorchOps.call("to_int8_channels", rows, all, index);
          }
        } else {
          tokenScales = TorchOps.call("token_scales", rows);
          tokenScales.attach(manager);
          data = TorchOps.call("to_int8", rows, tokenScales);
        }
      }
    }
    data.attach(manager);
  }

  /** Frees the rows; the quantisation scales of the maps remain. */
  void freeData() {
    if (data != null) {
      data.close();
      data = null;
    }
    if (tokenScales != null) {
      tokenScales.close();
      tokenScales = null;
    }
  }

  @Override
  public void close() {
    freeData();
    channelScales.close();
  }
}
