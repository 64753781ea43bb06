package io.scalekv.cache;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;

/**
 * Keys and values of one layer, preallocated for a known number of tokens and filled map by map.
 *
 * <p>Letters: B batch rows, H heads, T tokens held, D head width.
 */
public final class KvCache implements AutoCloseable {
  private final NDManager manager;
  private final int capacity;
  private NDArray keys;
  private NDArray values;
  private int tokens;

  /**
   * An empty cache for at most {@code capacity} tokens a head; memory is taken at the first write.
   */
  public KvCache(NDManager parent, int capacity) {
    this.manager = parent.newSubManager();
    this.capacity = capacity;
  }

  /** Tokens held, T. */
  public int tokens() {
    return tokens;
  }

  /** Bytes taken for keys and values. */
  public long bytes() {
    return keys == null ? 0 : 2 * keys.size() * Float.BYTES;
  }

  /**
   * Adds the tokens of one map.
   *
   * @param key [B,H,L,D], copied
   * @param value [B,H,L,D], copied
   */
  public void append(NDArray key, NDArray value) {
    Shape s = key.getShape();
    if (!s.equals(value.getShape())) {
      throw new IllegalArgumentException("kv cache: keys " + s + " but values " + value.getShape());
    }
    Shape held = keys == null ? s : keys.getShape();
    if (s.dimension() != 4
        || s.get(0) != held.get(0)
        || s.get(1) != held.get(1)
        || s.get(3) != held.get(3)) {
      throw new IllegalArgumentException(
          "kv cache: "
              + (keys == null ? "[B,H,L,D]" : held + " but for the tokens")
              + " expected, got "
              + s);
    }
    int added = (int) s.get(2);
    if (tokens + added > capacity) {
      throw new IllegalArgumentException(
          "kv cache: at most " + capacity + " tokens expected, got " + (tokens + added));
    }
    if (keys == null) {
      Shape full = new Shape(s.get(0), s.get(1), capacity, s.get(3));
      keys = manager.zeros(full, DataType.FLOAT32);
      values = manager.zeros(full, DataType.FLOAT32);
    }
    NDIndex where = new NDIndex(":,:,{}:{}", tokens, tokens + added);
    keys.set(where, key);
    values.set(where, value);
    tokens += added;
  }

  /** The keys held, a view [B,H,T,D] that belongs to {@code scope}. */
  public NDArray keys(NDManager scope) {
    return view(keys, scope);
  }

  /** The values held, a view [B,H,T,D] that belongs to {@code scope}. */
  public NDArray values(NDManager scope) {
    return view(values, scope);
  }

  private NDArray view(NDArray all, NDManager scope) {
    if (all == null) {
      throw new IllegalStateException("kv cache: at least one map expected, got none yet");
    }
    NDArray view = all.get(new NDIndex(":,:,0:{}", tokens));
    view.attach(scope);
    return view;
  }

  @Override
  public void close() {
    manager.close();
  }
}
