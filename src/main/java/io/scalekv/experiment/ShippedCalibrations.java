package io.scalekv.experiment;

import io.scalekv.model.ModelChoice;
import io.scalekv.roles.Calibration;
import io.scalekv.roles.CalibrationFile;
import java.util.Optional;

/** Calibrations that come with the models. */
public final class ShippedCalibrations {
  private ShippedCalibrations() {}

  /** Returns the calibration of a model whose own weights are used, if one comes with it. */
  public static Optional<Calibration> of(ModelChoice choice) {
    return choice.shipped() ? CalibrationFile.shipped(choice.config().name()) : Optional.empty();
  }
}
