package io.scalekv.vocabtrim.lm;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import io.scalekv.io.Require;
import io.scalekv.tensor.NativeCopy;
import io.scalekv.tensor.TorchOps;
import io.scalekv.weights.LoadListener;
import io.scalekv.weights.TensorSource;
import io.scalekv.weights.Weights;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A language model of the Llama layout, in float32. */
public final class Llama implements LanguageModel {
  /** Most logits that a block of rows holds, and most tokens of one pass. */
  private static final int BLOCK_LOGITS = 1 << 24;

  private static final int PASS_TOKENS = 2048;

  private final LlamaConfig config;
  private final NDManager manager;
  private final LlamaNet net;
  private final RotaryTable rotary;
  private final VocabularySubset kept;
  private final NDArray head;

  private Llama(LlamaConfig config, NDManager manager, LlamaNet net, VocabularySubset kept) {
    this.config = config;
    this.manager = manager;
    this.net = net;
    this.rotary = new RotaryTable(manager, config);
    this.kept = kept;
    this.head = kept.isAll() ? net.head() : rows(net.head(), kept);
  }

  private NDArray rows(NDArray full, VocabularySubset ids) {
    long[] index = new long[ids.size()];
    for (int j = 0; j < index.length; j++) {
      index[j] = ids.id(j);
    }
    try (NDArray at = NativeCopy.of(manager, index, new Shape(index.length))) {
      NDArray trimmed = TorchOps.call("rows_at", full, at);
      trimmed.attach(manager);
      return trimmed;
    }
  }

  /** Loads the model of a folder, told to nobody. */
  public static Llama open(Path folder) {
    return open(folder, LoadListener.NONE);
  }

  /**
   * Loads the model of a folder: {@code config.json} and weights in safetensors, in one file or in
   * shards with an index. Every name, shape and type is checked first.
   *
   * @param listener told how far the reading is
   * @throws IllegalArgumentException if the configuration is not that of a Llama model
   * @throws io.scalekv.weights.WeightsFileException if the weights do not fit it
   */
  public static Llama open(Path folder, LoadListener listener) {
    Path file = folder.resolve(LlamaConfig.FILE);
    Require.that(
        Files.isRegularFile(file),
        "missing language model: no %2$s in %1$s",
        folder,
        LlamaConfig.FILE);
    LlamaConfig config = LlamaConfig.read(file);
    NDManager manager = NDManager.newBaseManager("PyTorch");
    try (TensorSource source = TensorSource.open(folder)) {
      Path where = TensorSource.locate(folder);
      return of(
          config, manager, LlamaWeights.expected(config).load(manager, where, source, listener));
    } catch (RuntimeException | Error e) {
      manager.close();
      throw e;
    }
  }

  /** Random weights, for tests, geometry and speed. */
  public static Llama random(LlamaConfig config, int seed) {
    NDManager manager = NDManager.newBaseManager("PyTorch");
    Engine.getInstance().setRandomSeed(seed);
    return of(config, manager, LlamaWeights.initial(manager, config));
  }

  /**
   * A model over weights that are there.
   *
   * @param manager owner of the weights; the model closes it
   */
  public static Llama of(LlamaConfig config, NDManager manager, Weights weights) {
    return new Llama(
        config, manager, new LlamaNet(config, weights), VocabularySubset.all(config.vocabulary()));
  }

  /** The configuration. */
  public LlamaConfig config() {
    return config;
  }

  @Override
  public int vocabulary() {
    return config.vocabulary();
  }

  @Override
  public VocabularySubset head() {
    return kept;
  }

  @Override
  public int maxPositions() {
    return config.maxPositions();
  }

  @Override
  public long bodyParameters() {
    return config.bodyParameters();
  }

  @Override
  public int headWidth() {
    return config.width();
  }

  @Override
  public long embeddingParameters() {
    return config.embeddingParameters();
  }

  @Override
  public boolean tied() {
    return config.tied();
  }

  @Override
  public LanguageModel withHead(VocabularySubset ids) {
    Require.that(
        ids.vocabulary() == vocabulary(),
        "trimmed head: vocabulary must be %s, got %s",
        vocabulary(),
        ids.vocabulary());
    for (int j = 0; j < ids.size(); j++) {
      Require.that(
          kept.contains(ids.id(j)),
          "trimmed head: token must be in the head before, got %s",
          ids.id(j));
    }
    return new Llama(config, manager.newSubManager(), net, ids);
  }

  @Override
  public float[] logits(int[] tokens) {
    check(tokens, 0);
    try (NDManager scope = manager.newSubManager()) {
      NDArray x = net.hidden(ids(scope, tokens), rotary.turns(scope, 0, tokens.length), null);
      return TorchOps.call("product", x, head).toFloatArray();
    }
  }

  @Override
  public void logits(List<int[]> sequences, Rows rows) {
    int from = 0;
    while (from < sequences.size()) {
      int longest = 0;
      int to = from;
      while (to < sequences.size()) {
        int with = Math.max(longest, sequences.get(to).length);
        if (to > from && (long) with * (to + 1 - from) > PASS_TOKENS) {
          break;
        }
        check(sequences.get(to), 0);
        longest = with;
        to++;
      }
      pass(sequences, from, to, longest, rows);
      from = to;
    }
  }

  /** Some sequences at once, filled up behind their ends, where no token of theirs looks. */
  private void pass(List<int[]> sequences, int from, int to, int longest, Rows rows) {
    try (NDManager scope = manager.newSubManager()) {
      long[] padded = new long[(to - from) * longest];
      for (int b = 0; b < to - from; b++) {
        int[] tokens = sequences.get(from + b);
        for (int i = 0; i < tokens.length; i++) {
          padded[b * longest + i] = tokens[i];
        }
      }
      NDArray ids = NativeCopy.of(scope, padded, new Shape(to - from, longest));
      NDArray x = net.hidden(ids, rotary.turns(scope, 0, longest), null);
      int block = Math.max(1, BLOCK_LOGITS / kept.size());
      float[] row = new float[kept.size()];
      for (int b = 0; b < to - from; b++) {
        int length = sequences.get(from + b).length;
        for (int a = 0; a < length; a += block) {
          int e = Math.min(length, a + block);
          try (NDManager inner = scope.newSubManager()) {
            NDArray part = x.get(new NDIndex("{},{}:{}", b, a, e));
            part.attach(inner);
            float[] logits = TorchOps.call("product", part, head).toFloatArray();
            for (int i = a; i < e; i++) {
              System.arraycopy(logits, (i - a) * row.length, row, 0, row.length);
              rows.row(from + b, i, row);
            }
          }
        }
      }
    }
  }

  @Override
  public Session session() {
    return new CachedSession();
  }

  private void check(int[] tokens, int held) {
    Require.that(tokens.length != 0, "language model must be given at least one token");
    Require.that(
        (long) held + tokens.length <= config.maxPositions(),
        "positions of the language model must be at most %s, got %s",
        config.maxPositions(),
        ((long) held + tokens.length));
    for (int token : tokens) {
      Require.that(
          token >= 0 && token < config.vocabulary(),
          "token of the language model must be in 0..%s, got %s",
          (config.vocabulary() - 1),
          token);
    }
  }

  private static NDArray ids(NDManager scope, int[] tokens) {
    long[] ids = new long[tokens.length];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = tokens[i];
    }
    return NativeCopy.of(scope, ids, new Shape(1, ids.length));
  }

  @Override
  public void close() {
    manager.close();
  }

  /** Keys and values of every layer, [1,G,capacity,D] each, capacity doubling as it fills. */
  private final class CachedSession implements Session {
    private static final int LEAST = 64;

    private final NDArray[] keys = new NDArray[config.layers()];
    private final NDArray[] values = new NDArray[config.layers()];
    private NDManager store = manager.newSubManager();
    private int capacity;
    private int length;

    @Override
    public int length() {
      return length;
    }

    @Override
    public float[] feed(int[] tokens) {
      return feed(tokens, false);
    }

    @Override
    public float[] feedLast(int[] tokens) {
      return feed(tokens, true);
    }

    private float[] feed(int[] tokens, boolean lastOnly) {
      check(tokens, length);
      int to = length + tokens.length;
      if (to > capacity) {
        grow(to);
      }
      try (NDManager scope = manager.newSubManager()) {
        NDArray at = NativeCopy.of(scope, new long[] {length}, new Shape(1));
        NDArray x =
            net.hidden(
                ids(scope, tokens),
                rotary.turns(scope, length, to),
                new LlamaNet.Held(keys, values, at));
        if (lastOnly) {
          x = x.get(new NDIndex(":,{}:{}", tokens.length - 1, tokens.length));
          x.attach(scope);
        }
        float[] logits = TorchOps.call("product", x, head).toFloatArray();
        length = to;
        return logits;
      }
    }

    private void grow(int to) {
      int more = Math.min(config.maxPositions(), Math.max(LEAST, 2 * capacity));
      more = Math.max(more, to);
      NDManager larger = manager.newSubManager();
      for (int i = 0; i < keys.length; i++) {
        keys[i] = grown(larger, keys[i], more);
        values[i] = grown(larger, values[i], more);
      }
      store.close();
      store = larger;
      capacity = more;
    }

    private NDArray grown(NDManager larger, NDArray old, int tokens) {
      NDArray array = larger.zeros(new Shape(1, config.kvHeads(), tokens, config.headWidth()));
      if (length > 0) {
        NDIndex held = new NDIndex(":,:,0:{}", length);
        try (NDArray part = old.get(held)) {
          array.set(held, part);
        }
      }
      return array;
    }

    @Override
    public void rollback(int to) {
      Require.that(
          to >= 0 && to <= length, "rollback must be between 0 and %s tokens, got %s", length, to);
      length = to;
    }

    @Override
    public void close() {
      store.close();
      length = 0;
      capacity = 0;
    }
  }
}
