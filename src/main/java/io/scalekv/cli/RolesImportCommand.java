package io.scalekv.cli;

import io.scalekv.cache.BudgetPlan;
import io.scalekv.io.Require;
import io.scalekv.io.Software;
import io.scalekv.report.CalibrationSummary;
import io.scalekv.roles.CalibratedModel;
import io.scalekv.roles.Calibration;
import io.scalekv.roles.CalibrationFile;
import io.scalekv.roles.CalibrationPart;
import io.scalekv.roles.HeatKvOrderFile;
import io.scalekv.roles.Roles;
import io.scalekv.roles.ScaleKvBudgetFile;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Files of other projects as a roles.json. */
@Command(
    name = "import",
    description =
        "Makes a roles.json of a ScaleKV budget file or of HeatKV orders; needs no weights.",
    footer = {
      "  ./scalekv roles import budgets.json --format scalekv --model infinity-2b --out roles.json",
      "  ./scalekv roles import 2b.json --format heatkv --roles roles.json --out both.json"
    })
final class RolesImportCommand implements Callable<Integer> {
  @Mixin private ModelOptions modelOptions;
  @Mixin private SizeOptions size;
  @Mixin private Output output;

  @Parameters(paramLabel = "FILE", description = "The file to read.")
  private Path file;

  @Option(
      names = "--format",
      paramLabel = "scalekv|heatkv",
      required = true,
      description = "A budget file as released with ScaleKV, or orders of HeatKV in either layout.")
  private RolesExportCommand.Format format;

  @Option(
      names = "--sink-scales",
      paramLabel = "N",
      converter = Choice.NotNegative.class,
      description =
          "HeatKV: scales that no head drops (default: as the file says, else "
              + HeatKvOrderFile.DEFAULT_SINK_SCALES
              + ").")
  private Integer sinkScales;

  @Option(
      names = "--roles",
      paramLabel = "ROLES",
      description = "HeatKV: add the orders to this roles.json, of the same model.")
  private Path roles;

  @Option(
      names = "--out",
      paramLabel = "ROLES",
      required = true,
      description = "The roles.json to write.")
  private Path out;

  @Override
  public Integer call() throws IOException {
    boolean heatKv = format == RolesExportCommand.Format.HEATKV;
    Require.that(
        heatKv || (roles == null && sinkScales == null),
        "--roles and --sink-scales require --format heatkv");
    Calibration c = heatKv ? heatKv() : scaleKv();
    CalibrationFile.write(c, out);
    CalibrationSummary summary = CalibrationSummary.of(c);
    output.json(Map.of("file", out, "format", format.toString()), summary);
    summary.lines().forEach(line -> output.line("%s", line));
    output.line("%s", out);
    output.next(
        summary.statistic() == null
            ? new Object[] {"memory", "--policy", "heatkv", "--roles", out}
            : new Object[] {"roles", "show", out});
    return 0;
  }

  private Calibration scaleKv() throws IOException {
    Calibration empty = empty();
    CalibratedModel model = empty.model();
    ScaleKvBudgetFile budgets = ScaleKvBudgetFile.read(file, model);
    BudgetPlan plan = budgets.plan(model.schedule());
    return empty.with(
        CalibrationPart.ROLES, Roles.imported(budgets.assignment(model.scales()), plan));
  }

  private Calibration heatKv() throws IOException {
    Calibration base = roles == null ? empty() : CalibrationFile.read(roles);
    OptionalInt sinks = sinkScales == null ? OptionalInt.empty() : OptionalInt.of(sinkScales);
    return base.with(CalibrationPart.HEATKV, HeatKvOrderFile.read(file, base.model(), sinks));
  }

  private Calibration empty() {
    return Calibration.empty(
        Clock.systemUTC().instant(),
        modelOptions.calibrated(size),
        Map.of(),
        Software.current().byName());
  }
}
