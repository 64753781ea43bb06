package io.scalekv.cache.policy;

import io.scalekv.cache.TokenMap;
import java.util.stream.IntStream;

/**
 * Observation window: tokens of the newest map whose queries represent all of them.
 *
 * @param positions row-major within the map, ascending, each once
 * @param spread whether they are spread over the map, or its last ones
 */
record ObservationWindow(int[] positions, boolean spread) {
  /** Returns the last {@code count} tokens of a map, all of them if it has fewer. */
  static ObservationWindow last(TokenMap map, int count) {
    int n = map.tokens();
    return new ObservationWindow(IntStream.range(n - Math.min(count, n), n).toArray(), false);
  }

  /**
   * Returns the centres ⌊(i+½)·h/g⌋, ⌊(j+½)·w/g⌋ of g×g patches; fewer if a side of the map is
   * shorter than g.
   */
  static ObservationWindow grid(TokenMap map, int g) {
    return of(map, centres(map.height(), g), centres(map.width(), g));
  }

  private static int[] centres(int side, int g) {
    return IntStream.range(0, g).map(i -> (2 * i + 1) * side / (2 * g)).distinct().toArray();
  }

  /**
   * Returns the centres i·p + ⌊(p−1)/2⌋ of g×g square patches of side p = ⌊h/g⌋; rows and columns
   * beyond g·p belong to none.
   *
   * @param map square, its side at least g
   */
  static ObservationWindow patches(TokenMap map, int g) {
    int p = map.height() / g;
    int[] centres = IntStream.range(0, g).map(i -> i * p + (p - 1) / 2).toArray();
    return of(map, centres, centres);
  }

  /**
   * Returns the window of the released ScaleKV: {@link #patches} of the largest grid of at most
   * {@code tokens}; the last tokens if the map is not square or shorter than the grid.
   */
  static ObservationWindow released(TokenMap map, int tokens) {
    int g = side(tokens);
    boolean grid = map.height() == map.width() && map.height() >= g;
    return grid ? patches(map, g) : last(map, tokens);
  }

  private static ObservationWindow of(TokenMap map, int[] rows, int[] columns) {
    int[] positions =
        IntStream.of(rows)
            .flatMap(r -> IntStream.of(columns).map(c -> r * map.width() + c))
            .toArray();
    return new ObservationWindow(positions, true);
  }

  /** Returns g of the largest g×g grid of at most {@code tokens} tokens. */
  static int side(int tokens) {
    return (int) Math.sqrt(tokens);
  }

  /**
   * Returns {@code count} of the tokens, all if there are fewer: evenly among them if they are
   * spread, else the last.
   */
  int[] some(int count) {
    int n = positions.length;
    int m = Math.min(count, n);
    return IntStream.range(0, m)
        .map(i -> positions[spread ? (2 * i + 1) * n / (2 * m) : n - m + i])
        .toArray();
  }
}
