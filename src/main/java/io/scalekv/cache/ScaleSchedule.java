package io.scalekv.cache;

import java.util.Arrays;
import java.util.List;

/**
 * The token maps that a visual autoregressive model predicts, in order. Scales are counted from 0:
 * map k has n_k tokens and reads the T_k = n_0 + … + n_{k-1} tokens before it.
 *
 * @param maps the K token maps, at least one
 */
public record ScaleSchedule(List<TokenMap> maps) {
  /** Copies the list and checks that it is not empty. */
  public ScaleSchedule {
    maps = List.copyOf(maps);
    if (maps.isEmpty()) {
      throw new IllegalArgumentException(
          "scale schedule: at least one token map expected, got none");
    }
  }

  /** A schedule of square maps with the given sides, in tokens. */
  public static ScaleSchedule ofSides(int... sides) {
    return new ScaleSchedule(Arrays.stream(sides).mapToObj(s -> new TokenMap(s, s)).toList());
  }

  /** Number of scales K. */
  public int scales() {
    return maps.size();
  }

  /** The geometry of map {@code k}, 0-based. */
  public TokenMap map(int k) {
    return maps.get(k);
  }

  /** The geometry of the last map, that of the latent image. */
  public TokenMap last() {
    return maps.get(maps.size() - 1);
  }

  /** Tokens of map {@code k}: n_k. */
  public int tokens(int k) {
    return maps.get(k).tokens();
  }

  /** Tokens before map {@code k}: T_k = n_0 + … + n_{k-1}; {@code k} may be K, then all tokens. */
  public int tokensBefore(int k) {
    int sum = 0;
    for (int i = 0; i < k; i++) {
      sum += tokens(i);
    }
    return sum;
  }

  /** All tokens of all maps, T_K. */
  public int totalTokens() {
    return tokensBefore(scales());
  }

  /** Tokens of all maps but the last: what a full cache holds, T_{K-1}. */
  public int historyTokens() {
    return tokensBefore(scales() - 1);
  }

  /** The map that token {@code position} (0-based, cache order) belongs to. */
  public int scaleOf(int position) {
    int end = 0;
    for (int k = 0; k < scales(); k++) {
      end += tokens(k);
      if (position < end) {
        return k;
      }
    }
    throw new IndexOutOfBoundsException(
        "scale schedule: position below " + end + " expected, got " + position);
  }
}
