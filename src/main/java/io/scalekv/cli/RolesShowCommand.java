package io.scalekv.cli;

import io.scalekv.cache.ScaleSchedule;
import io.scalekv.roles.Calibrations;
import io.scalekv.roles.RoleAssignment;
import io.scalekv.roles.RolesDocument;
import io.scalekv.roles.RolesJson;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Prints a role file as a table. */
@Command(name = "show", description = "Print a roles.json as a table of layers and scales.")
final class RolesShowCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;
  @Mixin private JsonOption json;

  @Parameters(paramLabel = "ROLES", description = "A roles.json.")
  private Path file;

  @Override
  public Integer call() throws IOException {
    json.print(spec.commandLine().getOut(), RolesJson.read(file), RolesShowCommand::text);
    return 0;
  }

  private static String text(RolesDocument d) {
    RoleAssignment roles = d.assignment();
    ScaleSchedule schedule = d.schedule();
    StringBuilder t = new StringBuilder();
    t.append(
        String.format(
            Locale.ROOT,
            "%s, %s%s, budget %s = %d tokens (%s); z of each layer and scale, D marks drafters%s%n",
            d.model().name(),
            d.metric().name(),
            d.classification() == null ? "" : " by " + d.classification().classifier(),
            d.budget().request(),
            d.budget().tokens(),
            d.budget().allocation(),
            sure(d) ? ", % the confidence in the role" : ""));
    List<String> calibrations = Calibrations.of(d).names();
    t.append("calibrations: ");
    t.append(calibrations.isEmpty() ? "none" : String.join(", ", calibrations));
    t.append(String.format("%nlayer"));
    boolean sure = sure(d);
    for (int k = 0; k < roles.scales(); k++) {
      t.append(String.format(Locale.ROOT, " %8s", schedule.map(k)));
      t.append(sure ? "     " : "");
    }
    for (int l = 0; l < roles.layers(); l++) {
      t.append(String.format(Locale.ROOT, "%n%5d", l));
      for (int k = 0; k < roles.scales(); k++) {
        Double z = d.pair(l, k).z();
        String mark = roles.isDrafter(l, k) ? "D" : " ";
        t.append(
            z == null
                ? String.format(Locale.ROOT, " %7s%s", "-", mark)
                : String.format(Locale.ROOT, " %7.2f%s", z, mark));
        t.append(
            sure ? String.format(Locale.ROOT, "%4.0f%%", 100 * d.pair(l, k).confidence()) : "");
      }
    }
    if (sure) {
      t.append(
          String.format(
              Locale.ROOT,
              "%nconfidence: share of %d bootstrap draws over %d prompts (seed %d) that agree with"
                  + " the role",
              d.classification().bootstrap().draws(),
              d.calibration().promptCount(),
              d.classification().bootstrap().seed()));
    }
    return t.toString();
  }

  /** Whether the file says how sure its roles are. */
  private static boolean sure(RolesDocument d) {
    return d.calibration() != null
        && d.classification() != null
        && d.classification().bootstrap() != null;
  }
}
