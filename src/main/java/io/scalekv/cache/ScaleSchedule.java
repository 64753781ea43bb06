package io.scalekv.cache;

import io.scalekv.io.Require;
import java.util.Arrays;
import java.util.List;

/**
 * Token maps that a visual autoregressive model predicts, in order. Scales are counted from 0: map
 * k has n_k tokens and reads the T_k = n_0 + … + n_{k-1} tokens before it.
 *
 * @param maps the K token maps, at least one
 */
public record ScaleSchedule(List<TokenMap> maps) {
  /** Copies the list and checks that it is not empty. */
  public ScaleSchedule {
    maps = List.copyOf(maps);
    Require.that(!maps.isEmpty(), "scale schedule must have at least one token map, got none");
  }

  /** Returns a schedule of square maps with the given sides, in tokens. */
  public static ScaleSchedule ofSides(int... sides) {
    return new ScaleSchedule(Arrays.stream(sides).mapToObj(s -> new TokenMap(s, s)).toList());
  }

  /** Returns the number of scales K. */
  public int scales() {
    return maps.size();
  }

  /** Returns token map {@code k}, 0-based. */
  public TokenMap map(int k) {
    return maps.get(k);
  }

  /** Returns the last token map, that of the latent image. */
  public TokenMap last() {
    return maps.get(maps.size() - 1);
  }

  /** Returns tokens of map {@code k}: n_k. */
  public int tokens(int k) {
    return maps.get(k).tokens();
  }

  /**
   * Returns tokens before map {@code k}: T_k = n_0 + … + n_{k-1}; {@code k} may be K, then all
   * tokens.
   */
  public int tokensBefore(int k) {
    int sum = 0;
    for (int i = 0; i < k; i++) {
      sum += tokens(i);
    }
    return sum;
  }

  /** Returns all tokens of all maps, T_K. */
  public int totalTokens() {
    return tokensBefore(scales());
  }

  /** Returns tokens of all maps but the last, T_{K-1}: those of a full cache. */
  public int historyTokens() {
    return tokensBefore(scales() - 1);
  }

  /** Returns the map of the token at {@code position}, 0-based in cache order. */
  public int scaleOf(int position) {
    int end = 0;
    for (int k = 0; k < scales(); k++) {
      end += tokens(k);
      if (position < end) {
        return k;
      }
    }
    throw new IndexOutOfBoundsException("position must be below " + end + ", got " + position);
  }
}
