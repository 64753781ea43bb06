package io.scalekv.cli;

import io.scalekv.report.DamageReport;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** What cutting each layer costs, against what a calibration says of it. */
@Command(
    name = "damage",
    description =
        "Compare what images lose when layers are cut one by one (results of policy one-layer) with"
            + " the statistics of a calibration: which of them tells who needs a large cache?")
final class DamageCommand implements Callable<Integer> {
  private static final int SHOWN = 8;

  @Spec private CommandSpec spec;
  @Mixin private JsonOption json;

  @Parameters(
      arity = "1..2",
      paramLabel = "RESULTS",
      description =
          "Folders of sweep with cells of policy one-layer: layers cut at all scales, layers cut for"
              + " one scale, or both.")
  private List<Path> results;

  @Option(
      names = "--calibration",
      paramLabel = "DIR",
      required = true,
      description =
          "Folder that calibrate left; with --metric cut-error it has the errors of a simulated cut,"
              + " too.")
  private Path calibration;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      required = true,
      description = "Folder for tables (CSV, Markdown) and figure (PNG, SVG).")
  private Path out;

  @Override
  public Integer call() throws IOException {
    OutputFolder.prepare(out);
    DamageReport.Written written = DamageReport.write(results, calibration, out);
    json.print(spec.commandLine().getOut(), written, DamageCommand::text);
    return 0;
  }

  private static String text(DamageReport.Written w) {
    StringBuilder t = new StringBuilder();
    t.append(
        String.format(
            Locale.ROOT,
            "%s: %d layers%s; rho of feature and share of differing bits (%s), negative where"
                + " drafters lose more",
            w.model(),
            w.layers(),
            w.pairs() == 0 ? "" : ", " + w.pairs() + " pairs",
            w.level()));
    int rank = 0;
    for (DamageReport.Line line : w.lines()) {
      rank++;
      if (rank <= SHOWN || line.feature().equals("asi")) {
        t.append(
            String.format(
                Locale.ROOT,
                "%n%2d  %-24s %+.2f  95 %% [%+.2f, %+.2f]  p %.4f, corrected %.4f%s",
                rank,
                line.feature(),
                line.rho(),
                line.low(),
                line.high(),
                line.p(),
                line.pHolm(),
                line.oriented() ? "" : "  (says nothing of roles)"));
      }
    }
    if (w.drafters() != null) {
      t.append(
          String.format(
              "%nlargest damage (layer@scale): %s, as roles: --policy scalekv:drafters=%s",
              w.drafters().replace("+", ", "), w.drafters()));
    }
    w.files().forEach(f -> t.append(String.format("%n%s", f)));
    return t.toString();
  }
}
