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
 * of the map itself. Lives as long as the attention call.
 *
 * <p>Letters: R batch rows, H heads, T tokens of a head, S = ΣT over the heads, L tokens of the
 * map, D head width.
 */
public final class AttentionInputs {
  private final int rows;
  private final int width;
  private final NDArray currentKey;
  private final int[] counts;
  private final boolean even;
  private final HeldTokens keys;
  private final HeldTokens values;

  /**
   * @param counts tokens of each head, current map included [H]
   * @param keys [R,H,T,D] if all heads have the same number of tokens, else [R,S,D]
   * @param currentKey [R,H,L,D] of the current map
   */
  AttentionInputs(int[] counts, HeldTokens keys, HeldTokens values, NDArray currentKey) {
    this.counts = counts;
    this.even = isEven(counts);
    this.keys = keys;
    this.values = values;
    this.currentKey = currentKey;
    this.rows = (int) currentKey.getShape().get(0);
    this.width = (int) currentKey.getShape().get(3);
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

  /** Returns keys [R,H,T,D], float32; only if all heads have the same number of tokens. */
  public NDArray keys() {
    return whole(keys);
  }

  /** Returns values [R,H,T,D], float32; only if all heads have the same number of tokens. */
  public NDArray values() {
    return whole(values);
  }

  private NDArray whole(HeldTokens x) {
    if (!even) {
      throw new IllegalStateException(
          "heads must have the same number of tokens, got " + Arrays.toString(counts));
    }
    return x.fp32();
  }

  /** Returns keys and values of one head, views [R,1,T,D]. */
  SelectionInputs.Held ofHead(int head) {
    return new SelectionInputs.Held(
        counts[head], () -> ofHead(keys.fp32(), head), () -> ofHead(values.fp32(), head));
  }

  /** Returns keys and values of all heads; only if all have the same number of tokens. */
  SelectionInputs.Held ofAllHeads() {
    return new SelectionInputs.Held(counts[0], this::keys, this::values);
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
    return attend(query, keys.fp32(), values.fp32());
  }

  /**
   * Returns the same with queries, keys and values rounded to bfloat16; sums and softmax in
   * float32.
   *
   * @param query [R,H,L,D], float32
   * @return [R,H,L,D], bfloat16
   */
  NDArray attendBf16(NDArray query) {
    try (NDArray q = TorchOps.call("to_bf16", query)) {
      return attend(q, keys.bf16(), values.bf16());
    }
  }

  private NDArray attend(NDArray query, NDArray k, NDArray v) {
    if (even) {
      return TorchOps.call("sdpa_unit", query, k, v);
    }
    long[] n = Arrays.stream(counts).asLongStream().toArray();
    try (NDArray tokens = query.getManager().create(n, new Shape(n.length))) {
      return TorchOps.call("sdpa_ragged", query, k, v, tokens);
    }
  }

  /** Returns the retained tokens alone. */
  AttentionInputs only(RetainedTokens retained) {
    int[] left = IntStream.range(0, heads()).map(retained::tokens).toArray();
    try (NDArray index = flatIndex(retained)) {
      return new AttentionInputs(
          left,
          HeldTokens.of(
              shaped(TorchOps.call("rows_at", flat(keys.fp32()), index), rows, left, width)),
          HeldTokens.of(
              shaped(TorchOps.call("rows_at", flat(values.fp32()), index), rows, left, width)),
          currentKey);
    }
  }

  /** Reshapes [R·S,D] to [R,H,T,D] if heads have the same number of tokens, else to [R,S,D]. */
  static NDArray shaped(NDArray flat, int rows, int[] counts, int width) {
    return isEven(counts)
        ? flat.reshape(rows, counts.length, counts[0], width)
        : flat.reshape(rows, Arrays.stream(counts).sum(), width);
  }

  /** Returns keys as rows [R·S,D], bfloat16 for a store of bfloat16, else float32. */
  NDArray flatKeys(CacheType store) {
    return flat(store == CacheType.BF16 ? keys.bf16() : keys.fp32());
  }

  /** Returns values in the same form. */
  NDArray flatValues(CacheType store) {
    return flat(store == CacheType.BF16 ? values.bf16() : values.fp32());
  }

  private NDArray flat(NDArray x) {
    return x.reshape(-1, width);
  }

  /** Returns the retained ones of the rows [R·S,D], row by row and head by head. */
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
    NDManager manager = currentKey.getManager();
    return NativeCopy.of(manager, index, new Shape(index.length));
  }

  NDArray currentKey() {
    return currentKey;
  }

  /** Returns bytes of the working copies that this call makes in float32. */
  long copiedBytes() {
    int parts = (keys.copied() ? 1 : 0) + (values.copied() ? 1 : 0);
    return (long) parts * rows * Arrays.stream(counts).sum() * width * Float.BYTES;
  }

  /** Frees the arrays before their scope ends. */
  void free() {
    keys.free();
    values.free();
  }
}
