package io.scalekv.model.text;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.scalekv.scene.Vocabulary;
import io.scalekv.tensor.TorchOps;
import io.scalekv.weights.Weights;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Text encoder of the pocket models: a learned embedding for every word of the closed vocabulary
 * plus a learned position. Letters: B prompts, T tokens, W text width.
 */
public final class WordEmbedder {
  private static final String WORDS = "text_words.weight";
  private static final String POSITIONS = "text_positions.weight";

  private static final float INITIAL_DEVIATION = 0.7f;

  private final Weights weights;

  /** Creates an embedder over the given weights, which it does not own. */
  public WordEmbedder(Weights weights) {
    this.weights = weights;
  }

  /** Returns the names and shapes of the weights for text width W. */
  public static Map<String, Shape> shapes(int width) {
    Map<String, Shape> s = new LinkedHashMap<>();
    s.put(WORDS, new Shape(Vocabulary.size(), width));
    s.put(POSITIONS, new Shape(Vocabulary.MAX_TOKENS, width));
    return s;
  }

  /** Adds fresh weights for text width W, drawn from the engine's random state. */
  public static void addInitial(Weights weights, int width) {
    shapes(width).forEach((name, shape) -> weights.putNormal(name, shape, INITIAL_DEVIATION));
  }

  /**
   * Returns the embeddings of captions.
   *
   * @param scope owner of the result
   * @param captions at least one, each in the vocabulary
   * @return [B,T,W]
   */
  public TextEmbeddings encode(NDManager scope, List<String> captions) {
    int[][] ids = captions.stream().map(Vocabulary::encode).toArray(int[][]::new);
    int longest = 0;
    for (int[] row : ids) {
      longest = Math.max(longest, row.length);
    }
    long[] tokens = new long[ids.length * longest];
    long[] places = new long[ids.length * longest];
    int[] lengths = new int[ids.length];
    for (int b = 0; b < ids.length; b++) {
      lengths[b] = ids[b].length;
      for (int t = 0; t < longest; t++) {
        tokens[b * longest + t] = t < ids[b].length ? ids[b][t] : 0;
        places[b * longest + t] = t;
      }
    }
    Shape shape = new Shape(ids.length, longest);
    NDArray words = TorchOps.call("embedding", scope.create(tokens, shape), weights.get(WORDS));
    NDArray positions =
        TorchOps.call("embedding", scope.create(places, shape), weights.get(POSITIONS));
    return new TextEmbeddings(words.add(positions), lengths);
  }
}
