package io.scalekv.cli;

import io.scalekv.io.Require;
import io.scalekv.roles.Calibration;
import io.scalekv.roles.CalibrationFile;
import io.scalekv.roles.CalibrationPart;
import io.scalekv.roles.HeatKvOrderFile;
import io.scalekv.roles.HeatKvOrders;
import io.scalekv.roles.ScaleKvBudgetFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** A roles.json as files of other projects. */
@Command(
    name = "export",
    description = "Writes a roles.json as a ScaleKV budget file or as HeatKV orders.",
    footer = {
      "  ./scalekv roles export roles.json --format scalekv --out budgets.json",
      "  ./scalekv roles export roles.json --format heatkv --with-metadata --out orders.json"
    })
final class RolesExportCommand implements Callable<Integer> {
  /** File format of another project. */
  enum Format {
    /** Budget file as released with ScaleKV. */
    SCALEKV,
    /** Orders of HeatKV. */
    HEATKV;

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  @Mixin private Output output;

  @Parameters(paramLabel = "ROLES", description = "A roles.json.")
  private Path file;

  @Option(
      names = "--format",
      paramLabel = "scalekv|heatkv",
      required = true,
      description = "A budget file as released with ScaleKV, or orders of HeatKV.")
  private Format format;

  @Option(
      names = "--with-metadata",
      description =
          "HeatKV: the calibration tool's layout, with metadata (default: the published bare"
              + " array).")
  private boolean withMetadata;

  @Option(
      names = "--sink-scales",
      paramLabel = "N",
      converter = Choice.NotNegative.class,
      description =
          "HeatKV: first scales that are never dropped, whose orders are left out (default: 3 as"
              + " published, or as many as were measured).")
  private Integer sinkScales;

  @Option(names = "--out", paramLabel = "FILE", required = true, description = "File to write.")
  private Path out;

  @Override
  public Integer call() throws IOException {
    Calibration calibration = CalibrationFile.read(file);
    if (format == Format.HEATKV) {
      HeatKvOrders orders =
          calibration
              .find(CalibrationPart.HEATKV)
              .orElseThrow(
                  () -> new IllegalArgumentException(file + ": missing heatkv: run calibrate"));
      HeatKvOrderFile.write(sinks(orders), calibration.model(), withMetadata, out);
    } else {
      Require.that(
          !withMetadata && sinkScales == null,
          "--with-metadata and --sink-scales require --format heatkv");
      scaleKv(calibration).write(out);
    }
    output.json(
        Map.of(
            "file", out,
            "format", format.toString(),
            "model", calibration.model().name()));
    output.line("%s", out);
    return 0;
  }

  private HeatKvOrders sinks(HeatKvOrders measured) {
    int usual = Math.min(HeatKvOrderFile.DEFAULT_SINK_SCALES, measured.scales() - 2);
    return measured.withSinks(
        sinkScales == null ? Math.max(measured.sinkScales(), usual) : sinkScales);
  }

  private ScaleKvBudgetFile scaleKv(Calibration calibration) {
    ScaleKvBudgetFile budgets;
    try {
      budgets = ScaleKvBudgetFile.of(calibration.roles().assignment(), calibration.roles().plan());
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(file + ": " + e.getMessage(), e);
    }
    Require.that(
        !budgets.rows().isEmpty(),
        "%s: budget must be below the prefix, got %d tokens",
        file,
        calibration.roles().budgetTokens());
    return budgets;
  }
}
