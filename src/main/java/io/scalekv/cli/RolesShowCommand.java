package io.scalekv.cli;

import io.scalekv.roles.Calibration;
import io.scalekv.roles.CalibrationFile;
import io.scalekv.roles.CalibrationPart;
import io.scalekv.roles.RoleStatistics;
import io.scalekv.roles.Roles;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** A roles.json as a table of layers and scales. */
@Command(
    name = "show",
    description = "Prints a roles.json as a table of layers and scales.",
    footer = {
      "",
      "Examples:",
      "  ./scalekv roles show out/calibration/roles.json",
      "  ./scalekv roles show out/calibration/roles.json --json"
    })
final class RolesShowCommand implements Callable<Integer> {
  /** JSON document. */
  record Report(
      String model,
      String weights,
      Object source,
      String statistic,
      String classifier,
      String budget,
      int budgetTokens,
      String allocation,
      List<RoleTexts.Drafter> drafters,
      List<String> parts) {}

  /** JSON document of a calibration without roles. */
  record Parts(String model, List<String> parts) {}

  @Mixin private Output output;

  @Parameters(paramLabel = "ROLES", description = "A roles.json.")
  private Path file;

  @Override
  public Integer call() throws IOException {
    Calibration c = CalibrationFile.read(file);
    if (c.find(CalibrationPart.ROLES).isEmpty()) {
      output.json(new Parts(c.model().name(), c.names()));
      output.line("%s: no roles; parts: %s", c.model().name(), String.join(", ", c.names()));
      return 0;
    }
    Roles roles = c.roles();
    List<RoleTexts.Drafter> drafters = RoleTexts.drafters(c);
    output.json(
        new Report(
            c.model().name(),
            c.model().weights(),
            c.source(),
            roles.statistics().name(),
            roles.classified().classifier(),
            roles.request(),
            roles.budgetTokens(),
            roles.allocation(),
            drafters,
            c.names()));
    output.line(
        "%s: z of %s, roles by %s, budget %s = %d tokens per layer and head (%s)",
        c.model().name(),
        roles.statistics().name(),
        roles.classified().classifier(),
        roles.request(),
        roles.budgetTokens(),
        roles.allocation());
    output.line("parts: %s", String.join(", ", c.names()));
    table(c);
    output.line("drafters (D): %s", RoleTexts.line(drafters));
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
    List<String> columns = new ArrayList<>(List.of("layer"));
    for (int k = 0; k < c.model().scales(); k++) {
      columns.add("%d (%s)".formatted(k + 1, c.model().schedule().map(k)));
    }
    output.table(
        columns,
        IntStream.range(0, c.model().layers()).boxed().toList(),
        layer -> {
          List<Object> runs = new ArrayList<>(List.of(layer));
          for (int k = 0; k < c.model().scales(); k++) {
            runs.add(run(c.roles(), layer, k));
          }
          return runs;
        });
  }

  private static String run(Roles roles, int layer, int scale) {
    RoleStatistics s = roles.statistics();
    String z =
        Double.isNaN(s.z(layer, scale))
            ? "-"
            : String.format(Locale.ROOT, "%.2f", s.z(layer, scale));
    return z + (roles.assignment().isDrafter(layer, scale) ? " D" : "");
  }
}
