package io.scalekv.cli;

import io.scalekv.cache.BudgetPlan;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.model.ModelConfig;
import io.scalekv.roles.Calibrations;
import io.scalekv.roles.HeatKvOrderFile;
import io.scalekv.roles.HeatKvOrders;
import io.scalekv.roles.RoleAssignment;
import io.scalekv.roles.RolesDocument;
import io.scalekv.roles.RolesJson;
import io.scalekv.roles.ScaleKvBudgetFile;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Turns files of other projects into a role file. */
@Command(
    name = "import",
    description =
        "Make a roles.json of a ScaleKV budget file or of HeatKV orders; no weights are needed.")
final class RolesImportCommand implements Callable<Integer> {
  /** What the command reports. */
  record Report(
      String file,
      String format,
      String model,
      int layers,
      int heads,
      int scales,
      int drafters,
      int budgetTokens,
      List<String> calibrations) {}

  @Spec private CommandSpec spec;
  @Mixin private ModelOption modelOption = ModelOption.shapeOnly();
  @Mixin private ScheduleOptions scheduleOptions;
  @Mixin private JsonOption json;

  @Parameters(paramLabel = "FILE", description = "The file to read.")
  private Path file;

  @Option(
      names = "--format",
      paramLabel = "scalekv|heatkv",
      required = true,
      description = "A budget file as released with ScaleKV, or orders of HeatKV in either layout.")
  private String format;

  @Option(
      names = "--sink-scales",
      paramLabel = "N",
      description =
          "HeatKV: maps that no head gives up (default: as the file says, else "
              + HeatKvOrderFile.DEFAULT_SINK_SCALES
              + ").")
  private Integer sinkScales;

  @Option(
      names = "--roles",
      paramLabel = "ROLES",
      description =
          "HeatKV: take model, roles and budgets from this roles.json; without it, every layer"
              + " holds everything.")
  private Path roles;

  @Option(
      names = "--out",
      paramLabel = "ROLES",
      required = true,
      description = "The roles.json to write.")
  private Path out;

  @Override
  public Integer call() throws IOException {
    Check.oneOf("--format", format, "scalekv", "heatkv");
    boolean heatKv = format.equals("heatkv");
    if (!heatKv && (roles != null || sinkScales != null)) {
      throw new IllegalArgumentException(
          "--roles and --sink-scales: --format heatkv expected, got scalekv");
    }
    RolesDocument document = heatKv ? heatKv() : scaleKv();
    RolesJson.write(document, out);
    Report report =
        new Report(
            out.toString(),
            format,
            document.model().name(),
            document.model().layers(),
            document.model().heads(),
            document.model().schedule().size(),
            document.budget().drafters(),
            document.budget().tokens(),
            Calibrations.of(document).names());
    json.print(spec.commandLine().getOut(), report, RolesImportCommand::text);
    return 0;
  }

  private RolesDocument scaleKv() throws IOException {
    RolesDocument.Model model = model();
    ScaleSchedule schedule = new ScaleSchedule(model.schedule());
    ScaleKvBudgetFile budgets = ScaleKvBudgetFile.read(file);
    if (budgets.layers() != model.layers()) {
      throw new IllegalArgumentException(
          "%s: expected %d blocks as %s has, got %d"
              .formatted(file, model.layers(), model.name(), budgets.layers()));
    }
    BudgetPlan plan;
    try {
      plan = budgets.plan(schedule);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(file + ": " + e.getMessage(), e);
    }
    return RolesDocument.imported(
        now(),
        model,
        budgets.assignment(schedule.scales()),
        plan,
        SoftwareVersions.current().forRoles());
  }

  private RolesDocument heatKv() throws IOException {
    RolesDocument base = roles == null ? uncut(model()) : RolesJson.read(roles);
    if (roles != null) {
      checkModel(base.model());
    }
    OptionalInt sinks = sinkScales == null ? OptionalInt.empty() : OptionalInt.of(sinkScales);
    HeatKvOrders orders = HeatKvOrderFile.read(file, base.model(), sinks);
    return base.withCalibrations(Calibrations.of(base).withHeatKv(orders));
  }

  /** Refiners only, and a budget that holds everything. */
  private static RolesDocument uncut(RolesDocument.Model model) {
    ScaleSchedule schedule = new ScaleSchedule(model.schedule());
    return RolesDocument.imported(
        now(),
        model,
        RoleAssignment.of(model.layers(), schedule.scales(), List.of()),
        BudgetPlan.uniform(schedule, model.layers(), Math.max(1, schedule.historyTokens())),
        SoftwareVersions.current().forRoles());
  }

  /** The model of the options, if any was typed, must be that of the role file. */
  private void checkModel(RolesDocument.Model expected) {
    boolean typed =
        List.of("--model", "--size", "--aspect").stream()
            .anyMatch(spec.commandLine().getParseResult()::hasMatchedOption);
    if (typed) {
      RolesDocument.Model asked = model();
      if (!asked.name().equals(expected.name()) || !asked.schedule().equals(expected.schedule())) {
        throw new IllegalArgumentException(
            "--model: %s with maps %s as in %s expected, got %s with maps %s"
                .formatted(
                    expected.name(), expected.schedule(), roles, asked.name(), asked.schedule()));
      }
    }
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

  private static Instant now() {
    return Clock.systemUTC().instant();
  }

  private static String text(Report r) {
    return String.format(
        Locale.ROOT,
        "%s: %s, %d layers x %d scales, %d drafters, %d tokens a layer and head%s",
        r.file(),
        r.model(),
        r.layers(),
        r.scales(),
        r.drafters(),
        r.budgetTokens(),
        r.calibrations().isEmpty() ? "" : "; calibrations: " + String.join(", ", r.calibrations()));
  }
}
