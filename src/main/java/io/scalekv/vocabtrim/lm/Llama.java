package io.scalekv.vocabtrim.lm;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import io.scalekv.io.Require;
import io.scalekv.tensor.NativeCopy;
import io.scalekv.tensor.TorchOps;
import io.scalekv.weights.GgufFile;
import io.scalekv.weights.LoadListener;
import io.scalekv.weights.TensorSource;
import io.scalekv.weights.Weights;
import io.scalekv.weights.WeightsFileException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/** Language model of the Llama layout. */
public final class Llama implements LanguageModel {
  private static final int PASS_TOKENS = 2048;

  private final LlamaConfig config;
  private final NDManager manager;
  private final LlamaNet net;
  private final RotaryTable rotary;
  private final VocabularySubset stored;
  private final VocabularySubset retained;
  private final NDArray head;

  private Llama(
      LlamaConfig config,
      NDManager manager,
      LlamaNet net,
      VocabularySubset stored,
      VocabularySubset retained) {
    this.config = config;
    this.manager = manager;
    this.net = net;
    this.rotary = new RotaryTable(manager, config);
    this.stored = stored;
    this.retained = retained;
    NDArray rows =
        retained.equals(stored)
            ? net.head()
            : LlamaNet.rows(
                manager, net.head(), Arrays.stream(retained.toArray()).map(stored::row));
    this.head = net.factor(rows);
    if (head != rows) {
      head.attach(manager);
    }
  }

  /**
   * Loads a model: a folder with {@code config.json} and weights in safetensors, in one file or in
   * shards with an index, or a GGUF file. A head with fewer rows than tokens needs its mapping
   * {@code d2t}: offsets in a folder, ids in a GGUF file. Every name, shape and type is checked
   * first.
   *
   * @throws IllegalArgumentException if the configuration is not of a Llama model
   * @throws io.scalekv.weights.WeightsFileException if the weights do not fit it
   */
  public static Llama open(Path path) {
    return open(path, false);
  }

  /**
   * Loads a model as {@link #open(Path)}.
   *
   * @param bf16 whether the matrices of the layers are bfloat16 and products round to it: for text
   *     in large batches
   */
  public static Llama open(Path path, boolean bf16) {
    if (Files.isRegularFile(path)) {
      try (GgufFile file = GgufFile.open(path)) {
        GgufLlama source = new GgufLlama(file);
        return open(source.config(), path, source, false, bf16);
      } catch (WeightsFileException e) {
        throw e;
      } catch (IllegalArgumentException e) {
        throw new IllegalArgumentException(path + ": " + e.getMessage(), e);
      }
    }
    Path file = path.resolve(LlamaConfig.FILE);
    Require.that(Files.isRegularFile(file), "missing language model: no %s", file);
    LlamaConfig config = LlamaConfig.read(file);
    try (TensorSource source = TensorSource.open(path)) {
      return open(config, TensorSource.locate(path), source, true, bf16);
    }
  }

  private static Llama open(
      LlamaConfig config, Path where, TensorSource source, boolean offsets, boolean bf16) {
    int vocabulary = config.vocabulary();
    VocabularySubset stored = VocabularySubset.all(vocabulary);
    if (source.names().contains(LlamaWeights.D2T)) {
      long[] d2t = source.longs(LlamaWeights.D2T);
      int[] ids = new int[d2t.length];
      Arrays.setAll(ids, j -> Math.toIntExact(offsets ? j + d2t[j] : d2t[j]));
      stored = VocabularySubset.of(ids, vocabulary);
    }
    NDManager manager = NDManager.newBaseManager("PyTorch");
    try {
      Weights weights =
          LlamaWeights.expected(config, stored.size())
              .load(
                  Weights.halving(manager, name -> bf16 && name.endsWith("_proj.weight")),
                  where,
                  source,
                  LoadListener.NONE);
      return new Llama(config, manager, new LlamaNet(config, weights, bf16), stored, stored);
    } catch (RuntimeException | Error e) {
      manager.close();
      throw e;
    }
  }

  /**
   * Creates a model over loaded weights.
   *
   * @param manager owner of the weights; the model closes it
   */
  public static Llama of(LlamaConfig config, NDManager manager, Weights weights) {
    VocabularySubset all = VocabularySubset.all(config.vocabulary());
    return new Llama(config, manager, new LlamaNet(config, weights, false), all, all);
  }

  /** Returns the configuration. */
  public LlamaConfig config() {
    return config;
  }

  /** Returns the net. */
  public LlamaNet net() {
    return net;
  }

  NDManager manager() {
    return manager;
  }

  /** Returns the table of the rotary embedding. */
  public RotaryTable rotary() {
    return rotary;
  }

  /** Returns the output head, [K,C], in the element type of products. */
  NDArray rows() {
    return head;
  }

  @Override
  public int vocabulary() {
    return config.vocabulary();
  }

  @Override
  public VocabularySubset head() {
    return retained;
  }

  @Override
  public int maxPositions() {
    return config.maxPositions();
  }

  @Override
  public int width() {
    return config.width();
  }

  @Override
  public long bodyParameters() {
    return config.bodyParameters();
  }

  @Override
  public Llama withHead(VocabularySubset ids) {
    int own = vocabulary();
    int other = ids.vocabulary();
    Require.that(other == own, "vocabulary of a trimmed head must be %d, got %d", own, other);
    for (int id : ids.toArray()) {
      Require.that(retained.contains(id), "token must be in the head before, got %d", id);
    }
    return new Llama(config, manager.newSubManager(), net, stored, ids);
  }

  /**
   * Computes teacher-forced logits of sequences of any lengths, several sequences at a time, rows
   * in blocks.
   *
   * @param rows takes every row, sequences and positions ascending
   */
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

  /** Passes some sequences at once, padded at the end, where causal attention ignores it. */
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
      NDArray x = net.hidden(ids, rotary.rotations(scope, 0, longest), null);
      for (int b = 0; b < to - from; b++) {
        int length = sequences.get(from + b).length;
        net.eachRow(x, b, 0, length, head, (s, i, row) -> rows.row(from + s, i, row));
      }
    }
  }

  @Override
  public Session session(Session target) {
    return new CachedSession();
  }

  private void check(int[] tokens, int cached) {
    Require.that(tokens.length != 0, "language model must be given at least one token");
    Require.between("tokens of a sequence", cached + tokens.length, 1, config.maxPositions());
    for (int token : tokens) {
      Require.between("token", token, 0, config.vocabulary() - 1);
    }
  }

  /** Returns zeros of a shape that begin with the first tokens of a smaller array. */
  static NDArray grown(NDManager larger, NDArray old, int tokens, Shape shape, String places) {
    NDArray array = larger.zeros(shape);
    if (tokens > 0) {
      NDIndex prefix = new NDIndex(places, tokens);
      try (NDArray part = old.get(prefix)) {
        array.set(prefix, part);
      }
    }
    return array;
  }

  @Override
  public void close() {
    manager.close();
  }

  /**
   * Session with keys and values of every layer, [1,G,capacity,D] each, and the inputs of the
   * output head, [1,capacity,C]; capacity doubles.
   */
  final class CachedSession implements Session {
    private static final int LEAST = 64;

    private final NDArray[] keys = new NDArray[config.layers()];
    private final NDArray[] values = new NDArray[config.layers()];
    private NDArray states;
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
                LlamaNet.ids(scope, tokens),
                rotary.rotations(scope, length, to),
                new LlamaNet.Prefix(keys, values, at, null));
        NDArray kept = states(length, to);
        kept.attach(scope);
        TorchOps.call("assign", x, kept);
        if (lastOnly) {
          x = x.get(new NDIndex(":,{}:{}", tokens.length - 1, tokens.length));
          x.attach(scope);
        }
        float[] logits = net.product(x, head).toFloatArray();
        length = to;
        return logits;
      }
    }

    private void grow(int to) {
      int more = Math.min(config.maxPositions(), Math.max(LEAST, 2 * capacity));
      more = Math.max(more, to);
      NDManager larger = manager.newSubManager();
      Shape shape = new Shape(1, config.kvHeads(), more, config.headWidth());
      for (int i = 0; i < keys.length; i++) {
        keys[i] = grown(larger, keys[i], length, shape, ":,:,0:{}");
        values[i] = grown(larger, values[i], length, shape, ":,:,0:{}");
      }
      states = grown(larger, states, length, new Shape(1, more, config.width()), ":,0:{}");
      store.close();
      store = larger;
      capacity = more;
    }

    /** Returns the inputs of the output head after some tokens, [1,L,C]: a view. */
    NDArray states(int from, int to) {
      return states.get(new NDIndex(":,{}:{}", from, to));
    }

    @Override
    public void rollback(int to) {
      length = (int) Require.between("length after a rollback", to, 0, length);
    }

    @Override
    public void close() {
      store.close();
      length = 0;
      capacity = 0;
    }
  }
}
