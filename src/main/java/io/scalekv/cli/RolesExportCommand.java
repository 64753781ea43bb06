package io.scalekv.cli;

import io.scalekv.roles.Calibrations;
import io.scalekv.roles.HeatKvOrderFile;
import io.scalekv.roles.HeatKvOrders;
import io.scalekv.roles.RolesDocument;
import io.scalekv.roles.RolesJson;
import io.scalekv.roles.ScaleKvBudgetFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Turns a role file into files of other projects. */
@Command(
    name = "export",
    description = "Write a roles.json as a ScaleKV budget file or as HeatKV orders.")
final class RolesExportCommand implements Callable<Integer> {
  /** What the command reports. */
  record Report(String file, String format, String model) {}

  @Spec private CommandSpec spec;
  @Mixin private JsonOption json;

  private static final int PUBLISHED_SINKS = 3;

  @Parameters(paramLabel = "ROLES", description = "A roles.json.")
  private Path file;

  @Option(
      names = "--format",
      paramLabel = "scalekv|heatkv",
      required = true,
      description = "A budget file as released with ScaleKV, or orders of HeatKV.")
  private String format;

  @Option(
      names = "--with-metadata",
      description =
          "HeatKV: the calibration tool's layout, with metadata (default: the published bare"
              + " array).")
  private boolean withMetadata;

  @Option(
      names = "--sink-scales",
      paramLabel = "N",
      description =
          "HeatKV: first maps that are never dropped, whose orders are left out (default: 3 as"
              + " published, or as many as were measured).")
  private Integer sinkScales;

  @Option(names = "--out", paramLabel = "FILE", required = true, description = "File to write.")
  private Path out;

  @Override
  public Integer call() throws IOException {
    Check.oneOf("--format", format, "scalekv", "heatkv");
    RolesDocument document = RolesJson.read(file);
    if (format.equals("heatkv")) {
      Optional<HeatKvOrders> orders = Calibrations.of(document).heatKv();
      if (orders.isEmpty()) {
        throw new IllegalArgumentException(
            file + ": /calibrations/heatkv: expected orders, got nothing");
      }
      HeatKvOrderFile.write(sinks(orders.get()), document.model(), withMetadata, out);
    } else {
      if (withMetadata) {
        throw new IllegalArgumentException(
            "--with-metadata: --format heatkv expected, got scalekv");
      }
      scaleKv(document).write(out);
    }
    json.print(
        spec.commandLine().getOut(),
        new Report(out.toString(), format, document.model().name()),
        Report::file);
    return 0;
  }

  private HeatKvOrders sinks(HeatKvOrders measured) {
    int usual = Math.min(PUBLISHED_SINKS, measured.scales() - 2);
    return measured.withSinks(
        sinkScales == null ? Math.max(measured.sinkScales(), usual) : sinkScales);
  }

  private ScaleKvBudgetFile scaleKv(RolesDocument document) {
    ScaleKvBudgetFile budgets;
    try {
      budgets = ScaleKvBudgetFile.of(document.assignment(), document.plan());
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(file + ": " + e.getMessage(), e);
    }
    if (budgets.rows().isEmpty()) {
      throw new IllegalArgumentException(
          "%s: /budget/tokens: expected a budget that some scale exceeds, got %d"
              .formatted(file, document.budget().tokens()));
    }
    return budgets;
  }
}
