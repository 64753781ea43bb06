package io.scalekv.profile;

import io.scalekv.cache.CachePolicy;
import io.scalekv.cache.Geometry;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.TokenMap;
import io.scalekv.io.Require;
import io.scalekv.model.AttentionTap;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.function.IntConsumer;

/**
 * Attention of a set of images under the full cache, replayed to taps: a model that draws the
 * images, or a recording of one. Images count from 0; what a tap sees of an image does not depend
 * on the other images, except through rounding.
 */
public interface AttentionSource {
  /** Parts of attention that a source may lack. */
  enum Content {
    /** Queries and keys, not only statistics of them. */
    TENSORS("statistics=False"),
    /** Every query row of every map. */
    ALL_QUERIES("queries=\"all\""),
    /** Values. */
    VALUES("values=True"),
    /** Keys whose rotation by position is known. */
    ROTATION("info={\"rotaryReference\": [height, width]}");

    private final String setting;

    Content(String setting) {
      this.setting = setting;
    }
  }

  /** Observer of the attention of images that are replayed in batches. */
  interface Observer {
    /**
     * Returns the taps for a batch of images. They may rely on the order of the scales of one
     * layer, not on that of the layers.
     *
     * @param images their indices in the prompt set
     */
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

  /** Returns what taps see besides keys and some queries. */
  default Set<Content> content() {
    return EnumSet.allOf(Content.class);
  }

  /** Returns whether {@link #changedCodes} can be measured. */
  default boolean draws() {
    return true;
  }

  /** Returns statistics that came in place of tensors; then nothing can be replayed. */
  default Optional<AttentionProfile> statistics() {
    return Optional.empty();
  }

  /**
   * Returns the sampling nearest to the wanted one.
   *
   * @throws IllegalArgumentException if more is wanted than the source has; one line
   */
  default ProfileOptions sampling(ProfileOptions wanted) {
    return wanted;
  }

  /** Returns one line that names the recording a reader needs; empty if the source suffices. */
  static Optional<String> lacking(AttentionSource source, String reader, Set<Content> needed) {
    List<String> lacking =
        needed.stream().filter(c -> !source.content().contains(c)).map(c -> c.setting).toList();
    return lacking.isEmpty()
        ? Optional.empty()
        : Optional.of(reader + " needs a recording with " + String.join(", ", lacking));
  }

  /**
   * Checks that a source has parts of attention.
   *
   * @throws IllegalArgumentException with one line that names the recording that has them
   */
  static void require(AttentionSource source, String reader, Set<Content> needed) {
    Optional<String> lacking = lacking(source, reader, needed);
    Require.that(lacking.isEmpty(), "%s", lacking.orElse(""));
  }

  /** Returns the shape of the attention that taps see. */
  default ProfileGeometry shape() {
    return new ProfileGeometry(geometry().layers(), geometry().heads(), schedule());
  }
}
