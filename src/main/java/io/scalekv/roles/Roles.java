package io.scalekv.roles;

import io.scalekv.cache.Allocation;
import io.scalekv.cache.BudgetPlan;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.io.Require;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Collections;
import java.util.Map;
import java.util.OptionalInt;
import java.util.TreeMap;

/**
 * Roles of a model's layers, their budgets and how both were found.
 *
 * @param classified roles and the statistic that assigned them
 * @param topK K' of the statistic, such as {@code 5%}
 * @param bootstrap draws behind the confidence; null without a bootstrap
 * @param confidence bootstrap probability of each role [layer][scale], in [0, 1]; null without a
 *     bootstrap
 * @param request the budget as it was typed, such as {@code 10%}
 * @param allocation rule by which drafters and refiners share the budget
 * @param plan tokens per layer and scale
 */
public record Roles(
    ClassifiedRoles classified,
    String topK,
    Bootstrap bootstrap,
    double[][] confidence,
    String request,
    String allocation,
    BudgetPlan plan) {
  /** Name of statistic, classifier and allocation of roles that come from other projects. */
  public static final String IMPORTED = "imported";

  private static final MathContext DIGITS = new MathContext(9);

  /**
   * Bootstrap over prompts, see {@link RoleBootstrap}.
   *
   * @param draws number of draws
   * @param seed of the draws
   */
  public record Bootstrap(int draws, long seed) {}

  /** Checks that all parts have one shape. */
  public Roles {
    RoleAssignment roles = classified.assignment();
    Require.that(
        plan.layers() == roles.layers() && plan.schedule().scales() == roles.scales(),
        "budget plan must be of %d layers and %d scales, got %d and %d",
        roles.layers(),
        roles.scales(),
        plan.layers(),
        plan.schedule().scales());
    Require.that(
        (bootstrap == null) == (confidence == null),
        "confidence must come with a bootstrap, got %s",
        bootstrap);
  }

  /** Returns roles with budgets and, where there is one, the confidence of a bootstrap. */
  public static Roles of(
      ClassifiedRoles classified,
      String topK,
      RoleBootstrap bootstrap,
      String request,
      Allocation allocation,
      BudgetPlan plan) {
    RoleAssignment roles = classified.assignment();
    double[][] confidence =
        bootstrap == null
            ? null
            : LayerScale.table(
                roles.layers(),
                roles.scales(),
                (l, k) -> bootstrap.confidence(roles.role(l, k), l, k));
    return new Roles(
        classified,
        topK,
        bootstrap == null ? null : new Bootstrap(bootstrap.draws(), bootstrap.seed()),
        confidence,
        request,
        allocation.name(),
        plan);
  }

  /** Returns roles and budgets of another project's file, without a statistic. */
  public static Roles imported(RoleAssignment assignment, BudgetPlan plan) {
    double[][] none =
        LayerScale.table(assignment.layers(), assignment.scales(), (l, k) -> Double.NaN);
    RoleStatistics statistics =
        new RoleStatistics(
            IMPORTED, none, Orientation.LOWEST, assignment.scales(), Collections.emptyMap());
    return new Roles(
        new ClassifiedRoles(statistics, assignment, IMPORTED, new TreeMap<>(), new TreeMap<>()),
        "",
        null,
        null,
        plan.budget() + "t",
        IMPORTED,
        plan);
  }

  /** Which layer–scale pairs are drafters. */
  public RoleAssignment assignment() {
    return classified.assignment();
  }

  /** Statistic that assigned the roles. */
  public RoleStatistics statistics() {
    return classified.statistics();
  }

  /** Returns the mean tokens per layer and head. */
  public int budgetTokens() {
    return plan.budget();
  }

  /** Returns the first scale that reads a compressed cache; K where none does. */
  public int firstCutScale() {
    return BudgetPlan.firstCutScale(plan.schedule(), plan.budget());
  }

  /** Bootstrap probability of a role; NaN where it is unknown. */
  public double confidence(int layer, int scale) {
    return confidence == null ? Double.NaN : confidence[layer][scale];
  }

  /**
   * Returns the roles at another budget: other scales then read a compressed cache, so the layer–
   * scale pairs are classified again by the same statistic and classifier; if unsure drafters were
   * left out, only those stay that are sure at the calibrated budget. Imported roles stay.
   *
   * @throws IllegalArgumentException if the classifier reads other statistics, which are not stored
   */
  public RoleAssignment at(ScaleSchedule schedule, int budget) {
    RoleStatistics known = statistics();
    int first = BudgetPlan.firstCutScale(schedule, budget);
    if (budget == budgetTokens()
        || (first < known.scales() && Double.isNaN(known.value(0, first)))) {
      return assignment();
    }
    int pairs = known.layers() * (known.scales() - first);
    boolean given = RankClassifier.GIVEN.equals(classified.settings().get("drafters"));
    RoleClassifier classifier =
        RoleClassifier.of(
            classified.classifier(),
            given
                ? OptionalInt.of(
                    Math.min(pairs, assignment().drafters().size() + classified.leftOut()))
                : OptionalInt.empty(),
            0);
    Require.that(
        !classifier.readsOthers(),
        "roles by %s hold for %d tokens only, got %d: run calibrate with this budget",
        classified.classifier(),
        budgetTokens(),
        budget);
    RoleStatistics statistics =
        new RoleStatistics(known.name(), known.values(), known.orientation(), first, Map.of());
    ClassifiedRoles other = classifier.classify(statistics);
    return (classified.sureOnly() ? other.sure(this::drafterProbability) : other).assignment();
  }

  /** Probability by the bootstrap at the calibrated budget; 0 at scales that had no ranks there. */
  private double drafterProbability(int layer, int scale) {
    double confidence = confidence(layer, scale);
    return assignment().role(layer, scale) == Role.DRAFTER ? confidence : 1 - confidence;
  }

  /** Returns a number with nine significant digits, as files state it. */
  static double rounded(double value) {
    return Double.isNaN(value) ? value : new BigDecimal(value).round(DIGITS).doubleValue();
  }
}
