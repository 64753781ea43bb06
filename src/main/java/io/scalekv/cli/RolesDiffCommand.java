package io.scalekv.cli;

import io.scalekv.metrics.RankCorrelation;
import io.scalekv.roles.RoleAssignment;
import io.scalekv.roles.RoleChange;
import io.scalekv.roles.RolesDocument;
import io.scalekv.roles.RolesJson;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Compares two role files. */
@Command(
    name = "diff",
    description =
        "Compare two roles.json of one model: Jaccard overlap of the drafters, rank correlation of"
            + " the z-scores, changed pairs.")
final class RolesDiffCommand implements Callable<Integer> {
  /** One changed pair. */
  record Change(int layer, int scale, String from, String to) {}

  /** What the command reports. */
  record Report(
      double jaccard, Double zSpearman, int draftersA, int draftersB, List<Change> changes) {}

  @Spec private CommandSpec spec;
  @Mixin private JsonOption json;

  @Parameters(index = "0", paramLabel = "A", description = "A roles.json.")
  private Path a;

  @Parameters(index = "1", paramLabel = "B", description = "Another.")
  private Path b;

  @Override
  public Integer call() throws IOException {
    RolesDocument first = RolesJson.read(a);
    RolesDocument second = RolesJson.read(b);
    if (!first.model().schedule().equals(second.model().schedule())
        || first.model().layers() != second.model().layers()) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "%s and %s: calibrations of one model and schedule expected, got %s with %d layers"
                  + " and %s with %d",
              a,
              b,
              first.model().name(),
              first.model().layers(),
              second.model().name(),
              second.model().layers()));
    }
    RoleAssignment x = first.assignment();
    RoleAssignment y = second.assignment();
    List<Change> changes = new ArrayList<>();
    for (RoleChange c : x.diff(y)) {
      changes.add(new Change(c.at().layer(), c.at().scale(), c.from().word(), c.to().word()));
    }
    Report report =
        new Report(
            x.jaccard(y),
            spearman(first, second),
            x.drafters().size(),
            y.drafters().size(),
            changes);
    json.print(spec.commandLine().getOut(), report, RolesDiffCommand::text);
    return 0;
  }

  /** Rank correlation of the z-scores over all pairs that have one in both files, or null. */
  private static Double spearman(RolesDocument first, RolesDocument second) {
    List<double[]> both = new ArrayList<>();
    for (RolesDocument.Pair p : first.pairs()) {
      Double other = second.pair(p.layer(), p.scale()).z();
      if (p.z() != null && other != null) {
        both.add(new double[] {p.z(), other});
      }
    }
    if (both.size() < 2) {
      return null;
    }
    double rho =
        RankCorrelation.spearman(
            both.stream().mapToDouble(v -> v[0]).toArray(),
            both.stream().mapToDouble(v -> v[1]).toArray());
    return Double.isNaN(rho) ? null : Math.round(rho * 1e6) / 1e6;
  }

  private static String text(Report r) {
    StringBuilder t = new StringBuilder();
    t.append(
        String.format(
            Locale.ROOT,
            "Jaccard overlap of the drafters %.3f (%d and %d); Spearman correlation of z %s",
            r.jaccard(),
            r.draftersA(),
            r.draftersB(),
            r.zSpearman() == null
                ? "undefined"
                : String.format(Locale.ROOT, "%.3f", r.zSpearman())));
    for (Change c : r.changes()) {
      t.append(
          String.format(
              Locale.ROOT,
              "%nlayer %d scale %d: %s -> %s",
              c.layer(),
              c.scale(),
              c.from(),
              c.to()));
    }
    return t.toString();
  }
}
