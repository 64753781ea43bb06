package io.scalekv.roles;

import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.policy.PolicyCalibration;
import io.scalekv.io.JsonPlace;
import io.scalekv.profile.AttentionProfile;
import io.scalekv.profile.AttentionSource;
import io.scalekv.profile.BlockMassTap;
import io.scalekv.profile.ProfileGeometry;
import io.scalekv.profile.PromptTap;
import io.scalekv.profile.PromptValues;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Orders in which HeatKV drops heads: {@code {sinkScales, orders}}, the orders by source scale from
 * sinkScales + 1 on, each a list of head · L + layer by rank.
 */
public final class HeatKvPart implements CalibrationPart.Tapped<HeatKvOrders> {
  /** Maps that no head drops: few, as budgets may be too small for more. */
  private static final int SINK_SCALES = 1;

  /** Content of the file. */
  record Content(int sinkScales, int[][] orders) {}

  @Override
  public String name() {
    return PolicyCalibration.HEATKV;
  }

  private static int sinkScales(int scales) {
    return Math.min(SINK_SCALES, scales - 2);
  }

  @Override
  public int width(ProfileGeometry shape) {
    return BlockMassTap.width(shape);
  }

  @Override
  public PromptTap tap(PromptTap.Generation generation) {
    return new BlockMassTap(generation);
  }

  /** Statistics of every query row hold the attention on each source map. */
  @Override
  public Set<AttentionSource.Content> needs(AttentionSource source) {
    return source.statistics().isPresent()
        ? Set.of(AttentionSource.Content.ALL_QUERIES)
        : Set.of(AttentionSource.Content.TENSORS);
  }

  @Override
  public PromptValues of(AttentionProfile statistics) {
    return BlockMassTap.of(statistics);
  }

  @Override
  public HeatKvOrders finish(PromptValues values) {
    int sinks = sinkScales(values.geometry().scales());
    return HeatKvOrders.ofScores(BlockMassTap.scores(values, sinks), sinks);
  }

  @Override
  public Content write(HeatKvOrders orders, CalibratedModel model) {
    return new Content(orders.sinkScales(), orders.orders());
  }

  @Override
  public HeatKvOrders read(JsonPlace tree, CalibratedModel model) {
    tree.only("sinkScales", "orders");
    int sinks = tree.at("sinkScales").integer(0, model.scales() - 2);
    int pairs = model.heads() * model.layers();
    List<JsonPlace> lists = tree.at("orders").elements(model.scales() - 1 - sinks);
    int[][] orders =
        lists.stream()
            .map(
                list ->
                    list.elements(pairs).stream()
                        .mapToInt(pair -> pair.integer(0, pairs - 1))
                        .toArray())
            .toArray(int[][]::new);
    return tree.with(
        () -> new HeatKvOrders(sinks, model.scales(), model.layers(), model.heads(), orders));
  }

  @Override
  public PolicyCalibration.BlockOrder forPolicies(
      HeatKvOrders orders, ScaleSchedule schedule, int budget) {
    int first = orders.sinkScales();
    return new PolicyCalibration.BlockOrder(
        first,
        IntStream.range(first, orders.scales() - 1).mapToObj(orders::order).toArray(int[][]::new));
  }
}
