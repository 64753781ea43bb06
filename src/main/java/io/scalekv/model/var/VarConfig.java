package io.scalekv.model.var;

import io.scalekv.cache.Geometry;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.io.Require;
import java.util.List;

/**
 * Shape of a VAR transformer (Tian et al., arXiv 2404.02905). The published switches are fixed:
 * cosine attention, layer norm eps 1e-6, learned absolute positions, no rotary embedding.
 *
 * @param depth layers
 * @param width C
 * @param heads H; the head width is C / H
 * @param ffnWidth F, hidden width of the feed-forward part
 * @param classes number of classes; the class after the last stands for none
 * @param codes V, entries of the tokenizer's codebook
 * @param codeWidth Z, channels of a code
 * @param sides sides of the square token maps
 * @param sharedAda whether all layers share the linear layer of the modulation, as the 512-pixel
 *     model does
 */
public record VarConfig(
    int depth,
    int width,
    int heads,
    int ffnWidth,
    int classes,
    int codes,
    int codeWidth,
    List<Integer> sides,
    boolean sharedAda) {
  /** Sides of the maps of a 256-pixel image, 680 tokens. */
  public static final List<Integer> SIDES_256 = List.of(1, 2, 3, 4, 5, 6, 8, 10, 13, 16);

  /** Sides of the maps of a 512-pixel image, 2 240 tokens. */
  public static final List<Integer> SIDES_512 = List.of(1, 2, 3, 4, 6, 9, 13, 18, 24, 32);

  /** Checks the numbers against each other. */
  public VarConfig {
    Require.atLeast("depth", depth, 1);
    Require.that(
        heads >= 1 && width % heads == 0, "heads must divide the width %d, got %d", width, heads);
    Require.atLeast("ffnWidth", ffnWidth, 1);
    Require.between("classes", classes, 1, 1_000_000);
    Require.between("codes", codes, 2, 1 << 20);
    Require.atLeast("codeWidth", codeWidth, 1);
    sides = List.copyOf(sides);
    Require.between("number of sides", sides.size(), 2, 64);
    sides.forEach(s -> Require.between("sides", s, 1, 512));
  }

  /** Returns layers, heads and head width. */
  public Geometry geometry() {
    return new Geometry(depth, heads, width / heads);
  }

  /** Returns the token maps. */
  public ScaleSchedule schedule() {
    return ScaleSchedule.ofSides(sides.stream().mapToInt(Integer::intValue).toArray());
  }

  /** Returns the bits that write an index of the codebook. */
  public int codeBits() {
    return Integer.SIZE - Integer.numberOfLeadingZeros(codes - 1);
  }
}
