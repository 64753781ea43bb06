package io.scalekv.roles;

import io.scalekv.cache.ScaleSchedule;
import io.scalekv.io.JsonPlace;
import io.scalekv.profile.AttentionProfile;
import io.scalekv.profile.AttentionSource;
import io.scalekv.profile.ProfileGeometry;
import io.scalekv.profile.PromptTap;
import io.scalekv.profile.PromptValues;
import java.util.List;
import java.util.Set;

/**
 * Part of a calibration: a measured value that some policies need. A new part is one implementation
 * and one line of {@link #ALL}.
 *
 * @param <T> the value
 */
public interface CalibrationPart<T> {
  /** ScaleKV's roles and budgets. */
  RolesPart ROLES = new RolesPart();

  /** HeatKV's orders. */
  HeatKvPart HEATKV = new HeatKvPart();

  /** Curves of the error-curve policy. */
  ErrorCurvesPart ERROR_CURVES = new ErrorCurvesPart();

  /** All parts, in the order of the file. */
  List<CalibrationPart<?>> ALL =
      List.of(ROLES, HEATKV, new AmsKvPart(), new HackPart(), ERROR_CURVES);

  /** Returns the name in files, on the command line and in the needs of policies. */
  String name();

  /** Returns the parts of attention that the measurement reads. */
  default Set<AttentionSource.Content> needs(AttentionSource source) {
    return Set.of(AttentionSource.Content.TENSORS);
  }

  /** Returns the value as Jackson writes it: a tree, a record or a map. */
  Object write(T value, CalibratedModel model);

  /**
   * Reads the value.
   *
   * @throws IllegalArgumentException if it does not fit the model; one line that names the place
   */
  T read(JsonPlace tree, CalibratedModel model);

  /**
   * Returns the form in which policies read the value.
   *
   * @param budget mean tokens per layer and head
   */
  default Object forPolicies(T value, ScaleSchedule schedule, int budget) {
    return value;
  }

  /** Part that is measured in the same pass over the images as the profile. */
  interface Tapped<T> extends CalibrationPart<T> {
    /** Returns numbers per (layer, scale) and image. */
    int width(ProfileGeometry shape);

    /** Returns a tap for one generation. */
    PromptTap tap(PromptTap.Generation generation);

    /**
     * Returns the numbers of all images from statistics of every query row.
     *
     * @throws IllegalStateException for a part whose {@link #needs} ask for tensors; they are
     *     checked before anything is measured
     */
    default PromptValues of(AttentionProfile statistics) {
      throw new IllegalStateException(name() + " cannot be measured from statistics");
    }

    /** Returns the value from the numbers of all images. */
    T finish(PromptValues values);
  }
}
