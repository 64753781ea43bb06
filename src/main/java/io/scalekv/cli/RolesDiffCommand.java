package io.scalekv.cli;

import io.scalekv.cache.Budget;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.experiment.ShippedCalibrations;
import io.scalekv.model.ModelConfig;
import io.scalekv.roles.RoleChange;
import io.scalekv.roles.RolesDocument;
import io.scalekv.roles.RolesJson;
import io.scalekv.study.RoleAgreement;
import io.scalekv.study.RoleSource;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Compares what two files say of one model's layers. */
@Command(
    name = "diff",
    description = {
      "Compare two sources of roles, budgets or orders of one model: Jaccard overlap and adjusted"
          + " Rand index of the drafters, rank correlation of z-scores, tokens and orders, changed"
          + " pairs.",
      "Each is a roles.json, a budget file as released with ScaleKV, orders of HeatKV, or"
          + " 'shipped': the calibration that comes with --model. Orders of HeatKV are compared"
          + " with tokens by what its strict schedule leaves every layer."
    })
final class RolesDiffCommand implements Callable<Integer> {
  private static final String SHIPPED = "shipped";

  /** One changed pair. */
  record Change(int layer, int scale, String from, String to) {}

  /** Two orders of one source map. */
  record Orders(int map, Double spearman, Double kendall, Double firstHalf) {}

  /**
   * What the command reports; null where a source does not say it. All but the drafters are over
   * the scales from {@code firstScale} on, at which either reads a cut cache.
   */
  record Report(
      Double jaccard,
      Double zSpearman,
      Integer draftersA,
      Integer draftersB,
      List<Change> changes,
      int firstScale,
      Double adjustedRand,
      Double tokensSpearman,
      Double commonTokens,
      List<Orders> orders) {}

  @Spec private CommandSpec spec;
  @Mixin private ModelOption modelOption = ModelOption.shapeOnly();
  @Mixin private ScheduleOptions scheduleOptions;
  @Mixin private JsonOption json;

  @Parameters(index = "0", paramLabel = "A", description = "A file, or 'shipped'.")
  private Path a;

  @Parameters(index = "1", paramLabel = "B", description = "Another.")
  private Path b;

  @Option(
      names = "--budget",
      paramLabel = "B",
      description =
          "Budget for orders of HeatKV: 10%%, 650t or paper-10 (default: that of the other file,"
              + " else 10%%).")
  private String budget;

  @Override
  public Integer call() throws IOException {
    if (budget != null) {
      Budget.parse(budget);
    }
    RoleAgreement agreement = agreement();
    Report report = report(agreement);
    json.print(spec.commandLine().getOut(), report, RolesDiffCommand::text);
    return 0;
  }

  /** Files of this project first: they know the model, and the budget. */
  private RoleAgreement agreement() throws IOException {
    RoleSource[] sources = new RoleSource[2];
    Path[] files = {a, b};
    RolesDocument.Model model = null;
    for (int i = 0; i < 2; i++) {
      boolean shipped = files[i].toString().equals(SHIPPED);
      if (shipped || RoleSource.kind(files[i]) == RoleSource.Kind.ROLES) {
        sources[i] =
            shipped
                ? RoleSource.of(SHIPPED, shipped())
                : RoleSource.of(files[i].toString(), RolesJson.read(files[i]));
        model = model == null ? sources[i].model() : model;
      }
    }
    if (model == null) {
      model = model();
    }
    for (int i = 0; i < 2; i++) {
      if (sources[i] == null && RoleSource.kind(files[i]) == RoleSource.Kind.SCALEKV) {
        sources[i] = RoleSource.ofScaleKv(files[i], model);
      }
    }
    for (int i = 0; i < 2; i++) {
      if (sources[i] == null) {
        sources[i] = RoleSource.ofHeatKv(files[i], model, tokens(sources[1 - i], model));
      }
    }
    return RoleAgreement.of(sources[0], sources[1]);
  }

  private RolesDocument shipped() {
    ModelConfig config = ModelFactory.config(modelOption);
    return (modelOption.shipped()
            ? ShippedCalibrations.of(config)
            : Optional.<RolesDocument>empty())
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "shipped: a model that comes with a calibration expected, got "
                        + config.name()));
  }

  private RolesDocument.Model model() {
    ModelConfig config = ModelFactory.config(modelOption);
    return new RolesDocument.Model(
        config.name(),
        RolesDocument.UNKNOWN_WEIGHTS,
        config.geometry().layers(),
        config.geometry().heads(),
        scheduleOptions.of(config).maps());
  }

  private int tokens(RoleSource other, RolesDocument.Model model) {
    if (budget == null && other != null) {
      return other.budget();
    }
    return Budget.parse(budget == null ? "10%" : budget)
        .tokens(new ScaleSchedule(model.schedule()));
  }

  private static Report report(RoleAgreement r) {
    boolean roles = r.a().roles() != null && r.b().roles() != null;
    List<Change> changes = new ArrayList<>();
    for (RoleChange c : r.changes()) {
      changes.add(new Change(c.at().layer(), c.at().scale(), c.from().word(), c.to().word()));
    }
    return new Report(
        roles ? Double.valueOf(r.a().roles().jaccard(r.b().roles())) : null,
        orNull(r.all().zSpearman()),
        r.a().roles() == null ? null : Integer.valueOf(r.a().roles().drafters().size()),
        r.b().roles() == null ? null : Integer.valueOf(r.b().roles().drafters().size()),
        changes,
        r.firstScale(),
        orNull(r.all().adjustedRand()),
        orNull(r.all().tokensSpearman()),
        orNull(r.all().commonTokens()),
        r.orders().stream()
            .map(
                o ->
                    new Orders(
                        o.map(), orNull(o.spearman()), orNull(o.kendall()), orNull(o.firstHalf())))
            .toList());
  }

  private static Double orNull(double value) {
    return Double.isNaN(value) ? null : Math.round(value * 1e6) / 1e6;
  }

  private static String text(Report r) {
    StringBuilder t = new StringBuilder();
    if (r.jaccard() != null) {
      t.append(
          String.format(
              Locale.ROOT,
              "Jaccard overlap of the drafters %.3f (%d and %d); Spearman correlation of z %s%n",
              r.jaccard(),
              r.draftersA(),
              r.draftersB(),
              shown(r.zSpearman())));
    }
    t.append(
        String.format(
            Locale.ROOT,
            "from scale %d on: adjusted Rand index %s; tokens of layers: Spearman %s, %s in common",
            r.firstScale(),
            shown(r.adjustedRand()),
            shown(r.tokensSpearman()),
            r.commonTokens() == null
                ? "undefined"
                : String.format(Locale.ROOT, "%.1f %%", 100 * r.commonTokens())));
    for (Orders o : r.orders()) {
      t.append(
          String.format(
              Locale.ROOT,
              "%norders of map %d: Spearman %s, Kendall %s, share of the first half in common %s",
              o.map(),
              shown(o.spearman()),
              shown(o.kendall()),
              shown(o.firstHalf())));
    }
    for (Change c : r.changes()) {
      t.append(
          String.format(
              Locale.ROOT,
              "%nlayer %d scale %d: %s -> %s",
              c.layer(),
              c.scale(),
              c.from(),
              c.to()));
    }
    return t.toString();
  }

  private static String shown(Double value) {
    return value == null ? "undefined" : String.format(Locale.ROOT, "%.3f", value);
  }
}
