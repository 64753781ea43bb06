package io.scalekv.vocabtrim.lm;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import io.scalekv.io.Require;
import io.scalekv.tensor.NativeCopy;
import io.scalekv.weights.ExpectedWeights;
import io.scalekv.weights.LoadListener;
import io.scalekv.weights.TensorSource;
import io.scalekv.weights.Weights;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** EAGLE draft model in float32 beside its target, whose embedding, last norm and head it uses. */
public final class Eagle implements LanguageModel {
  private final Llama target;
  private final NDManager manager;
  private final EagleNet net;
  private final RotaryTable rotary;
  private final VocabularySubset retained;
  private final NDArray head;

  private Eagle(Llama target, NDManager manager, EagleNet net, VocabularySubset retained) {
    this.target = target;
    this.manager = manager;
    this.net = net;
    this.rotary = new RotaryTable(manager, net.config());
    this.retained = retained;
    this.head =
        retained.isAll()
            ? net.head()
            : LlamaNet.rows(manager, net.head(), Arrays.stream(retained.toArray()));
  }

  /**
   * Loads a draft model.
   *
   * @param path a safetensors file with the weights of {@link EagleNet#shapes}, or its folder
   * @param target with its whole head; not owned
   */
  public static Eagle open(Path path, Llama target) {
    NDManager manager = NDManager.newBaseManager("PyTorch");
    try (TensorSource source = TensorSource.open(path)) {
      Weights weights =
          ExpectedWeights.of("the EAGLE draft model", EagleNet.shapes(target.config()))
              .load(new Weights(manager), path, source, LoadListener.NONE);
      return of(target, manager, weights);
    } catch (RuntimeException | Error e) {
      manager.close();
      throw e;
    }
  }

  /**
   * Creates a draft model over loaded weights.
   *
   * @param manager owner of the weights; the model closes it
   */
  public static Eagle of(Llama target, NDManager manager, Weights weights) {
    Require.that(target.head().isAll(), "head of the target must be whole, got %s", target.head());
    EagleNet net = new EagleNet(weights, target.net(), false);
    return new Eagle(target, manager, net, target.head());
  }

  @Override
  public int vocabulary() {
    return target.vocabulary();
  }

  @Override
  public VocabularySubset head() {
    return retained;
  }

  @Override
  public int maxPositions() {
    return target.maxPositions();
  }

  @Override
  public int width() {
    return target.width();
  }

  @Override
  public long bodyParameters() {
    return net.bodyParameters();
  }

  @Override
  public Eagle withHead(VocabularySubset ids) {
    int own = vocabulary();
    int other = ids.vocabulary();
    Require.that(other == own, "vocabulary of a trimmed head must be %d, got %d", own, other);
    return new Eagle(target, manager.newSubManager(), net, ids);
  }

  @Override
  public Session session(Session of) {
    boolean llama = of instanceof Llama.CachedSession;
    Require.that(llama, "session of the target must be that of a Llama model, got %s", of);
    return new ChainSession((Llama.CachedSession) of);
  }

  /**
   * Computes the logits of all chains along a text whose drafted tokens are the text's own: one
   * pass per place, instead of one per token. A row depends on where its chain began, as predicted
   * states stand for the target's within a chain.
   *
   * @param text at least one token
   * @param from first position of the rows
   * @param places drafted tokens of a chain
   * @param rows takes every row; its sequence is the place of the drafted token in its chain, from
   *     0, and the target has verified the tokens up to {@code position − place}
   */
  public void chains(int[] text, int from, int places, Rows rows) {
    int n = text.length;
    int width = width();
    try (NDManager scope = manager.newSubManager()) {
      NDArray ids = LlamaNet.ids(scope, text);
      NDArray x = target.net().hidden(ids, rotary.rotations(scope, 0, n), null);
      List<NDArray> keys = new ArrayList<>();
      List<NDArray> values = new ArrayList<>();
      NDArray first = scope.zeros(new Shape(1, 1, width));
      for (int j = 0; j < places; j++) {
        NDArray before = first.concat(x.get(new NDIndex(":,0:{}", n - 1)), 1);
        x = net.chain(before, ids, rotary.rotations(scope, 0, n), keys, values);
        int place = j;
        net.eachRow(x, from + j, head, (s, i, row) -> rows.row(place, i, row));
      }
    }
  }

  @Override
  public void close() {
    manager.close();
  }

  /**
   * Session: the token at index i goes with the target's state after the token before it, or with
   * the own prediction of that state while the target has not seen that token.
   */
  private final class ChainSession implements Session {
    private static final int LEAST = 64;

    private final Llama.CachedSession of;
    private final NDManager store = manager.newSubManager();
    private NDManager cache = store.newSubManager();
    private NDArray keys;
    private NDArray values;
    private NDArray predicted;
    private int capacity;
    private int length;
    private int verified;

    ChainSession(Llama.CachedSession of) {
      this.of = of;
    }

    @Override
    public int length() {
      return length;
    }

    @Override
    public float[] feed(int[] tokens) {
      float[] all = new float[tokens.length * retained.size()];
      for (int i = 0; i < tokens.length; i++) {
        float[] row = feedLast(new int[] {tokens[i]});
        System.arraycopy(row, 0, all, i * row.length, row.length);
      }
      return all;
    }

    @Override
    public float[] feedLast(int[] tokens) {
      Require.that(tokens.length != 0, "draft model must be given at least one token");
      int known = Math.min(tokens.length, of.length() + 1 - length);
      if (known > 0) {
        append(Arrays.copyOf(tokens, known), true);
      }
      for (int i = Math.max(0, known); i < tokens.length; i++) {
        append(new int[] {tokens[i]}, false);
      }
      try (NDArray logits = net.logits(predicted, head)) {
        return logits.toFloatArray();
      }
    }

    /** Appends tokens whose states before them are the target's, or one with the prediction. */
    private void append(int[] tokens, boolean known) {
      int to = length + tokens.length;
      Require.between("tokens of a sequence", to, 1, maxPositions());
      if (to > capacity) {
        grow(to);
      }
      try (NDManager scope = store.newSubManager()) {
        NDArray before = known ? states(scope, to - 1) : predicted;
        NDArray at = NativeCopy.of(scope, new long[] {length}, new Shape(1));
        NDArray x =
            net.states(
                before,
                LlamaNet.ids(scope, tokens),
                rotary.rotations(scope, length, to),
                new LlamaNet.Prefix(new NDArray[] {keys}, new NDArray[] {values}, at, null));
        x.attach(scope);
        NDArray last = x.get(new NDIndex(":,{}:{}", tokens.length - 1, tokens.length)).duplicate();
        last.attach(store);
        if (predicted != null) {
          predicted.close();
        }
        predicted = last;
      }
      length = to;
      verified = known ? to : verified;
    }

    /** Returns the target's states from before the next token on, zeros before the first one. */
    private NDArray states(NDManager scope, int to) {
      if (length > 0) {
        NDArray part = of.states(length - 1, to);
        part.attach(scope);
        return part;
      }
      NDArray zeros = scope.zeros(new Shape(1, 1, width()));
      if (to == 0) {
        return zeros;
      }
      NDArray part = of.states(0, to);
      part.attach(scope);
      return zeros.concat(part, 1);
    }

    private void grow(int to) {
      int more = Math.max(to, Math.min(maxPositions(), Math.max(LEAST, 2 * capacity)));
      NDManager larger = store.newSubManager();
      LlamaConfig c = net.config();
      Shape shape = new Shape(1, c.kvHeads(), more, c.headWidth());
      keys = Llama.grown(larger, keys, length, shape, ":,:,0:{}");
      values = Llama.grown(larger, values, length, shape, ":,:,0:{}");
      cache.close();
      cache = larger;
      capacity = more;
    }

    @Override
    public void rollback(int to) {
      int kept = (int) Require.between("length after a rollback", to, 0, length);
      length = Math.min(kept, verified);
      verified = length;
    }

    @Override
    public void close() {
      store.close();
      length = 0;
    }
  }
}
