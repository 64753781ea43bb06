package io.scalekv.roles;

import io.scalekv.cache.policy.PolicyCalibration;
import io.scalekv.io.JsonPlace;
import io.scalekv.profile.AttentionSource;
import io.scalekv.profile.MapSimilarityTap;
import io.scalekv.profile.ProfileGeometry;
import io.scalekv.profile.PromptTap;
import io.scalekv.profile.PromptValues;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;

/** Similarity of each layer's keys and values between maps, for AMS-KV: {@code {similarity}}. */
public final class AmsKvPart implements CalibrationPart.Tapped<double[]> {
  /** First maps that AMS-KV always retains. */
  private static final int FIRST_MAPS = 2;

  @Override
  public String name() {
    return PolicyCalibration.AMS_KV;
  }

  private static int firstMaps(ProfileGeometry shape) {
    return Math.min(FIRST_MAPS, shape.scales() - 1);
  }

  @Override
  public Set<AttentionSource.Content> needs(AttentionSource source) {
    return EnumSet.of(
        AttentionSource.Content.TENSORS,
        AttentionSource.Content.VALUES,
        AttentionSource.Content.ROTATION);
  }

  @Override
  public int width(ProfileGeometry shape) {
    return 1;
  }

  @Override
  public PromptTap tap(PromptTap.Generation generation) {
    return new MapSimilarityTap(generation, firstMaps(generation.shape()));
  }

  @Override
  public double[] finish(PromptValues values) {
    return MapSimilarityTap.similarity(values, firstMaps(values.geometry()));
  }

  @Override
  public Map<String, double[]> write(double[] similarity, CalibratedModel model) {
    return Map.of("similarity", similarity);
  }

  @Override
  public double[] read(JsonPlace tree, CalibratedModel model) {
    tree.only("similarity");
    return tree.at("similarity").numbers(model.layers());
  }
}
