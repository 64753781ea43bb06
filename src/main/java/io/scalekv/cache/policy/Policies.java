package io.scalekv.cache.policy;

import io.scalekv.cache.CachePolicy;
import java.util.List;
import java.util.stream.Collectors;

/** The policies that can be chosen by name. A new one is its own file and one line here. */
public final class Policies {
  /** All of them, the reference first, then the floor of every comparison. */
  public static final List<PolicyKind> KINDS =
      List.of(
          Full.KIND,
          RandomTokens.KIND,
          StreamingLlm.SLIDING_WINDOW,
          StreamingLlm.KIND,
          H2o.KIND,
          SnapKv.KIND,
          PyramidKv.KIND,
          ScaleKv.KIND,
          ReleasedScaleKv.KIND,
          HeatKv.KIND,
          AmsKv.KIND,
          Hack.KIND,
          ErrorCurve.KIND,
          OneLayer.KIND);

  private Policies() {}

  /** The kind of that name. */
  public static PolicyKind kind(String name) {
    return KINDS.stream()
        .filter(k -> k.name().equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "policy: one of "
                        + KINDS.stream().map(PolicyKind::name).collect(Collectors.joining(", "))
                        + " expected, got '"
                        + name
                        + "'"));
  }

  /** The policy that was typed, for a model and a budget. */
  public static CachePolicy create(PolicySpec spec, PolicyContext context) {
    return kind(spec.name()).create(spec, context);
  }
}
