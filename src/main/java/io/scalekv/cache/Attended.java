package io.scalekv.cache;

import ai.djl.ndarray.NDArray;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/**
 * What a policy sees when heads of one layer have attended one map: queries, and the keys and
 * values of history and map, before anything is dropped. All heads of the group hold equally many
 * tokens.
 *
 * <p>Letters: R batch rows, G heads of the group, L tokens of the map, T tokens held (history, then
 * the L of the map), D head width.
 *
 * @param layer 0-based
 * @param scale the map that was attended, 0-based
 * @param schedule all token maps
 * @param heads numbers of the group's heads within the layer [G]
 * @param query as attention uses it [R,G,L,D]
 * @param projectedQuery the projection before bias, normalisation, temperature and rotation
 *     [R,G,L,D], computed when asked for
 * @param keys as attention uses them [R,G,T,D]
 * @param values [R,G,T,D]
 * @param softmaxScale factor on q·k before the softmax
 * @param budget tokens that each head may keep for the next map [G]
 * @param origins where the history of each row and head came from
 */
public record Attended(
    int layer,
    int scale,
    ScaleSchedule schedule,
    int[] heads,
    NDArray query,
    Supplier<NDArray> projectedQuery,
    NDArray keys,
    NDArray values,
    double softmaxScale,
    int[] budget,
    Origins origins) {
  /** Where the history came from. */
  @FunctionalInterface
  public interface Origins {
    /**
     * Positions of the history of one row and one head of the group in the sequence of all maps,
     * ascending [T−L].
     */
    int[] of(int row, int head);
  }

  /** The same where the history is the first T−L tokens of the sequence. */
  public Attended(
      int layer,
      int scale,
      ScaleSchedule schedule,
      int[] heads,
      NDArray query,
      Supplier<NDArray> projectedQuery,
      NDArray keys,
      NDArray values,
      double softmaxScale,
      int[] budget) {
    this(
        layer,
        scale,
        schedule,
        heads,
        query,
        projectedQuery,
        keys,
        values,
        softmaxScale,
        budget,
        (row, head) ->
            IntStream.range(0, (int) keys.getShape().get(2) - schedule.tokens(scale)).toArray());
  }

  /** Batch rows R. */
  public int rows() {
    return (int) keys.getShape().get(0);
  }

  /** Tokens held by each head, those of the map included, T. */
  public int tokens() {
    return (int) keys.getShape().get(2);
  }

  /** Tokens of the map, n_k = L. */
  public int current() {
    return schedule.tokens(scale);
  }

  /** Tokens of earlier maps that were still held, T − L. */
  public int history() {
    return tokens() - current();
  }

  /**
   * Positions of all held tokens of one row and one head of the group in the sequence of all maps,
   * ascending [T].
   *
   * @param head 0-based within the group
   */
  public int[] positions(int row, int head) {
    int first = schedule.tokensBefore(scale);
    return IntStream.concat(
            IntStream.of(origins.of(row, head)), IntStream.range(first, first + current()))
        .toArray();
  }

  /** The same with other budgets. */
  public Attended withBudget(int... tokens) {
    return new Attended(
        layer,
        scale,
        schedule,
        heads,
        query,
        projectedQuery,
        keys,
        values,
        softmaxScale,
        tokens.clone(),
        origins);
  }
}
