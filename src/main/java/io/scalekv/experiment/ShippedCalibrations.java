package io.scalekv.experiment;

import io.scalekv.io.Json;
import io.scalekv.model.ModelChoice;
import io.scalekv.model.ModelConfig;
import io.scalekv.roles.Calibrations;
import io.scalekv.roles.RolesDocument;
import io.scalekv.roles.RolesJson;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import tools.jackson.databind.node.ObjectNode;

/** The calibrations that come with the models; error curves have a file of their own. */
public final class ShippedCalibrations {
  private ShippedCalibrations() {}

  /** Returns the calibration of a model whose own weights are used, if one comes with it. */
  public static Optional<RolesDocument> of(ModelChoice choice) {
    return choice.shipped() ? of(choice.config()) : Optional.empty();
  }

  /** The calibration of that model, with its error curves, if one comes with it. */
  public static Optional<RolesDocument> of(ModelConfig model) {
    return roles(model).map(d -> withErrorCurves(d, model));
  }

  private static Optional<RolesDocument> roles(ModelConfig model) {
    String resource = "calibrations/" + model.name() + ".json";
    return text(resource).map(t -> RolesJson.parse(t, resource));
  }

  private static RolesDocument withErrorCurves(RolesDocument document, ModelConfig model) {
    String resource = "error-curves/" + model.name() + ".json";
    return text(resource)
        .map(t -> (ObjectNode) Json.parse(t, resource))
        .map(curves -> document.withCalibrations(Calibrations.of(document).withErrorCurves(curves)))
        .orElse(document);
  }

  private static Optional<String> text(String resource) {
    try (InputStream in = ShippedCalibrations.class.getResourceAsStream(resource)) {
      return in == null
          ? Optional.empty()
          : Optional.of(new String(in.readAllBytes(), StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
