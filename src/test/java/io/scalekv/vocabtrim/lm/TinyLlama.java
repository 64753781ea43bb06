package io.scalekv.vocabtrim.lm;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDManager;
import java.util.List;
import java.util.Random;

/** Small models with random weights, of every shape that the layout allows. */
public final class TinyLlama {
  private TinyLlama() {}

  /** Returns a configuration of 2 layers with 3 query heads on each key-value head. */
  public static LlamaConfig config(int vocabulary, boolean tied, RopeScaling scaling) {
    return new LlamaConfig(
        vocabulary, 20, 28, 2, 6, 2, 8, 1e-5, 10000, scaling, 512, tied, -1, List.of());
  }

  /** Returns an untied configuration without scaling. */
  public static LlamaConfig config(int vocabulary) {
    return config(vocabulary, false, new RopeScaling.None());
  }

  /** Returns random tokens. */
  public static int[] tokens(Random random, int length, int vocabulary) {
    return random.ints(length, 0, vocabulary).toArray();
  }

  /** Returns a model with random weights. */
  public static Llama random(LlamaConfig config, int seed) {
    NDManager manager = NDManager.newBaseManager("PyTorch");
    Engine.getInstance().setRandomSeed(seed);
    return Llama.of(config, manager, LlamaWeights.initial(manager, config));
  }

  /** Returns the teacher-forced logits of one sequence, [L,K], row after row. */
  public static float[] logits(Llama model, int... tokens) {
    int k = model.head().size();
    float[] all = new float[tokens.length * k];
    model.logits(List.of(tokens), (s, t, row) -> System.arraycopy(row, 0, all, t * k, k));
    return all;
  }
}
