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
 * What the queries of one map meet in one layer: the tokens in the cache and behind them those of
 * the map itself, as float32. Lives as long as the attention call.
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
   * @param keys [R,H,T,D] where all heads hold equally many, else [R,S,D]
   * @param currentKey [R,H,L,D] of the current map
   * @param copies whether keys and values are copies, not views of the cache's memory
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

  /** Number of heads H. */
  public int heads() {
    return counts.length;
  }

  /** Tokens of the current map, L; they come last in every head. */
  public int current() {
    return (int) currentKey.getShape().get(2);
  }

  /** Tokens of a head, current map included. */
  public int tokens(int head) {
    return counts[head];
  }

  /** Whether all heads hold equally many. */
  public boolean even() {
    return even;
  }

  /** Tokens of each head, current map included [H]. */
  int[] counts() {
    return counts.clone();
  }

  /** Keys [R,H,T,D]; an error where heads hold different numbers of tokens. */
  public NDArray keys() {
    return whole(keys);
  }

  /** Values [R,H,T,D]; an error where heads hold different numbers of tokens. */
  public NDArray values() {
    return whole(values);
  }

  private NDArray whole(NDArray x) {
    if (!even) {
      throw new IllegalStateException(
          "kv cache: equally many tokens in every head expected, got " + Arrays.toString(counts));
    }
    return x;
  }

  /** Keys of one head, a view [R,1,T,D]. */
  NDArray keys(int head) {
    return ofHead(keys, head);
  }

  /** Values of one head, a view [R,1,T,D]. */
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
   * Softmax attention with scale 1 over all that is held.
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
   * The same with queries, keys and values rounded to bfloat16; sums and softmax are float32.
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

  /** The chosen tokens alone, for attention that reads less than there is. */
  AttentionInputs only(RetainedTokens kept) {
    int[] left = IntStream.range(0, heads()).map(kept::tokens).toArray();
    try (NDArray index = flatIndex(kept)) {
      return new AttentionInputs(
          left,
          shaped(TorchOps.call("rows_at", flat(keys), index), rows, left, width),
          shaped(TorchOps.call("rows_at", flat(values), index), rows, left, width),
          currentKey,
          true);
    }
  }

  /** [R·S,D] as [R,H,T,D] where heads hold equally many, else as [R,S,D]. */
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

  int width() {
    return width;
  }

  /** Rows of {@link #flatKeys} that stay, row by row and head by head. */
  NDArray flatIndex(RetainedTokens kept) {
    int perRow = Arrays.stream(counts).sum();
    int stay = IntStream.range(0, heads()).map(kept::tokens).sum();
    long[] index = new long[rows * stay];
    int at = 0;
    for (int r = 0; r < rows; r++) {
      int start = r * perRow;
      for (int h = 0; h < counts.length; h++) {
        for (int i : kept.of(r, h)) {
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

  /** Bytes taken for this call alone: those of the copies that are not the cache's own memory. */
  long copiedBytes() {
    return copies ? (keys.size() + values.size()) * Float.BYTES : 0;
  }

  /** Frees the arrays before their scope ends. */
  void free() {
    keys.close();
    values.close();
  }
}
