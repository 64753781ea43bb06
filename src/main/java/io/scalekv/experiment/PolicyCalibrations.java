package io.scalekv.experiment;

import io.scalekv.cache.BudgetPlan;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.policy.PolicyCalibration;
import io.scalekv.roles.Calibrations;
import io.scalekv.roles.HeatKvOrders;
import io.scalekv.roles.LayerRoles;
import io.scalekv.roles.LayerScale;
import io.scalekv.roles.RoleAssignment;
import io.scalekv.roles.RolesDocument;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;

/** From a {@code roles.json} to what the policies need. */
public final class PolicyCalibrations {
  private PolicyCalibrations() {}

  /**
   * What a calibration tells the policies at a budget.
   *
   * <p>Roles are those of the document where its budget is the same. At another budget other scales
   * read a cut cache, so that the pairs are ranked anew by the document's metric with the default
   * N_d; a document without a metric keeps its roles.
   *
   * @param schedule token maps that will be drawn; others than the document's are an error
   * @param layers layers of the model
   * @param heads heads of the model
   * @param budget mean tokens per layer and head
   */
  public static PolicyCalibration of(
      RolesDocument document, ScaleSchedule schedule, int layers, int heads, int budget) {
    RolesDocument.Model m = document.model();
    if (m.layers() != layers || m.heads() != heads || !m.schedule().equals(schedule.maps())) {
      throw new IllegalArgumentException(
          String.format(
              "calibration of %s: %d layers, %d heads and maps %s expected, got %d, %d and %s",
              m.name(), layers, heads, schedule.maps(), m.layers(), m.heads(), m.schedule()));
    }
    Calibrations more = Calibrations.of(document);
    return of(roles(document, schedule, budget))
        .with(
            PolicyCalibration.HEATKV,
            more.heatKv().map(PolicyCalibrations::blockOrder).orElse(null))
        .with(PolicyCalibration.AMS_KV, more.amsKvSimilarity().orElse(null))
        .with(PolicyCalibration.HACK, more.hackVariance().orElse(null))
        .with(PolicyCalibration.ERROR_CURVES, more.errorCurves().orElse(null));
  }

  private static PolicyCalibration.BlockOrder blockOrder(HeatKvOrders orders) {
    int first = orders.sinkScales();
    return new PolicyCalibration.BlockOrder(
        first,
        IntStream.range(first, orders.scales() - 1).mapToObj(orders::order).toArray(int[][]::new));
  }

  /** What was measured on a schedule, with roles made of it. */
  static PolicyCalibration of(
      PolicyCalibrator.Result measured, ScaleSchedule schedule, RoleAssignment roles) {
    return of(roles)
        .with(
            PolicyCalibration.HEATKV,
            blockOrder(
                HeatKvOrders.ofScores(measured.blockMass(), Calibrator.firstBlock(schedule))))
        .with(PolicyCalibration.AMS_KV, measured.mapSimilarity())
        .with(PolicyCalibration.HACK, measured.attentionVariance());
  }

  /**
   * Random roles and nothing else, for shapes and times.
   *
   * @param layers L
   * @param schedule token maps
   * @param budget mean tokens per layer and head
   */
  public static PolicyCalibration random(
      int layers, ScaleSchedule schedule, int budget, long seed) {
    int first = BudgetPlan.firstCutScale(schedule, budget);
    int drafters = LayerRoles.defaultDrafters(layers, schedule.scales() - first);
    return random(layers, schedule.scales(), first, drafters, seed);
  }

  /**
   * The same.
   *
   * @param first the first map that reads a cut cache
   * @param drafters N_d
   */
  static PolicyCalibration random(int layers, int scales, int first, int drafters, long seed) {
    List<LayerScale> pairs = new ArrayList<>();
    for (int k = first; k < scales; k++) {
      for (int l = 0; l < layers; l++) {
        pairs.add(new LayerScale(l, k));
      }
    }
    if (drafters > pairs.size()) {
      throw new IllegalArgumentException(
          "random roles: at most " + pairs.size() + " drafters expected, got " + drafters);
    }
    Collections.shuffle(pairs, new Random(seed));
    return of(RoleAssignment.of(layers, scales, pairs.subList(0, drafters)));
  }

  /** Roles and nothing else. */
  static PolicyCalibration of(RoleAssignment roles) {
    return PolicyCalibration.NONE.with(PolicyCalibration.ROLES, roles.mask());
  }

  private static RoleAssignment roles(RolesDocument document, ScaleSchedule schedule, int budget) {
    if (document.budget().tokens() == budget) {
      return document.assignment();
    }
    double[][] metric = document.metricTable();
    int first = BudgetPlan.firstCutScale(schedule, budget);
    for (int k = first; k < schedule.scales(); k++) {
      if (Double.isNaN(metric[0][k])) {
        return document.assignment();
      }
    }
    int drafters = LayerRoles.defaultDrafters(metric.length, schedule.scales() - first);
    return LayerRoles.of(
            document.metric().name(), metric, document.metric().drafters(), first, drafters)
        .assignment();
  }
}
