package io.scalekv.experiment;

import io.scalekv.model.ModelConfig;
import io.scalekv.roles.RolesDocument;
import io.scalekv.roles.RolesJson;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/** The calibrations that come with the models. */
public final class ShippedCalibrations {
  private ShippedCalibrations() {}

  /** The calibration of that model, if one comes with it. */
  public static Optional<RolesDocument> of(ModelConfig model) {
    String resource = "calibrations/" + model.name() + ".json";
    try (InputStream in = ShippedCalibrations.class.getResourceAsStream(resource)) {
      return in == null
          ? Optional.empty()
          : Optional.of(
              RolesJson.parse(new String(in.readAllBytes(), StandardCharsets.UTF_8), resource));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
