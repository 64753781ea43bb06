package io.scalekv.study;

import io.scalekv.cache.Budget;
import io.scalekv.cache.BudgetPlan;
import io.scalekv.cache.Geometry;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.policy.Policies;
import io.scalekv.cache.policy.PolicyCalibration;
import io.scalekv.cache.policy.PolicyContext;
import io.scalekv.cache.policy.PolicySpec;
import io.scalekv.io.Json;
import io.scalekv.roles.CalibratedModel;
import io.scalekv.roles.Calibration;
import io.scalekv.roles.CalibrationFile;
import io.scalekv.roles.CalibrationPart;
import io.scalekv.roles.HeatKvOrderFile;
import io.scalekv.roles.HeatKvOrders;
import io.scalekv.roles.RoleAssignment;
import io.scalekv.roles.Roles;
import io.scalekv.roles.ScaleKvBudgetFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.Supplier;
import tools.jackson.databind.JsonNode;

/**
 * Source of roles in one form, whatever its file: roles, z-scores, and tokens by layer and scale;
 * null where the file has none. Layers and scales count from 0.
 *
 * @param name for people
 * @param model model of the layers
 * @param roles drafters and refiners
 * @param z z-scores [layer][scale], NaN where undefined
 * @param budget mean tokens per layer and head
 * @param tokens mean tokens of a head of a layer when a scale reads its cache, [scale][layer]
 */
public record RoleSource(
    String name,
    CalibratedModel model,
    RoleAssignment roles,
    double[][] z,
    int budget,
    double[][] tokens) {
  /** Name of the calibration that comes with a model. */
  public static final String SHIPPED = "shipped";

  /** Kind of a file. */
  public enum Kind {
    /** {@code roles.json} of this project. */
    ROLES,
    /** Budgets as released with ScaleKV. */
    SCALEKV,
    /** Orders of HeatKV, in either layout. */
    HEATKV
  }

  /** Returns the kind of a file, by its content. */
  public static Kind kind(Path file) throws IOException {
    JsonNode tree = Json.parse(Json.text(file), file.toString());
    if (tree.isArray() || tree.has("orders")) {
      return Kind.HEATKV;
    }
    boolean scales = tree.propertyNames().stream().anyMatch(key -> key.startsWith("Scale "));
    return scales ? Kind.SCALEKV : Kind.ROLES;
  }

  /**
   * Answers for what files do not state.
   *
   * @param shipped calibration that comes with the model
   * @param model model of the layers, where no file is a {@code roles.json}
   * @param budget of HeatKV's orders; null for that of another file, else 10 %
   */
  public record Origin(
      Supplier<Calibration> shipped, Supplier<CalibratedModel> model, Budget budget) {
    /** Files alone, one of them a {@code roles.json}. */
    static final Origin FILES = new Origin(Origin::missing, Origin::missing, null);

    private static <T> T missing() {
      throw new IllegalArgumentException("one of the files must be a roles.json of this project");
    }
  }

  /**
   * Reads sources of one model: first those of this project, which state model and budget.
   *
   * @param files of any {@link Kind}; {@value #SHIPPED} is the calibration that comes with the
   *     model
   */
  public static List<RoleSource> read(List<Path> files, Origin origin) throws IOException {
    RoleSource[] sources = new RoleSource[files.size()];
    RoleSource known = null;
    for (int i = 0; i < sources.length; i++) {
      String name = files.get(i).toString();
      if (name.equals(SHIPPED)) {
        sources[i] = of(name, origin.shipped().get());
      } else if (kind(files.get(i)) == Kind.ROLES) {
        sources[i] = of(name, CalibrationFile.read(files.get(i)));
      }
      known = known == null ? sources[i] : known;
    }
    CalibratedModel model = known == null ? origin.model().get() : known.model();
    for (int i = 0; i < sources.length; i++) {
      if (sources[i] == null && kind(files.get(i)) == Kind.SCALEKV) {
        sources[i] = ofScaleKv(files.get(i), model);
        known = known == null ? sources[i] : known;
      }
    }
    Budget usual = Budget.parse("10%");
    for (int i = 0; i < sources.length; i++) {
      if (sources[i] == null) {
        Budget asked = origin.budget() == null ? usual : origin.budget();
        int tokens =
            origin.budget() == null && known != null
                ? known.budget()
                : asked.tokens(model.schedule());
        sources[i] = ofHeatKv(files.get(i), model, tokens);
      }
    }
    return List.of(sources);
  }

  /** Returns a calibration as a source. */
  public static RoleSource of(String name, Calibration calibration) {
    Roles roles = calibration.roles();
    return new RoleSource(
        name,
        calibration.model(),
        roles.assignment(),
        roles.statistics().z(),
        roles.budgetTokens(),
        means(roles.plan(), calibration.model().heads()));
  }

  /**
   * Returns roles and tokens of a budget file as released with ScaleKV.
   *
   * @throws IllegalArgumentException if it does not fit the model
   */
  public static RoleSource ofScaleKv(Path file, CalibratedModel model) throws IOException {
    ScaleKvBudgetFile budgets = ScaleKvBudgetFile.read(file, model);
    BudgetPlan plan = budgets.plan(model.schedule());
    return new RoleSource(
        file.toString(),
        model,
        budgets.assignment(model.scales()),
        null,
        plan.budget(),
        means(plan, model.heads()));
  }

  /**
   * Returns the tokens that HeatKV's strict schedule leaves to every layer, from its orders.
   *
   * @param budget mean tokens per layer and head that the schedule is for
   * @throws IllegalArgumentException if they do not fit the model, or the budget does not hold the
   *     maps that no head gives up
   */
  public static RoleSource ofHeatKv(Path file, CalibratedModel model, int budget)
      throws IOException {
    HeatKvOrders orders = HeatKvOrderFile.read(file, model, OptionalInt.empty());
    ScaleSchedule schedule = model.schedule();
    PolicyCalibration calibration =
        PolicyCalibration.NONE.with(
            PolicyCalibration.HEATKV, CalibrationPart.HEATKV.forPolicies(orders, schedule, budget));
    PolicyContext context =
        new PolicyContext(
            schedule, new Geometry(model.layers(), model.heads(), 1), budget, 0, calibration);
    BudgetPlan plan = Policies.create(PolicySpec.parse("heatkv"), context).plan();
    return new RoleSource(file.toString(), model, null, null, budget, means(plan, model.heads()));
  }

  /** [scale][layer]. */
  private static double[][] means(BudgetPlan plan, int heads) {
    double[][] means = new double[plan.schedule().scales()][plan.layers()];
    for (int k = 0; k < means.length; k++) {
      for (int l = 0; l < means[k].length; l++) {
        for (int h = 0; h < heads; h++) {
          means[k][l] += (double) plan.tokens(k, l, h) / heads;
        }
      }
    }
    return means;
  }

  /** Returns the first scale that reads a compressed cache; K where none does. */
  public int firstCutScale() {
    ScaleSchedule schedule = model.schedule();
    for (int k = 0; k < tokens.length; k++) {
      for (double t : tokens[k]) {
        if (t < schedule.tokensBefore(k)) {
          return k;
        }
      }
    }
    return tokens.length;
  }

  /**
   * Returns the tokens of layers against the mean of their scale, [scale][layer]; 1 is the mean.
   */
  public double[][] shares() {
    double[][] shares = new double[tokens.length][];
    for (int k = 0; k < tokens.length; k++) {
      double mean = 0;
      for (double t : tokens[k]) {
        mean += t / tokens[k].length;
      }
      shares[k] = new double[tokens[k].length];
      for (int l = 0; l < shares[k].length; l++) {
        shares[k][l] = mean == 0 ? 1 : tokens[k][l] / mean;
      }
    }
    return shares;
  }
}
