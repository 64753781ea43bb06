package io.scalekv.cache.policy;

import io.scalekv.cache.CachePolicy;
import io.scalekv.cache.FullPolicy;
import io.scalekv.io.Require;
import java.util.List;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.stream.Stream;

/** List of the policies. A new one is its own file and one line here. */
public final class Policies {
  private static final List<PolicyKind> BUILT_IN =
      List.of(
          PolicyKind.of(
              "full",
              "all tokens, whatever the budget",
              "reference of every comparison",
              List.of(),
              (spec, c) -> new FullPolicy(c.schedule(), c.layers())),
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

  private static final List<PolicyKind> ALL =
      Stream.concat(
              BUILT_IN.stream(),
              ServiceLoader.load(PolicyKind.class).stream().map(ServiceLoader.Provider::get))
          .toList();

  private Policies() {}

  /** Returns all policies: the built-in ones, then those found by {@link ServiceLoader}. */
  public static List<PolicyKind> all() {
    return ALL;
  }

  /**
   * Returns the policy of that name.
   *
   * @throws IllegalArgumentException if there is none
   */
  public static PolicyKind kind(String name) {
    return Require.oneOf("policy", name, ALL, PolicyKind::name);
  }

  /**
   * Returns the kind of a specification whose settings are all known and in range.
   *
   * @throws IllegalArgumentException if name or a setting is unknown
   */
  public static PolicyKind kind(PolicySpec spec) {
    PolicyKind kind = kind(spec.name());
    List<String> known = kind.settings().stream().map(Setting::name).toList();
    for (String key : spec.settings().keySet()) {
      Require.that(
          known.contains(key),
          "policy %s: settings must be %s, got %s",
          kind.name(),
          known.isEmpty() ? "none" : "of " + String.join(", ", known),
          key);
    }
    kind.settings().forEach(s -> s.of(spec));
    return kind;
  }

  /** Returns the policy with its settings as results print it. */
  public static String label(PolicySpec spec) {
    return kind(spec.name()).label(spec);
  }

  /** Returns names of the calibration parts that a policy needs. */
  public static Set<String> needs(PolicySpec spec) {
    return kind(spec).needs(spec);
  }

  /**
   * Makes a policy for a model and a budget.
   *
   * @throws IllegalArgumentException if a setting is wrong, a calibration part is missing, or the
   *     budget is too small for the policy
   */
  public static CachePolicy create(PolicySpec spec, PolicyContext context) {
    PolicyKind kind = kind(spec);
    for (String part : kind.needs(spec)) {
      Require.that(
          context.calibration().has(part),
          "policy %s: missing calibration part %s: run calibrate, then pass --roles",
          kind.name(),
          part);
    }
    return kind.create(spec, context);
  }
}
