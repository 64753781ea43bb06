package io.scalekv.experiment;

import io.scalekv.cache.Allocation;
import io.scalekv.cache.Budget;
import io.scalekv.cache.BudgetPlan;
import io.scalekv.cache.Geometry;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.policy.PolicyCalibration;
import io.scalekv.model.ImageModel;
import io.scalekv.profile.LayerMetric;
import io.scalekv.profile.ProfileOptions;
import io.scalekv.profile.TopKeys;
import io.scalekv.roles.LayerRoles;
import io.scalekv.roles.Orientation;
import io.scalekv.roles.RoleAssignment;
import io.scalekv.roles.RoleClassifier;
import io.scalekv.roles.RolesDocument;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/** From a cell's calibration to what its policy is told; each measurement is made once. */
final class CellCalibrations {
  /** What a measurement depends on; the cut is 0 where the metric knows of none. */
  private record MeasuredOn(
      Cell.Generation generation,
      String topK,
      String promptSha256,
      long seed,
      String rows,
      int cutTokens) {}

  private final ImageModel model;
  private final Optional<RolesDocument> shipped;
  private final PromptTexts texts;
  private final Map<MeasuredOn, PolicyCalibrator.Result> measured = new HashMap<>();

  CellCalibrations(ImageModel model, Optional<RolesDocument> shipped, PromptTexts texts) {
    this.model = model;
    this.shipped = shipped;
    this.texts = texts;
  }

  /** The calibration of a cell at one of its budgets. */
  PolicyCalibration of(Cell cell, int budget, RunListener listener) {
    Cell.Calibration c = cell.calibration();
    ScaleSchedule schedule = cell.generation().maps();
    if (c == null) {
      return PolicyCalibration.NONE;
    }
    Geometry shape = model.config().geometry();
    if (c.source().equals(Cell.Calibration.SHIPPED)) {
      return shipped
          .map(d -> PolicyCalibrations.of(d, schedule, shape.layers(), shape.heads(), budget))
          .orElse(PolicyCalibration.NONE);
    }
    int first = BudgetPlan.firstCutScale(schedule, budget);
    int cut = schedule.scales() - first;
    int drafters =
        c.drafters() == null ? LayerRoles.defaultDrafters(shape.layers(), cut) : c.drafters();
    return c.source().equals(Cell.Calibration.RANDOM)
        ? PolicyCalibrations.random(shape.layers(), schedule.scales(), first, drafters, c.seed())
        : measured(cell, budget, first, drafters, listener);
  }

  private PolicyCalibration measured(
      Cell cell, int budget, int first, int drafters, RunListener listener) {
    Cell.Calibration c = cell.calibration();
    LayerMetric metric = LayerMetric.ofCliName(c.metric());
    boolean lowest = metric.highMeansRefiner() != c.inverted();
    PolicyCalibrator.Result result = measure(cell, budget, listener);
    RoleAssignment roles =
        LayerRoles.of(
                metric.cliName(),
                result.profile().orElseThrow().metric(metric),
                lowest ? Orientation.LOWEST : Orientation.HIGHEST,
                first,
                drafters)
            .assignment();
    return PolicyCalibrations.of(result, cell.generation().maps(), roles);
  }

  private PolicyCalibrator.Result measure(Cell cell, int budget, RunListener listener) {
    Cell.Calibration c = cell.calibration();
    Cell.Generation g = cell.generation();
    LayerMetric metric = LayerMetric.ofCliName(c.metric());
    MeasuredOn key =
        new MeasuredOn(
            g,
            c.topK(),
            c.promptSha256(),
            c.seed(),
            c.querySamples(),
            metric.needsCut() ? budget : 0);
    PolicyCalibrator.Result known = measured.get(key);
    if (known != null) {
      return known;
    }
    int rows =
        c.querySamples().equals("all") ? ProfileOptions.ALL : Integer.parseInt(c.querySamples());
    List<String> prompts = texts.get(c.promptSha256());
    Calibrator calibrator =
        new Calibrator(
            model,
            new Calibrator.Options(
                g.drawing(c.seed()),
                ProfileOptions.defaults()
                    .withSeed(c.seed())
                    .withQuerySamples(rows)
                    .withHistoryTopK(TopKeys.parse(c.topK())),
                metric,
                new Budget.Tokens(budget),
                new Allocation.Released(),
                RoleClassifier.of("rank", OptionalInt.empty(), 0),
                0,
                g.batch()));
    listener.begun("calibration", prompts.size());
    try {
      PolicyCalibrator.Result result =
          calibrator.measure(prompts, done -> listener.step("prompt " + done));
      measured.put(key, result);
      return result;
    } finally {
      listener.ended();
    }
  }
}
