package io.scalekv.roles;

import io.scalekv.cache.policy.PolicyCalibration;
import io.scalekv.io.JsonPlace;
import io.scalekv.profile.AttentionVarianceTap;
import io.scalekv.profile.ProfileGeometry;
import io.scalekv.profile.PromptTap;
import io.scalekv.profile.PromptValues;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** Rank of the attention variance of every head, for HACK: {@code {variance [layer][head]}}. */
public final class HackPart implements CalibrationPart.Tapped<double[][]> {
  @Override
  public String name() {
    return PolicyCalibration.HACK;
  }

  @Override
  public Class<double[][]> type() {
    return double[][].class;
  }

  @Override
  public int width(ProfileGeometry shape) {
    return shape.heads();
  }

  @Override
  public PromptTap tap(PromptTap.Generation generation) {
    return AttentionVarianceTap.create(generation);
  }

  @Override
  public double[][] finish(PromptValues values) {
    return AttentionVarianceTap.ranks(values);
  }

  @Override
  public JsonNode write(double[][] variance, CalibratedModel model) {
    ObjectNode tree = JsonNodeFactory.instance.objectNode();
    ArrayNode rows = tree.putArray("variance");
    for (double[] layer : variance) {
      ArrayNode row = rows.addArray();
      for (double value : layer) {
        row.add(value);
      }
    }
    return tree;
  }

  @Override
  public double[][] read(JsonPlace tree, CalibratedModel model) {
    tree.only("variance");
    return tree.at("variance").elements(model.layers()).stream()
        .map(row -> row.numbers(model.heads()))
        .toArray(double[][]::new);
  }
}
