package io.scalekv.cache.policy;

import io.scalekv.cache.CachePolicy;
import io.scalekv.cache.policy.PolicyCalibration.BlockOrder;
import java.util.Arrays;
import java.util.Map;

/**
 * Whole blocks, all tokens of one map in one head, leave in the order in which later maps looked at
 * them during calibration (HeatKV, arXiv 2605.14877); see {@link HeatKvSchedule}. The limit is
 * L·H·b tokens. The first three maps are never dropped, or fewer where the budget is too small for
 * them; the name then says how many.
 */
final class HeatKv {
  static final PolicyKind KIND =
      new PolicyKind(
          "heatkv",
          "HeatKV, arXiv 2605.14877",
          Map.of(
              "strict",
              "true (default): the limit holds after every layer's write, as published; false:"
                  + " between maps only",
              "sinks",
              "first maps that are never dropped (3, or the most that fit in the budget)"),
          HeatKv::create);

  private static final int SINKS = 3;

  private HeatKv() {}

  private static CachePolicy create(PolicySpec spec, PolicyContext c) {
    BlockOrder measured =
        PolicyCalibration.required(c.calibration().blockOrder(), "heatkv", "block orders (heatkv)");
    boolean strict = spec.choice("strict", "true", "false").equals("true");
    int sinks = sinks(spec, c, measured);
    BlockOrder order =
        new BlockOrder(
            sinks,
            Arrays.copyOfRange(
                measured.order(), sinks - measured.firstMap(), measured.order().length));
    long limit = (long) c.layers() * c.heads() * c.budget();
    HeatKvSchedule blocks =
        HeatKvSchedule.of(c.schedule(), c.layers(), c.heads(), limit, order, strict);
    String name =
        sinks == SINKS || spec.settings().containsKey("sinks")
            ? spec.toString()
            : spec + " (sinks=" + sinks + ")";
    return PlannedPolicy.of(name, c, c.heads(), blocks::positions);
  }

  /** First maps that stay, at least those that no order was measured for. */
  private static int sinks(PolicySpec spec, PolicyContext c, BlockOrder measured) {
    int least = measured.firstMap();
    int most = c.schedule().scales() - 2;
    if (spec.settings().containsKey("sinks")) {
      return spec.integer("sinks", SINKS, least, most);
    }
    int sinks = Math.max(least, Math.min(SINKS, most));
    while (sinks > least && c.schedule().tokensBefore(sinks) > c.budget()) {
      sinks--;
    }
    return sinks;
  }
}
