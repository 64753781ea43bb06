package io.scalekv.cache;

import ai.djl.ndarray.NDArray;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/**
 * Inputs to a policy after a group of heads of one layer has attended one scale: queries, and the
 * keys and values of prefix and current map, before eviction. All heads of the group store the same
 * number of tokens.
 *
 * <p>Letters: R batch rows, G heads of the group, L tokens of the map, T stored tokens (prefix,
 * then the L of the map), D head width.
 *
 * @param layer 0-based
 * @param scale the attended scale, 0-based
 * @param schedule all token maps
 * @param heads numbers of the group's heads within the layer [G]
 * @param query as attention uses it [R,G,L,D]
 * @param projectedQuery the projection before bias, normalisation, temperature and rotation
 *     [R,G,L,D], computed on request
 * @param held keys and values
 * @param softmaxScale factor on q·k before the softmax
 * @param budget tokens that each head may store for the next scale [G]
 * @param origins positions of the prefix of each row and head
 */
public record SelectionInputs(
    int layer,
    int scale,
    ScaleSchedule schedule,
    int[] heads,
    NDArray query,
    Supplier<NDArray> projectedQuery,
    Held held,
    double softmaxScale,
    int[] budget,
    Origins origins) {
  /**
   * Keys and values of prefix and current map, float32, computed on request.
   *
   * @param tokens T
   * @param keys as attention uses them [R,G,T,D]
   * @param values [R,G,T,D]
   */
  public record Held(int tokens, Supplier<NDArray> keys, Supplier<NDArray> values) {
    /** Keys and values that are there. */
    public static Held of(NDArray keys, NDArray values) {
      return new Held((int) keys.getShape().get(2), () -> keys, () -> values);
    }
  }

  /** Positions of the prefix. */
  @FunctionalInterface
  public interface Origins {
    /** Origins of a prefix of which nothing was evicted. */
    static Origins complete(int tokens) {
      return (row, head) -> IntStream.range(0, tokens).toArray();
    }

    /**
     * Returns the positions of the prefix of one row and one head of the group in the sequence of
     * all maps, ascending [T−L].
     */
    int[] of(int row, int head);
  }

  /** Batch rows R. */
  public int rows() {
    return (int) query.getShape().get(0);
  }

  /** Returns keys as attention uses them [R,G,T,D], float32. */
  public NDArray keys() {
    return held.keys().get();
  }

  /** Returns values [R,G,T,D], float32. */
  public NDArray values() {
    return held.values().get();
  }

  /** Returns stored tokens of each head, those of the map included, T. */
  public int tokens() {
    return held.tokens();
  }

  /** Returns tokens of the map, n_k = L. */
  public int current() {
    return schedule.tokens(scale);
  }

  /** Returns stored tokens of earlier maps, T − L. */
  public int prefix() {
    return tokens() - current();
  }

  /**
   * Returns the positions of all stored tokens of one row and one head of the group in the sequence
   * of all maps, ascending [T].
   *
   * @param head 0-based within the group
   */
  public int[] positions(int row, int head) {
    int first = schedule.tokensBefore(scale);
    return IntStream.concat(
            IntStream.of(origins.of(row, head)), IntStream.range(first, first + current()))
        .toArray();
  }
}
