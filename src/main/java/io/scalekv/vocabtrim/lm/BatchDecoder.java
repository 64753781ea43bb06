package io.scalekv.vocabtrim.lm;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import io.scalekv.io.Require;
import io.scalekv.tensor.NativeCopy;
import io.scalekv.tensor.TorchOps;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Greedy decoder of many texts at once. Prompts are padded on the left to the longest one and the
 * padding is masked; texts that have ended leave the batch.
 */
public final class BatchDecoder {
  private static final float MASKED = -1e30f;

  /**
   * Generated text of n prompt tokens and m more.
   *
   * @param prompt [n]
   * @param tokens [m] after the prompt
   * @param stopped whether the last one is a stop token
   * @param states [n+m-1,C] inputs of the output head after every token but the last; null unless
   *     they were asked for
   */
  public record Text(int[] prompt, int[] tokens, boolean stopped, float[] states) {
    /** Returns prompt and generated tokens, [n+m]. */
    public int[] whole() {
      return IntStream.concat(Arrays.stream(prompt), Arrays.stream(tokens)).toArray();
    }
  }

  private final Llama model;
  private final int maxTokens;
  private final Set<Integer> stop;
  private final boolean withStates;

  /**
   * Creates a decoder of a model with its whole head; it does not own the model.
   *
   * @param stop tokens that end a text; they are part of it
   */
  public BatchDecoder(Llama model, int maxTokens, Set<Integer> stop, boolean withStates) {
    Require.that(model.head().isAll(), "head of the target must be whole, got %s", model.head());
    this.model = model;
    this.maxTokens = Require.atLeast("tokens to generate", maxTokens, 1);
    this.stop = stop;
    this.withStates = withStates;
  }

  /** Generates one text per prompt, in order; a batch of similar lengths wastes least. */
  public List<Text> generate(List<int[]> prompts) {
    try (NDManager scope = model.manager().newSubManager()) {
      return new Run(scope, prompts).decode();
    }
  }

  /** One batch; row r of all arrays is the text active[r]. */
  private final class Run {
    private final LlamaConfig config = model.config();
    private final int width = config.width();
    private final List<int[]> prompts;
    private final int longest;
    private final int[][] tokens;
    private final int[] made;
    private final boolean[] ended;
    private final float[][] states;
    private final NDArray[] keys = new NDArray[config.layers()];
    private final NDArray[] values = new NDArray[config.layers()];
    private NDManager store;
    private final NDManager scope;
    private int[] active;

    Run(NDManager scope, List<int[]> prompts) {
      this.scope = scope;
      this.prompts = prompts;
      this.longest = prompts.stream().mapToInt(p -> p.length).max().orElseThrow();
      Require.between("prompt and new tokens", longest + maxTokens, 2, config.maxPositions() + 1);
      this.active = IntStream.range(0, prompts.size()).toArray();
      this.tokens = new int[active.length][maxTokens];
      this.made = new int[active.length];
      this.ended = new boolean[active.length];
      this.states = new float[active.length][];
      this.store = scope.newSubManager();
      long[] shape = {
        active.length, config.kvHeads(), longest + maxTokens - 1L, config.headWidth()
      };
      for (int i = 0; i < keys.length; i++) {
        keys[i] = store.zeros(new Shape(shape));
        values[i] = store.zeros(new Shape(shape));
      }
    }

    List<Text> decode() {
      int at = 0;
      long[] next = new long[active.length * longest];
      for (int r = 0; r < active.length; r++) {
        int[] p = prompts.get(r);
        Require.that(p.length != 0, "prompt must hold at least one token");
        for (int i = 0; i < p.length; i++) {
          next[(r + 1) * longest - p.length + i] = p[i];
        }
        states[r] = withStates ? new float[(p.length + maxTokens - 1) * width] : null;
      }
      while (active.length > 0) {
        next = feed(next, at);
        at = at == 0 ? longest : at + 1;
        append(next);
        next = shrunk(next);
      }
      return IntStream.range(0, made.length).mapToObj(this::text).toList();
    }

    private Text text(int t) {
      int[] own = Arrays.copyOf(tokens[t], made[t]);
      int n = prompts.get(t).length;
      float[] s = withStates ? Arrays.copyOf(states[t], (n + made[t] - 1) * width) : null;
      return new Text(prompts.get(t), own, stop.contains(own[made[t] - 1]), s);
    }

    /** Feeds [B,L] tokens from a place on and returns the most likely next ones, [B]. */
    private long[] feed(long[] ids, int at) {
      int rows = active.length;
      int length = ids.length / rows;
      try (NDManager step = scope.newSubManager()) {
        LlamaNet.Prefix prefix =
            new LlamaNet.Prefix(
                keys,
                values,
                NativeCopy.of(step, new long[] {at}, new Shape(1)),
                NativeCopy.of(step, mask(at, length), new Shape(rows, 1, length, at + length)));
        NDArray x =
            model
                .net()
                .hidden(
                    NativeCopy.of(step, ids, new Shape(rows, length)),
                    model.rotary().rotations(step, at, at + length),
                    prefix);
        if (withStates) {
          keep(x.toFloatArray(), at, length);
        }
        NDArray last = x.get(new NDIndex(":,{}", length - 1));
        last.attach(step);
        return TorchOps.call("greedy_tokens", last, model.rows(), model.net().head()).toLongArray();
      }
    }

    private float[] mask(int at, int length) {
      int all = at + length;
      float[] mask = new float[active.length * length * all];
      for (int r = 0; r < active.length; r++) {
        int pad = longest - prompts.get(active[r]).length;
        for (int i = 0; i < length; i++) {
          int row = (r * length + i) * all;
          Arrays.fill(mask, row, row + pad, MASKED);
          Arrays.fill(mask, row + at + i + 1, row + all, MASKED);
        }
      }
      return mask;
    }

    private void keep(float[] x, int at, int length) {
      for (int r = 0; r < active.length; r++) {
        if (ended[active[r]]) {
          continue;
        }
        int pad = longest - prompts.get(active[r]).length;
        int from = Math.max(0, pad - at);
        int there = (at + from - pad) * width;
        int count = (length - from) * width;
        System.arraycopy(x, (r * length + from) * width, states[active[r]], there, count);
      }
    }

    private void append(long[] next) {
      for (int r = 0; r < active.length; r++) {
        int t = active[r];
        if (!ended[t]) {
          tokens[t][made[t]++] = (int) next[r];
          ended[t] = stop.contains((int) next[r]) || made[t] == maxTokens;
        }
      }
    }

    /** Removes ended texts once they are a quarter of the batch, since caches are copied for it. */
    private long[] shrunk(long[] next) {
      int[] rows = IntStream.range(0, active.length).filter(r -> !ended[active[r]]).toArray();
      if (rows.length > active.length * 3 / 4) {
        return next;
      }
      NDManager smaller = scope.newSubManager();
      NDArray index =
          NativeCopy.of(
              smaller, Arrays.stream(rows).asLongStream().toArray(), new Shape(rows.length));
      for (int i = 0; i < keys.length && rows.length > 0; i++) {
        keys[i] = TorchOps.call("rows_at", keys[i], index);
        values[i] = TorchOps.call("rows_at", values[i], index);
        keys[i].attach(smaller);
        values[i].attach(smaller);
      }
      store.close();
      store = smaller;
      active = Arrays.stream(rows).map(r -> active[r]).toArray();
      return Arrays.stream(rows).mapToLong(r -> next[r]).toArray();
    }
  }
}
