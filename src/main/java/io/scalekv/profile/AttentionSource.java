package io.scalekv.profile;

import io.scalekv.cache.CachePolicy;
import io.scalekv.cache.Geometry;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.TokenMap;
import io.scalekv.model.AttentionTap;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.function.IntConsumer;

/**
 * Attention of a set of images under the full cache, replayed to taps: a model that draws the
 * images, or a recording of one. Images count from 0; what a tap sees of an image does not depend
 * on the other images, except through rounding.
 */
public interface AttentionSource {
  /** Observer of the attention of images that are replayed in batches. */
  interface Observer {
    /** Returns the taps for a batch of images. */
    List<? extends AttentionTap> taps(int... images);

    /** Called after each batch, before the taps of the next one are asked for. */
    default void replayed(int... images) {}
  }

  /** Returns layers, heads and head width of the model. */
  Geometry geometry();

  /** Returns token maps. */
  ScaleSchedule schedule();

  /** Returns the number of images. */
  int images();

  /**
   * Returns the map to which rotary positions of keys are normalised; empty for keys without
   * rotation.
   */
  Optional<TokenMap> rotaryReference();

  /** Returns the model, weights, prompts and sampling that the attention comes from, by name. */
  SortedMap<String, String> provenance();

  /**
   * Replays images while taps observe.
   *
   * @param images which ones, at least one
   * @param batch images replayed together, at least 1
   * @param progress receives the number of images replayed so far, for each image
   */
  void replay(int[] images, int batch, Observer observer, IntConsumer progress);

  /**
   * Measures the mean share of the image's token codes that change when a policy replaces the full
   * cache, [policy]; empty if the source cannot draw.
   *
   * @param images the first of them to draw, at least one
   * @param batch images drawn together, at least 1
   * @param progress receives the number of images drawn so far, (policies + 1) · images in all
   */
  Optional<double[]> changedCodes(
      List<CachePolicy> policies, int images, int batch, IntConsumer progress);

  /** Returns the shape of the attention that taps see. */
  default ProfileGeometry shape() {
    return new ProfileGeometry(geometry().layers(), geometry().heads(), schedule());
  }
}
