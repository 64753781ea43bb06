package io.scalekv.cache.policy;

import io.scalekv.cache.policy.PolicyCalibration.BlockOrder;
import java.util.Map;

/**
 * Whole blocks, all tokens of one map in one head, leave in the order in which later maps looked at
 * them during calibration (HeatKV, arXiv 2605.14877); see {@link HeatKvSchedule}. The limit is
 * L·H·b tokens.
 */
final class HeatKv {
  static final PolicyKind KIND =
      new PolicyKind(
          "heatkv",
          "HeatKV, arXiv 2605.14877",
          Map.of(
              "strict",
              "true (default): the limit holds after every layer's write, as published; false:"
                  + " between maps only"),
          (spec, c) -> {
            BlockOrder order =
                PolicyCalibration.required(
                    c.calibration().blockOrder(), "heatkv", "block orders (heatkv)");
            boolean strict = spec.choice("strict", "true", "false").equals("true");
            long limit = (long) c.layers() * c.heads() * c.budget();
            HeatKvSchedule blocks =
                HeatKvSchedule.of(c.schedule(), c.layers(), c.heads(), limit, order, strict);
            return PlannedPolicy.of(spec.toString(), c, c.heads(), blocks::positions);
          });

  private HeatKv() {}
}
