package io.scalekv.experiment;

import io.scalekv.cache.BudgetPlan;
import io.scalekv.cache.Geometry;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.policy.Policies;
import io.scalekv.cache.policy.PolicyCalibration;
import io.scalekv.cache.policy.PolicySpec;
import io.scalekv.model.ImageModel;
import io.scalekv.model.PromptSet;
import io.scalekv.profile.DrawnAttention;
import io.scalekv.profile.LayerStatistic;
import io.scalekv.profile.LayerStatistics;
import io.scalekv.profile.Measurements;
import io.scalekv.profile.ProfileOptions;
import io.scalekv.profile.TopKeys;
import io.scalekv.roles.Calibration;
import io.scalekv.roles.CalibrationRun;
import io.scalekv.roles.Orientation;
import io.scalekv.roles.RankClassifier;
import io.scalekv.roles.RoleAssignment;
import io.scalekv.roles.RoleStatistics;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** Calibrations of an experiment's runs, as their policies read them; each is measured once. */
final class RunCalibrations {
  /** All that a measurement depends on; the tokens are 0 for statistics without a budget. */
  private record Key(
      Run.Generation generation,
      String topK,
      String promptSha256,
      long seed,
      String rows,
      int cutTokens,
      Set<String> parts) {}

  /** Measurement and its further parts. */
  private record Measured(LayerStatistics statistics, PolicyCalibration parts) {}

  private final ImageModel model;
  private final Optional<Calibration> shipped;
  private final PromptTexts texts;
  private final Map<Key, Measured> measured = new HashMap<>();

  RunCalibrations(ImageModel model, Optional<Calibration> shipped, PromptTexts texts) {
    this.model = model;
    this.shipped = shipped;
    this.texts = texts;
  }

  /** Returns the calibration of a run at one of its budgets. */
  PolicyCalibration of(Run run, int budget, RunListener listener) {
    Run.Calibration c = run.calibration();
    ScaleSchedule schedule = run.generation().maps();
    if (c == null) {
      return PolicyCalibration.NONE;
    }
    Geometry shape = model.config().geometry();
    if (!(c instanceof Run.Calibration.Measured measured)) {
      return known(c, shipped, shape, schedule, budget);
    }
    int first = BudgetPlan.firstCutScale(schedule, budget);
    int drafters = drafters(c, shape.layers(), schedule, first);
    Measured found = measure(run, measured, budget, listener);
    return found
        .parts()
        .with(PolicyCalibration.ROLES, roles(found.statistics(), measured, first, drafters).mask());
  }

  /** Returns the calibration that needs no measurement: random roles, or the shipped one. */
  static PolicyCalibration known(
      Run.Calibration c,
      Optional<Calibration> shipped,
      Geometry shape,
      ScaleSchedule schedule,
      int budget) {
    return c instanceof Run.Calibration.Random random
        ? random(random, shape.layers(), schedule, budget)
        : shipped
            .map(d -> d.forPolicies(schedule, shape.layers(), shape.heads(), budget))
            .orElse(PolicyCalibration.NONE);
  }

  /** Returns random roles at a budget in tokens per layer and head. */
  static PolicyCalibration random(
      Run.Calibration.Random c, int layers, ScaleSchedule schedule, int budget) {
    int first = BudgetPlan.firstCutScale(schedule, budget);
    return PolicyCalibration.NONE.with(
        PolicyCalibration.ROLES,
        RoleAssignment.random(
                layers, schedule.scales(), first, drafters(c, layers, schedule, first), c.seed())
            .mask());
  }

  private static int drafters(Run.Calibration c, int layers, ScaleSchedule schedule, int first) {
    return c.drafters() == null
        ? RankClassifier.usual(layers, schedule.scales() - first)
        : c.drafters();
  }

  private static RoleAssignment roles(
      LayerStatistics statistics, Run.Calibration.Measured c, int first, int drafters) {
    LayerStatistic statistic = LayerStatistic.ofCliName(c.statistic());
    boolean lowest = statistic.highMeansRefiner() != c.inverted();
    return new RoleStatistics(
            statistic.cliName(),
            statistics.value(statistic),
            lowest ? Orientation.LOWEST : Orientation.HIGHEST,
            first,
            Map.of())
        .lowest(drafters);
  }

  private Measured measure(Run run, Run.Calibration.Measured c, int budget, RunListener listener) {
    Run.Generation g = run.generation();
    boolean needsBudget = LayerStatistic.ofCliName(c.statistic()).needsBudget();
    Set<String> parts = new TreeSet<>(Policies.needs(PolicySpec.parse(run.policy().name())));
    parts.retainAll(CalibrationRun.tappedParts());
    Key key =
        new Key(
            g,
            c.topK(),
            c.promptSha256(),
            c.seed(),
            c.querySamples(),
            needsBudget ? budget : 0,
            parts);
    Measured known = measured.get(key);
    if (known != null) {
      return known;
    }
    int rows =
        c.querySamples().equals("all") ? ProfileOptions.ALL : Integer.parseInt(c.querySamples());
    PromptSet prompts = PromptSet.ofTexts("prompts", texts.get(c.promptSha256()));
    DrawnAttention source = new DrawnAttention(model, g.drawing(c.seed()), prompts);
    ProfileOptions sampling =
        ProfileOptions.defaults()
            .withSeed(c.seed())
            .withQuerySamples(rows)
            .withHistoryTopK(TopKeys.parse(c.topK()))
            .withCutTokens(needsBudget ? budget : 0);
    listener.say("calibration: %d prompts".formatted(source.images()));
    CalibrationRun calibration =
        new CalibrationRun(source, CalibrationRun.Options.of(sampling, parts));
    Measurements result = calibration.measure(done -> {});
    Measured found =
        new Measured(LayerStatistics.of(result.profile()), calibration.forPolicies(result));
    measured.put(key, found);
    return found;
  }
}
