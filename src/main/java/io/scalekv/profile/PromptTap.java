package io.scalekv.profile;

import io.scalekv.cache.TokenMap;
import io.scalekv.model.AttentionTap;
import java.util.Optional;

/** Tap that measures numbers at every (layer, scale) of each image of one generation. */
public interface PromptTap extends AttentionTap {
  /** Returns numbers measured so far. */
  PromptValues values();

  /**
   * One generation to observe.
   *
   * @param shape layers, heads and token maps
   * @param rotaryReference map to which rotary positions of keys are normalised; empty for none
   * @param columns column sums shared by the taps of this generation
   * @param images index of the image in each conditional batch row
   */
  record Generation(
      ProfileGeometry shape,
      Optional<TokenMap> rotaryReference,
      SharedColumns columns,
      int... images) {
    /** Returns a generation of a source. */
    public static Generation of(AttentionSource source, int... images) {
      return new Generation(source.shape(), source.rotaryReference(), new SharedColumns(), images);
    }
  }
}
