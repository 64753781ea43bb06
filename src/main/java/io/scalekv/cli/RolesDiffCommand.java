package io.scalekv.cli;

import io.scalekv.cache.Budget;
import io.scalekv.experiment.Sweep;
import io.scalekv.report.ReportTable;
import io.scalekv.study.RoleAgreement;
import io.scalekv.study.RoleSource;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Changed roles between two sources of one model. */
@Command(
    name = "diff",
    description = {
      "Compares two sources of roles or budgets of one model: a roles.json, a ScaleKV budget file,"
          + " HeatKV orders, or 'shipped', the calibration that comes with --model.",
      "The study agreement adds figures."
    },
    footer = {
      "  ./scalekv roles diff shipped out/calibration/roles.json",
      "  ./scalekv roles diff a/roles.json budgets.json --json"
    })
final class RolesDiffCommand implements Callable<Integer> {
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
    RoleSource.Origin origin =
        new RoleSource.Origin(
            () ->
                Sweep.shipped(modelOptions.choice())
                    .orElseThrow(
                        () -> new IllegalArgumentException("no calibration comes with this model")),
            () -> modelOptions.calibrated(size),
            budget);
    RoleAgreement agreement = RoleAgreement.read(List.of(a, b), origin);
    ReportTable changes = agreement.changes();
    output.json(
        agreement.all(),
        Map.of("firstCutScale", agreement.firstScale() + 1, "changes", changes.rows()));
    output.table(agreement.table());
    output.table(changes);
    return 0;
  }
}
