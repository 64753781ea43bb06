package io.scalekv.cache.policy;

import io.scalekv.cache.CachePolicy;
import io.scalekv.cache.ScoredPolicy;
import io.scalekv.cache.SelectionInputs;
import java.util.List;

/**
 * Policy of another project, found by {@link java.util.ServiceLoader}: retains the keys of smallest
 * norm (Devoto et al., arXiv 2406.11430), or of largest.
 */
public final class KeyNorm implements PolicyKind {
  private static final Setting<Boolean> LARGEST =
      Setting.flag("largest", false, "retain the keys of largest norm instead");

  @Override
  public String name() {
    return "key-norm";
  }

  @Override
  public String summary() {
    return "tokens whose keys have the smallest norm";
  }

  @Override
  public String source() {
    return "Devoto et al., arXiv 2406.11430";
  }

  @Override
  public List<Setting<?>> settings() {
    return List.of(LARGEST);
  }

  @Override
  public CachePolicy create(PolicySpec spec, PolicyContext context) {
    float sign = LARGEST.of(spec) ? 1 : -1;
    return ScoredPolicy.of(spec.toString(), context.uniform(), in -> norms(in, sign));
  }

  private static float[] norms(SelectionInputs in, float sign) {
    float[] keys = in.keys().toFloatArray();
    int width = (int) in.keys().getShape().get(3);
    float[] scores = new float[keys.length / width];
    for (int i = 0; i < keys.length; i++) {
      scores[i / width] += sign * keys[i] * keys[i];
    }
    return scores;
  }
}
