package io.scalekv.cli;

import io.scalekv.cache.Budget;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.model.ModelConfig;
import io.scalekv.roles.CalibratedModel;
import io.scalekv.study.RoleAgreement;
import io.scalekv.study.RoleSource;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Changed roles between two sources of one model. */
@Command(
    name = "diff",
    description = {
      "Compares two sources of roles, budgets or orders of one model: a roles.json, a ScaleKV"
          + " budget file, HeatKV orders, or 'shipped', the calibration that comes with --model.",
      "The study agreement adds tables and figures."
    },
    footer = {
      "",
      "Examples:",
      "  ./scalekv roles diff shipped out/calibration/roles.json",
      "  ./scalekv roles diff a/roles.json budgets.json --json"
    })
final class RolesDiffCommand implements Callable<Integer> {
  private static final String SHIPPED = "shipped";

  /** One changed layer–scale pair; layer from 0, scale from 1. */
  record Change(int layer, int scale, String map, String from, String to) {}

  /** Two orders of one source scale, from 1. */
  record Orders(int scale, Double spearman, Double kendall, Double firstHalf) {}

  /**
   * JSON document; null where a source has no such values.
   *
   * @param firstCutScale first scale at which either reads a compressed cache, from 1
   */
  record Report(
      Integer draftersA,
      Integer draftersB,
      Double jaccard,
      int firstCutScale,
      Double adjustedRand,
      Double zSpearman,
      Double tokensSpearman,
      Double commonTokens,
      List<Change> changes,
      List<Orders> orders) {}

  @Mixin private ModelOptions modelOptions;
  @Mixin private SizeOptions size;
  @Mixin private Output output;

  @Parameters(index = "0", paramLabel = "A", description = "A file, or 'shipped'.")
  private Path a;

  @Parameters(index = "1", paramLabel = "B", description = "Another.")
  private Path b;

  @Option(
      names = "--budget",
      paramLabel = "B",
      description = "Budget of HeatKV orders (default: that of the other file, else 10%%).")
  private Budget budget;

  @Override
  public Integer call() throws IOException {
    RoleAgreement r = agreement();
    boolean roles = r.a().roles() != null && r.b().roles() != null;
    Report report =
        new Report(
            drafters(r.a()),
            drafters(r.b()),
            roles ? orNull(r.a().roles().jaccard(r.b().roles())) : null,
            r.firstScale() + 1,
            orNull(r.all().adjustedRand()),
            orNull(r.all().zSpearman()),
            orNull(r.all().tokensSpearman()),
            orNull(r.all().commonTokens()),
            changes(r),
            r.orders().stream()
                .map(
                    o ->
                        new Orders(
                            o.map() + 1,
                            orNull(o.spearman()),
                            orNull(o.kendall()),
                            orNull(o.firstHalf())))
                .toList());
    output.json(report);
    output.table(
        List.of("comparison", "value"),
        List.of(
            Output.row("drafters of A", report.draftersA()),
            Output.row("drafters of B", report.draftersB()),
            Output.row("Jaccard overlap of the drafters", fixed(report.jaccard())),
            Output.row("adjusted Rand index of the roles", fixed(report.adjustedRand())),
            Output.row("Spearman of z", fixed(report.zSpearman())),
            Output.row("Spearman of tokens", fixed(report.tokensSpearman())),
            Output.row("share of tokens in common", fixed(report.commonTokens()))),
        row -> row);
    if (!report.orders().isEmpty()) {
      output.table(
          List.of("orders of scale", "Spearman", "Kendall", "first half in common"),
          report.orders(),
          o ->
              Output.row(o.scale(), fixed(o.spearman()), fixed(o.kendall()), fixed(o.firstHalf())));
    }
    if (!report.changes().isEmpty()) {
      output.table(
          List.of("layer", "scale", "map", "A", "B"),
          report.changes(),
          c -> Output.row(c.layer(), c.scale(), c.map(), c.from(), c.to()));
    }
    return 0;
  }

  private static Integer drafters(RoleSource source) {
    return source.roles() == null ? null : source.roles().drafters().size();
  }

  private static List<Change> changes(RoleAgreement r) {
    return r.changes().stream()
        .map(
            c ->
                new Change(
                    c.at().layer(),
                    c.at().scale() + 1,
                    r.a().model().schedule().map(c.at().scale()).toString(),
                    c.from().word(),
                    c.to().word()))
        .toList();
  }

  /** Reads the sources; those of this project first, which state the model and the budget. */
  private RoleAgreement agreement() throws IOException {
    RoleSource first = own(a);
    RoleSource second = own(b);
    CalibratedModel model =
        first != null ? first.model() : second != null ? second.model() : model();
    first = first == null ? budgets(a, model) : first;
    second = second == null ? budgets(b, model) : second;
    first = first == null ? RoleSource.ofHeatKv(a, model, tokens(second, model)) : first;
    second = second == null ? RoleSource.ofHeatKv(b, model, tokens(first, model)) : second;
    return RoleAgreement.of(first, second);
  }

  private RoleSource own(Path file) throws IOException {
    if (file.toString().equals(SHIPPED)) {
      return RoleSource.of(
          SHIPPED,
          modelOptions
              .shippedCalibration()
              .orElseThrow(
                  () -> new IllegalArgumentException("no calibration comes with this model")));
    }
    return RoleSource.kind(file) == RoleSource.Kind.ROLES ? RoleSource.read(file) : null;
  }

  private static RoleSource budgets(Path file, CalibratedModel model) throws IOException {
    return RoleSource.kind(file) == RoleSource.Kind.SCALEKV
        ? RoleSource.ofScaleKv(file, model)
        : null;
  }

  private CalibratedModel model() {
    ModelConfig config = modelOptions.config();
    return new CalibratedModel(
        config.name(),
        CalibratedModel.UNKNOWN_WEIGHTS,
        config.geometry().layers(),
        config.geometry().heads(),
        size.schedule(config));
  }

  private int tokens(RoleSource other, CalibratedModel model) {
    ScaleSchedule schedule = model.schedule();
    return budget == null && other != null
        ? other.budget()
        : (budget == null ? Budget.parse("10%") : budget).tokens(schedule);
  }

  private static Double orNull(double value) {
    return Double.isNaN(value) ? null : value;
  }

  private static String fixed(Double value) {
    return Output.fixed(value, 3);
  }
}
