package io.scalekv.cache.policy;

import io.scalekv.cache.FullPolicy;
import java.util.Map;

/** Everything is kept, whatever the budget: the reference of every comparison. */
final class Full {
  static final PolicyKind KIND =
      new PolicyKind(
          "full", "the reference", Map.of(), (spec, c) -> new FullPolicy(c.schedule(), c.layers()));

  private Full() {}
}
