package io.scalekv.cache;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import io.scalekv.tensor.TorchOps;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Keys and values of one layer for some batch rows, map after map. Heads may hold different numbers
 * of tokens. What is dropped is freed: after every cut the memory is exactly that of the tokens
 * that stay, unless memory was reserved for a cache that is never cut.
 *
 * <p>A map goes through in two calls: {@link #read} gives history and current map together, then
 * {@link #storeAll} or {@link #store} says what stays; or nothing is called and the map is not
 * stored.
 *
 * <p>Letters: R batch rows, H heads, T tokens held, L tokens of a map, D head width.
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
   * An empty cache.
   *
   * @param schedule token maps that will be read, one {@link #read} each
   * @param keyType how keys are kept
   * @param valueType how values are kept
   * @param reserve tokens a head for which memory is taken at the first write, for a cache that
   *     only grows; 0 takes memory as tokens come and go
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

  /** Number of heads H; 0 before the first map. */
  public int heads() {
    return counts == null ? 0 : counts.length;
  }

  /** Tokens that a head holds; 0 before the first map. */
  public int tokens(int head) {
    return counts == null ? 0 : counts[head];
  }

  /** Tokens of all heads of one batch row. */
  public int tokens() {
    return counts == null ? 0 : Arrays.stream(counts).sum();
  }

  /** Bytes of the tokens held, scales included: what the memory formula counts. */
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

  /** Bytes taken from the system for them. */
  public long allocatedBytes() {
    return keys.bytes() + values.bytes();
  }

  /**
   * Where the tokens of a row and head came from: positions in the sequence of all maps, ascending.
   */
  public int[] positions(int row, int head) {
    if (positions == null) {
      return IntStream.range(0, tokens(head)).toArray();
    }
    return positions[positions.length == heads() ? head : row * heads() + head].clone();
  }

  /**
   * The keys held, as float32: [R,H,T,D] where all heads hold equally many, else [R,S,D] head after
   * head; a copy or a view that belongs to {@code scope}.
   */
  public NDArray keys(NDManager scope) {
    return held(keys, scope);
  }

  /** The values held, likewise. */
  public NDArray values(NDManager scope) {
    return held(values, scope);
  }

  private NDArray held(TokenStore store, NDManager scope) {
    if (tokens() == 0) {
      throw new IllegalStateException("kv cache: at least one token expected, got none yet");
    }
    NDArray view =
        reserved()
            ? view(store, scope, counts[0])
            : AttentionInputs.shaped(store.read(scope, scaleRows(store)), rows, counts, width);
    view.attach(scope);
    if (reserved() && store.type() == CacheType.BF16) {
      return TorchOps.call("to_fp32", view);
    }
    return view;
  }

  private boolean reserved() {
    return reserve > 0 && keys.data() != null && keys.data().getShape().dimension() == 4;
  }

  /**
   * History and the current map, for one attention call.
   *
   * @param scope owner of what is returned
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
    if (writesInPlace(after)) {
      write(key, value);
      if (keys.type() == CacheType.FP32 && values.type() == CacheType.FP32) {
        return new AttentionInputs(
            after, view(keys, scope, after[0]), view(values, scope, after[0]), key, false);
      }
    }
    return new AttentionInputs(
        after, join(keys, scope, key), join(values, scope, value), key, true);
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

  /** History as float32 with the current map behind it. */
  private NDArray join(TokenStore store, NDManager scope, NDArray current) {
    if (tokens() == 0) {
      NDArray copy = current.duplicate();
      copy.attach(scope);
      return copy;
    }
    try (NDManager own = scope.newSubManager()) {
      NDArray history = held(store, own);
      NDArray joined;
      if (AttentionInputs.isEven(counts)) {
        joined = history.concat(current, 2);
      } else {
        long[] n = Arrays.stream(counts).asLongStream().toArray();
        joined = TorchOps.call("join_ragged", history, current, own.create(n, new Shape(n.length)));
      }
      joined.attach(scope);
      return joined;
    }
  }

  /** The row of the channel scales that belongs to every stored row; null where there are none. */
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

  /** Stores the current map behind the history. */
  public void storeAll(AttentionInputs held) {
    if (writesInPlace(held.counts())) {
      counts = held.counts();
    } else {
      NDArray k = held.flatKeys();
      NDArray v = held.flatValues();
      store(held, k, v, grown(held));
    }
    scale++;
  }

  /** Positions after the current map was added to all heads; null for all there are. */
  private int[][] grown(AttentionInputs held) {
    if (positions == null) {
      return null;
    }
    int first = schedule.tokensBefore(scale);
    return Arrays.stream(positions)
        .map(
            p ->
                IntStream.concat(Arrays.stream(p), IntStream.range(first, first + held.current()))
                    .toArray())
        .toArray(int[][]::new);
  }

  /**
   * Stores the chosen tokens and frees all others.
   *
   * @param kept of history and current map
   */
  public void store(AttentionInputs held, RetainedTokens kept) {
    int[] left = IntStream.range(0, held.heads()).map(kept::tokens).toArray();
    int[][] stay = chosen(held, kept);
    NDArray k;
    NDArray v;
    try (NDArray index = held.flatIndex(kept)) {
      k = TorchOps.call("rows_at", held.flatKeys(), index);
      v = TorchOps.call("rows_at", held.flatValues(), index);
    }
    AttentionInputs smaller =
        new AttentionInputs(
            left,
            AttentionInputs.shaped(k, rows, left, width),
            AttentionInputs.shaped(v, rows, left, width),
            held.currentKey(),
            true);
    store(smaller, k, v, stay);
    scale++;
  }

  private void store(AttentionInputs held, NDArray k, NDArray v, int[][] stay) {
    counts = held.counts();
    positions = stay;
    keys.addMap(held.currentKey());
    if (tokens() == 0) {
      keys.freeData();
      values.freeData();
    } else {
      keys.replace(k, scaleRows(keys));
      values.replace(v, null);
    }
  }

  private int[][] chosen(AttentionInputs held, RetainedTokens kept) {
    boolean alike = kept.isAlike() && (positions == null || positions.length == heads());
    int first = schedule.tokensBefore(scale);
    int[][] stay = new int[alike ? heads() : rows * heads()][];
    for (int i = 0; i < stay.length; i++) {
      int r = i / heads();
      int h = i % heads();
      int history = counts[h];
      int[] before = positions(r, h);
      stay[i] =
          Arrays.stream(kept.of(r, h))
              .map(j -> j < history ? before[j] : first + j - history)
              .toArray();
    }
    return stay;
  }

  private void check(NDArray key, NDArray value) {
    Shape s = key.getShape();
    if (!s.equals(value.getShape())) {
      throw new IllegalArgumentException("kv cache: keys " + s + " but values " + value.getShape());
    }
    if (s.dimension() != 4) {
      throw new IllegalArgumentException("kv cache: [R,H,L,D] expected, got " + s);
    }
    if (counts != null && (s.get(0) != rows || s.get(1) != heads() || s.get(3) != width)) {
      throw new IllegalArgumentException(
          String.format(
              "kv cache: %d rows, %d heads of width %d expected, got %s", rows, heads(), width, s));
    }
    if (scale >= schedule.scales() || s.get(2) != schedule.tokens(scale)) {
      throw new IllegalArgumentException(
          String.format(
              "kv cache: map %d of %s expected, got %d tokens", scale, schedule.maps(), s.get(2)));
    }
  }

  @Override
  public void close() {
    manager.close();
  }
}
