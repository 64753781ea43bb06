package io.scalekv.cache;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import io.scalekv.io.Require;
import io.scalekv.tensor.TorchOps;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * KV cache of one layer for some batch rows. Heads may store different numbers of tokens. Evicted
 * tokens are freed: after every compression the memory is exactly that of the retained tokens,
 * unless memory was reserved for a cache that never evicts.
 *
 * <p>A scale takes two calls: {@link #read} returns prefix and current map together, then {@link
 * #storeAll} or {@link #store} stores them; without the second call the map is not stored.
 *
 * <p>Letters: R batch rows, H heads, T stored tokens, L tokens of a map, D head width.
 */
public final class KvCache implements AutoCloseable {
  private final NDManager manager;
  private final ScaleSchedule schedule;
  private final int reserve;
  private final TokenStore keys;
  private final TokenStore values;
  private int rows;
  private int width;
  private int scale;
  private int[] counts;
  private int[][] positions;

  /**
   * Creates an empty cache.
   *
   * @param schedule token maps, one {@link #read} each
   * @param keyType number format of stored keys
   * @param valueType number format of stored values
   * @param reserve tokens per head for which memory is reserved at the first write, for a cache
   *     that never evicts; 0 allocates at every write
   */
  public KvCache(
      NDManager parent,
      ScaleSchedule schedule,
      CacheType keyType,
      CacheType valueType,
      int reserve) {
    this.manager = parent.newSubManager();
    this.schedule = schedule;
    this.reserve = keyType == CacheType.INT8 || valueType == CacheType.INT8 ? 0 : reserve;
    this.keys = new TokenStore(manager, keyType, true);
    this.values = new TokenStore(manager, valueType, false);
  }

  /** Batch rows R; 0 before the first map. */
  public int rows() {
    return rows;
  }

  /** Returns the number of heads H; 0 before the first map. */
  public int heads() {
    return counts == null ? 0 : counts.length;
  }

  /** Returns stored tokens of a head; 0 before the first map. */
  public int tokens(int head) {
    return counts == null ? 0 : counts[head];
  }

  /** Returns stored tokens of all heads of one batch row. */
  public int tokens() {
    return counts == null ? 0 : Arrays.stream(counts).sum();
  }

  /**
   * Returns bytes of the stored tokens, quantisation scales included, as {@link MemoryModel}
   * counts.
   */
  public long liveBytes() {
    if (counts == null) {
      return 0;
    }
    if (!reserved()) {
      return allocatedBytes();
    }
    long numbers = (long) rows * tokens() * width;
    return numbers * (keys.type().bytes() + values.type().bytes());
  }

  /** Returns bytes allocated for them. */
  public long allocatedBytes() {
    return counts == null ? 0 : keys.bytes() + values.bytes();
  }

  /**
   * Returns the positions of the stored tokens of a row and head in the sequence of all maps,
   * ascending.
   */
  public int[] positions(int row, int head) {
    if (positions == null) {
      return IntStream.range(0, tokens(head)).toArray();
    }
    return positions[positions.length == heads() ? head : row * heads() + head].clone();
  }

  /**
   * Returns the stored keys as float32: [R,H,T,D] if all heads store the same number, else [R,S,D]
   * head after head; a copy or a view that belongs to {@code scope}.
   */
  public NDArray keys(NDManager scope) {
    return read(keys, scope);
  }

  /** Returns the stored values in the same form. */
  public NDArray values(NDManager scope) {
    return read(values, scope);
  }

  private NDArray read(TokenStore store, NDManager scope) {
    if (tokens() == 0) {
      throw new IllegalStateException("kv cache must store at least one token, got none");
    }
    return TorchOps.call("to_fp32", stored(store, scope));
  }

  /** Returns stored tokens in their format, bytes as float32. */
  private NDArray stored(TokenStore store, NDManager scope) {
    NDArray view =
        reserved()
            ? view(store, scope, counts[0])
            : AttentionInputs.shaped(store.read(scope, scaleRows(store)), rows, counts, width);
    view.attach(scope);
    return view;
  }

  private boolean reserved() {
    return reserve > 0 && keys.data() != null && keys.data().getShape().dimension() == 4;
  }

  /**
   * Returns prefix and current map for one attention call.
   *
   * @param scope owner of the result
   * @param key [R,H,L,D] of the current map
   * @param value [R,H,L,D] of the current map
   */
  public AttentionInputs read(NDManager scope, NDArray key, NDArray value) {
    check(key, value);
    int added = (int) key.getShape().get(2);
    if (counts == null) {
      rows = (int) key.getShape().get(0);
      width = (int) key.getShape().get(3);
      counts = new int[(int) key.getShape().get(1)];
    }
    int[] after = Arrays.stream(counts).map(c -> c + added).toArray();
    boolean inPlace = writesInPlace(after);
    if (inPlace) {
      write(key, value);
    }
    return new AttentionInputs(
        after, held(keys, scope, key, inPlace), held(values, scope, value, inPlace), key);
  }

  private HeldTokens held(TokenStore store, NDManager scope, NDArray current, boolean inPlace) {
    int all = counts[0] + (int) current.getShape().get(2);
    boolean wide = inPlace && store.type() == CacheType.FP32;
    return new HeldTokens(
        !wide,
        () -> wide ? view(store, scope, all) : join(store, scope, current, CacheType.FP32),
        () ->
            inPlace
                ? TorchOps.call("to_bf16", view(store, scope, all))
                : join(store, scope, current, CacheType.BF16));
  }

  private boolean writesInPlace(int[] after) {
    return reserve > 0
        && after[0] <= reserve
        && AttentionInputs.isEven(after)
        && (keys.isEmpty() || reserved());
  }

  private void write(NDArray key, NDArray value) {
    if (keys.isEmpty()) {
      Shape full = new Shape(rows, heads(), reserve, width);
      keys.reserve(full);
      values.reserve(full);
    }
    NDIndex where = new NDIndex(":,:,{}:{}", counts[0], counts[0] + key.getShape().get(2));
    try (NDArray k = keys.data().get(where);
        NDArray v = values.data().get(where)) {
      TorchOps.call("assign", key, k);
      TorchOps.call("assign", value, v);
    }
  }

  private static NDArray view(TokenStore store, NDManager scope, int tokens) {
    NDArray view = store.data().get(new NDIndex(":,:,0:{}", tokens));
    view.attach(scope);
    return view;
  }

  /** Returns the prefix with the current map behind it, as fp32 or bf16. */
  private NDArray join(TokenStore store, NDManager scope, NDArray current, CacheType as) {
    try (NDManager own = scope.newSubManager()) {
      NDArray joined;
      if (tokens() == 0) {
        joined = TorchOps.call("copy_" + as, current);
      } else if (AttentionInputs.isEven(counts)) {
        joined = TorchOps.call("join_" + as, stored(store, own), current);
      } else {
        long[] n = Arrays.stream(counts).asLongStream().toArray();
        NDArray prefix = TorchOps.call("to_" + as, stored(store, own));
        NDArray map = TorchOps.call("to_" + as, current);
        joined = TorchOps.call("join_ragged", prefix, map, own.create(n, new Shape(n.length)));
        map.close();
      }
      joined.attach(scope);
      return joined;
    }
  }

  /** Returns the row of channel scales of every stored row; null if there are none. */
  private long[] scaleRows(TokenStore store) {
    if (store != keys || store.type() != CacheType.INT8) {
      return null;
    }
    long[] index = new long[rows * tokens()];
    int at = 0;
    for (int r = 0; r < rows; r++) {
      for (int h = 0; h < heads(); h++) {
        for (int position : positions(r, h)) {
          index[at++] = ((long) schedule.scaleOf(position) * rows + r) * heads() + h;
        }
      }
    }
    return index;
  }

  /** Stores the current map behind the prefix. */
  public void storeAll(AttentionInputs inputs) {
    if (writesInPlace(inputs.counts())) {
      counts = inputs.counts();
    } else {
      store(inputs.counts(), inputs, null, grown(inputs));
    }
    scale++;
  }

  /** Returns the positions after the current map was added to all heads; null for all. */
  private int[][] grown(AttentionInputs inputs) {
    if (positions == null) {
      return null;
    }
    int first = schedule.tokensBefore(scale);
    return Arrays.stream(positions)
        .map(
            p ->
                IntStream.concat(Arrays.stream(p), IntStream.range(first, first + inputs.current()))
                    .toArray())
        .toArray(int[][]::new);
  }

  /**
   * Stores the retained tokens and frees all others.
   *
   * @param retained of prefix and current map
   */
  public void store(AttentionInputs inputs, RetainedTokens retained) {
    int[] left = IntStream.range(0, inputs.heads()).map(retained::tokens).toArray();
    int[][] stay = positions(inputs, retained);
    try (NDArray index = inputs.flatIndex(retained)) {
      store(left, inputs, index, stay);
    }
    scale++;
  }

  /** Stores rows of prefix and current map, all where there is no index. */
  private void store(int[] left, AttentionInputs inputs, NDArray index, int[][] stay) {
    NDArray k = inputs.flatKeys(keys.type());
    NDArray v = inputs.flatValues(values.type());
    counts = left;
    positions = stay;
    keys.addMap(inputs.currentKey());
    if (tokens() == 0) {
      keys.freeData();
      values.freeData();
    } else {
      keys.replace(index == null ? k : TorchOps.call("rows_at", k, index), scaleRows(keys));
      values.replace(index == null ? v : TorchOps.call("rows_at", v, index), null);
    }
  }

  private int[][] positions(AttentionInputs inputs, RetainedTokens retained) {
    boolean alike = retained.isAlike() && (positions == null || positions.length == heads());
    int first = schedule.tokensBefore(scale);
    int[][] stay = new int[alike ? heads() : rows * heads()][];
    for (int i = 0; i < stay.length; i++) {
      int r = i / heads();
      int h = i % heads();
      int prefix = counts[h];
      int[] before = positions(r, h);
      stay[i] =
          Arrays.stream(retained.of(r, h))
              .map(j -> j < prefix ? before[j] : first + j - prefix)
              .toArray();
    }
    return stay;
  }

  private void check(NDArray key, NDArray value) {
    Shape s = key.getShape();
    Require.that(
        s.equals(value.getShape()) && s.dimension() == 4,
        "keys and values must be [R,H,L,D], got %s and %s",
        s,
        value.getShape());
    Require.that(
        counts == null || (s.get(0) == rows && s.get(1) == heads() && s.get(3) == width),
        "keys must have %d rows and %d heads of width %d, got %s",
        rows,
        heads(),
        width,
        s);
    Require.that(
        scale < schedule.scales() && s.get(2) == schedule.tokens(scale),
        "keys must be of scale %d of %s, got %d tokens",
        scale + 1,
        schedule.maps(),
        s.get(2));
  }

  @Override
  public void close() {
    counts = null;
    manager.close();
  }
}
