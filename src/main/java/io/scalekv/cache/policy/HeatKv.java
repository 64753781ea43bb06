package io.scalekv.cache.policy;

import io.scalekv.cache.CachePolicy;
import io.scalekv.cache.policy.PolicyCalibration.BlockOrder;
import io.scalekv.io.Require;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/**
 * HeatKV policy (arXiv 2605.14877): evicts whole blocks, all tokens of one map in one head, in
 * ascending order of the attention that later maps gave them during calibration; see {@link
 * HeatKvSchedule}. The limit is L·H·b tokens. The first three maps are never evicted, or fewer
 * where the budget is too small for them; the name then states how many.
 */
final class HeatKv {
  private static final Setting<Boolean> STRICT =
      Setting.flag(
          "strict",
          true,
          "apply the limit after every layer's write, as published, not only between scales");
  private static final Setting<Integer> SINKS =
      Setting.integer("sinks", 3, 0, 99, "first maps that are never evicted, as far as they fit");

  static final PolicyKind KIND =
      PolicyKind.of(
          "heatkv",
          "whole blocks (map and head) in the order of calibrated attention",
          "HeatKV, arXiv 2605.14877",
          List.of(STRICT, SINKS),
          Set.of(PolicyCalibration.HEATKV),
          HeatKv::create);

  private HeatKv() {}

  private static CachePolicy create(PolicySpec spec, PolicyContext c) {
    BlockOrder measured = c.calibration().part(PolicyCalibration.HEATKV, BlockOrder.class);
    int sinks = sinks(spec, c, measured);
    BlockOrder order =
        new BlockOrder(
            sinks,
            Arrays.copyOfRange(
                measured.order(), sinks - measured.firstMap(), measured.order().length));
    long limit = (long) c.layers() * c.heads() * c.budget();
    HeatKvSchedule blocks =
        HeatKvSchedule.of(c.schedule(), c.layers(), c.heads(), limit, order, STRICT.of(spec));
    String name =
        sinks == SINKS.of(spec) || spec.has(SINKS)
            ? spec.toString()
            : spec + " (sinks=" + sinks + ")";
    return PlannedPolicy.of(name, c, c.heads(), blocks::positions);
  }

  /** Returns the number of first maps that are never evicted, at least those without an order. */
  private static int sinks(PolicySpec spec, PolicyContext c, BlockOrder measured) {
    int least = measured.firstMap();
    int most = c.schedule().scales() - 2;
    int asked = SINKS.of(spec);
    if (spec.has(SINKS)) {
      return (int) Require.between("policy heatkv: sinks", asked, least, most);
    }
    int sinks = Math.max(least, Math.min(asked, most));
    while (sinks > least && c.schedule().tokensBefore(sinks) > c.budget()) {
      sinks--;
    }
    return sinks;
  }
}
