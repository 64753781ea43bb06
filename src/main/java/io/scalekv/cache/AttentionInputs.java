package io.scalekv.cache;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import io.scalekv.tensor.NativeCopy;
import io.scalekv.tensor.TorchOps;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Keys and values that the queries of one map attend in one layer: those of the cache, then those
 * of the map itself, as float32. Lives as long as the attention call.
 *
 * <p>Letters: R batch rows, H heads, T tokens of a head, S = ΣT over the heads, L tokens of the
 * map, D head width.
 */
public final class AttentionInputs {
  private final int rows;
  private final int width;
  private final NDArray currentKey;
  private final boolean copies;
  private final int[] counts;
  private final boolean even;
  private final NDArray keys;
  private final NDArray values;

  /**
   * @param counts tokens of each head, current map included [H]
   * @param keys [R,H,T,D] if all heads have the same number of tokens, else [R,S,D]
   * @param currentKey [R,H,L,D] of the current map
   * @param copies whether keys and values are copies, not views of the cache
   */
  AttentionInputs(int[] counts, NDArray keys, NDArray values, NDArray currentKey, boolean copies) {
    this.copies = copies;
    this.counts = counts;
    this.even = isEven(counts);
    this.keys = keys;
    this.values = values;
    this.currentKey = currentKey;
    this.rows = (int) keys.getShape().get(0);
    this.width = (int) keys.getShape().get(even ? 3 : 2);
  }

  static boolean isEven(int[] counts) {
    return Arrays.stream(counts).allMatch(c -> c == counts[0]);
  }

  /** Batch rows R. */
  public int rows() {
    return rows;
  }

  /** Returns the number of heads H. */
  public int heads() {
    return counts.length;
  }

  /** Returns tokens of the current map, L, the last ones of every head. */
  public int current() {
    return (int) currentKey.getShape().get(2);
  }

  /** Returns tokens of a head, current map included. */
  public int tokens(int head) {
    return counts[head];
  }

  /** Returns whether all heads have the same number of tokens. */
  public boolean even() {
    return even;
  }

  /** Returns tokens of each head, current map included [H]. */
  int[] counts() {
    return counts.clone();
  }

  /** Returns keys [R,H,T,D]; only if all heads have the same number of tokens. */
  public NDArray keys() {
    return whole(keys);
  }

  /** Returns values [R,H,T,D]; only if all heads have the same number of tokens. */
  public NDArray values() {
    return whole(values);
  }

  private NDArray whole(NDArray x) {
    if (!even) {
      throw new IllegalStateException(
          "heads must have the same number of tokens, got " + Arrays.toString(counts));
    }
    return x;
  }

  /** Returns keys of one head, a view [R,1,T,D]. */
  NDArray keys(int head) {
    return ofHead(keys, head);
  }

  /** Returns values of one head, a view [R,1,T,D]. */
  NDArray values(int head) {
    return ofHead(values, head);
  }

  private NDArray ofHead(NDArray x, int head) {
    if (even) {
      return x.get(new NDIndex(":,{}:{}", head, head + 1));
    }
    int start = start(head);
    return x.get(new NDIndex(":,{}:{}", start, start + counts[head])).expandDims(1);
  }

  private int start(int head) {
    return IntStream.range(0, head).map(h -> counts[h]).sum();
  }

  /**
   * Returns softmax attention with scale 1 over all tokens.
   *
   * @param query [R,H,L,D]
   * @return [R,H,L,D]
   */
  public NDArray attend(NDArray query) {
    if (even) {
      return TorchOps.call("sdpa_unit", query, keys, values);
    }
    long[] n = Arrays.stream(counts).asLongStream().toArray();
    try (NDArray tokens = query.getManager().create(n, new Shape(n.length))) {
      return TorchOps.call("sdpa_ragged", query, keys, values, tokens);
    }
  }

  /**
   * Returns the same with queries, keys and values rounded to bfloat16; sums and softmax in
   * float32.
   *
   * @param query [R,H,L,D], float32
   * @return [R,H,L,D], bfloat16
   */
  NDArray attendBf16(NDArray query) {
    AttentionInputs half =
        new AttentionInputs(
            counts,
            TorchOps.call("to_bf16", keys),
            TorchOps.call("to_bf16", values),
            currentKey,
            true);
    try (NDArray q = TorchOps.call("to_bf16", query)) {
      NDArray out = half.attend(q);
      half.free();
      return out;
    }
  }

  /** Returns the retained tokens alone. */
  AttentionInputs only(RetainedTokens retained) {
    int[] left = IntStream.range(0, heads()).map(retained::tokens).toArray();
    try (NDArray index = flatIndex(retained)) {
      return new AttentionInputs(
          left,
          shaped(TorchOps.call("rows_at", flat(keys), index), rows, left, width),
          shaped(TorchOps.call("rows_at", flat(values), index), rows, left, width),
          currentKey,
          true);
    }
  }

  /** Reshapes [R·S,D] to [R,H,T,D] if heads have the same number of tokens, else to [R,S,D]. */
  static NDArray shaped(NDArray flat, int rows, int[] counts, int width) {
    return isEven(counts)
        ? flat.reshape(rows, counts.length, counts[0], width)
        : flat.reshape(rows, Arrays.stream(counts).sum(), width);
  }

  NDArray flatKeys() {
    return flat(keys);
  }

  NDArray flatValues() {
    return flat(values);
  }

  private NDArray flat(NDArray x) {
    return x.reshape(-1, width);
  }

  /** Returns the retained rows of {@link #flatKeys}, row by row and head by head. */
  NDArray flatIndex(RetainedTokens retained) {
    int perRow = Arrays.stream(counts).sum();
    int stay = IntStream.range(0, heads()).map(retained::tokens).sum();
    long[] index = new long[rows * stay];
    int at = 0;
    for (int r = 0; r < rows; r++) {
      int start = r * perRow;
      for (int h = 0; h < counts.length; h++) {
        for (int i : retained.of(r, h)) {
          index[at++] = (long) start + i;
        }
        start += counts[h];
      }
    }
    NDManager manager = keys.getManager();
    return NativeCopy.of(manager, index, new Shape(index.length));
  }

  NDArray currentKey() {
    return currentKey;
  }

  /** Returns bytes of the working copies of this call. */
  long copiedBytes() {
    return copies ? (keys.size() + values.size()) * Float.BYTES : 0;
  }

  /** Frees the arrays before their scope ends. */
  void free() {
    keys.close();
    values.close();
  }
}
