package io.scalekv.roles;

import io.scalekv.cache.policy.PolicyCalibration;
import io.scalekv.io.JsonPlace;
import io.scalekv.profile.AttentionVarianceTap;
import io.scalekv.profile.ProfileGeometry;
import io.scalekv.profile.PromptTap;
import io.scalekv.profile.PromptValues;
import java.util.Map;

/** Rank of the attention variance of every head, for HACK: {@code {variance [layer][head]}}. */
public final class HackPart implements CalibrationPart.Tapped<double[][]> {
  @Override
  public String name() {
    return PolicyCalibration.HACK;
  }

  @Override
  public int width(ProfileGeometry shape) {
    return shape.heads();
  }

  @Override
  public PromptTap tap(PromptTap.Generation generation) {
    return new AttentionVarianceTap(generation);
  }

  @Override
  public double[][] finish(PromptValues values) {
    return AttentionVarianceTap.ranks(values);
  }

  @Override
  public Map<String, double[][]> write(double[][] variance, CalibratedModel model) {
    return Map.of("variance", variance);
  }

  @Override
  public double[][] read(JsonPlace tree, CalibratedModel model) {
    tree.only("variance");
    return tree.at("variance").elements(model.layers()).stream()
        .map(row -> row.numbers(model.heads()))
        .toArray(double[][]::new);
  }
}
