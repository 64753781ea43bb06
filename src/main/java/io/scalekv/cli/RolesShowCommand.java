package io.scalekv.cli;

import io.scalekv.report.CalibrationSummary;
import io.scalekv.roles.Calibration;
import io.scalekv.roles.CalibrationFile;
import io.scalekv.roles.CalibrationPart;
import io.scalekv.roles.LayerScale;
import io.scalekv.roles.RoleStatistics;
import io.scalekv.roles.Roles;
import io.scalekv.roles.UnsureRole;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** A roles.json as a table of layers and scales. */
@Command(
    name = "show",
    description = "Prints a roles.json as a table of layers and scales.",
    footer = {
      "  ./scalekv roles show out/calibration/roles.json",
      "  ./scalekv roles show out/calibration/roles.json --json"
    })
final class RolesShowCommand implements Callable<Integer> {
  @Mixin private Output output;

  @Parameters(paramLabel = "ROLES", description = "A roles.json.")
  private Path file;

  @Override
  public Integer call() throws IOException {
    Calibration c = CalibrationFile.read(file);
    CalibrationSummary summary = CalibrationSummary.of(c);
    output.json(summary);
    summary.lines().forEach(line -> output.line("%s", line));
    if (c.find(CalibrationPart.ROLES).isEmpty()) {
      return 0;
    }
    table(c);
    Roles roles = c.roles();
    if (roles.bootstrap() != null) {
      output.line(
          "confidence: share of %d resamples of %s prompts (seed %d) that agree with the role",
          roles.bootstrap().draws(),
          c.source().getOrDefault("prompts", "the"),
          roles.bootstrap().seed());
    }
    return 0;
  }

  private void table(Calibration c) {
    Set<LayerScale> doubts =
        UnsureRole.of(c).stream()
            .filter(UnsureRole::isResampled)
            .map(UnsureRole::pair)
            .collect(Collectors.toSet());
    List<String> columns = new ArrayList<>(List.of("layer"));
    for (int k = 0; k < c.model().scales(); k++) {
      columns.add("%d (%s)".formatted(k + 1, c.model().schedule().map(k)));
    }
    output.table(
        columns,
        IntStream.range(0, c.model().layers()).boxed().toList(),
        layer -> {
          List<Object> cells = new ArrayList<>(List.of(layer));
          for (int k = 0; k < c.model().scales(); k++) {
            cells.add(cell(c.roles(), doubts, layer, k));
          }
          return cells;
        });
  }

  private static String cell(Roles roles, Set<LayerScale> doubts, int layer, int scale) {
    RoleStatistics s = roles.statistics();
    String z =
        Double.isNaN(s.z()[layer][scale])
            ? "-"
            : String.format(Locale.ROOT, "%.2f", s.z()[layer][scale]);
    boolean unsure = doubts.contains(new LayerScale(layer, scale));
    return z + (roles.assignment().isDrafter(layer, scale) ? " D" : "") + (unsure ? "?" : "");
  }
}
