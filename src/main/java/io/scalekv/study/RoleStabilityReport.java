package io.scalekv.study;

import io.scalekv.cache.ScaleSchedule;
import io.scalekv.io.AtomicFile;
import io.scalekv.io.CanonicalJson;
import io.scalekv.io.CheckedJson;
import io.scalekv.report.Columns;
import io.scalekv.report.Figure;
import io.scalekv.report.FigureFile;
import io.scalekv.report.LineFigure;
import io.scalekv.report.PolicyStyle;
import io.scalekv.report.ReportTable;
import io.scalekv.roles.ClassifiedRoles;
import io.scalekv.roles.LayerScale;
import io.scalekv.roles.RoleBootstrap;
import io.scalekv.study.RoleStability.Agreement;
import io.scalekv.study.RoleStability.Convergence;
import io.scalekv.study.RoleStability.Spread;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SortedMap;
import java.util.function.Function;
import tech.tablesaw.api.Table;

/** How stable roles are: tables, figures and where all of it comes from. */
public final class RoleStabilityReport {
  private RoleStabilityReport() {}

  /**
   * Roles under one other condition, against the base.
   *
   * @param factor what was changed
   * @param base its value in the base
   * @param value its value here
   * @param agreement of the base's roles with these
   */
  public record Variation(String factor, String base, String value, Agreement agreement) {}

  /**
   * What was found.
   *
   * @param rule metric and classifier
   * @param source where the base's statistics come from, by name
   * @param roles of the base
   * @param bootstrap of the base; null for a single prompt
   * @param convergence may be empty
   * @param draws per number of prompts of the convergence
   * @param variations may be empty
   */
  public record Stability(
      RoleStability rule,
      SortedMap<String, String> source,
      ClassifiedRoles roles,
      RoleBootstrap bootstrap,
      List<Convergence> convergence,
      int draws,
      List<Variation> variations) {
    /** Copies the lists. */
    public Stability {
      convergence = List.copyOf(convergence);
      variations = List.copyOf(variations);
    }
  }

  /** The JSON document. */
  record Document(
      int schemaVersion,
      SortedMap<String, String> source,
      String metric,
      int firstCutScale,
      String classifier,
      SortedMap<String, String> settings,
      SortedMap<String, String> found,
      List<LayerScale> drafters,
      Integer bootstrapDraws,
      Long bootstrapSeed,
      int convergenceDraws,
      List<Changed> variations) {}

  /** A variation; what is undefined is null. */
  record Changed(
      String factor,
      String base,
      String value,
      int drafters,
      double jaccard,
      Double adjustedRand,
      Double zSpearman) {
    static Changed of(Variation v) {
      return new Changed(
          v.factor(),
          v.base(),
          v.value(),
          v.agreement().drafters(),
          v.agreement().jaccard(),
          orNull(v.agreement().adjustedRand()),
          orNull(v.agreement().zSpearman()));
    }

    private static Double orNull(double value) {
      return Double.isNaN(value) ? null : value;
    }
  }

  /**
   * Writes everything.
   *
   * @return the files, in a fixed order
   */
  public static List<Path> write(Stability found, ScaleSchedule schedule, Path folder)
      throws IOException {
    List<Path> files = new ArrayList<>();
    if (found.bootstrap() != null) {
      Path csv = folder.resolve("probability.csv");
      AtomicFile.write(csv, ReportTable.csv(probability(found)).getBytes(StandardCharsets.UTF_8));
      files.add(csv);
      DrafterProbabilityMap map =
          DrafterProbabilityMap.of(
              found.source().get("model")
                  + ": probability of a drafter, "
                  + found.roles().classifier(),
              schedule,
              found.rule().firstCutScale(),
              found.roles().assignment(),
              found.bootstrap());
      draw(map, "probability", folder, files);
    }
    if (found.convergence().size() > 1) {
      write(convergence(found), folder, files);
      draw(drafters(found), "convergence-drafters", folder, files);
      draw(scores(found), "convergence-z", folder, files);
    }
    if (!found.variations().isEmpty()) {
      write(variations(found), folder, files);
    }
    Path json = folder.resolve("stability.json");
    RoleBootstrap b = found.bootstrap();
    Document document =
        new Document(
            1,
            found.source(),
            found.rule().metric().cliName(),
            found.rule().firstCutScale(),
            found.roles().classifier(),
            found.roles().settings(),
            found.roles().found(),
            List.copyOf(found.roles().assignment().drafters()),
            b == null ? null : b.draws(),
            b == null ? null : b.seed(),
            found.draws(),
            found.variations().stream().map(Changed::of).toList());
    String text = CanonicalJson.write(CheckedJson.MAPPER.valueToTree(document));
    AtomicFile.write(json, text.getBytes(StandardCharsets.UTF_8));
    files.add(json);
    return files;
  }

  private static void write(ReportTable table, Path folder, List<Path> files) throws IOException {
    table.write(folder);
    files.add(folder.resolve(table.name() + ".csv"));
    files.add(folder.resolve(table.name() + ".md"));
  }

  private static void draw(Figure figure, String name, Path folder, List<Path> files)
      throws IOException {
    FigureFile.png(figure, folder.resolve(name + ".png"));
    FigureFile.svg(figure, folder.resolve(name + ".svg"));
    files.add(folder.resolve(name + ".png"));
    files.add(folder.resolve(name + ".svg"));
  }

  private static Table probability(Stability found) {
    int first = found.rule().firstCutScale();
    List<LayerScale> pairs = new ArrayList<>();
    for (int k = first; k < found.roles().assignment().scales(); k++) {
      for (int l = 0; l < found.roles().assignment().layers(); l++) {
        pairs.add(new LayerScale(l, k));
      }
    }
    return Table.create(
        Columns.numbers("layer", pairs.stream().map(LayerScale::layer).toList()),
        Columns.numbers("scale", pairs.stream().map(LayerScale::scale).toList()),
        Columns.numbers(
            "z", pairs.stream().map(p -> found.roles().roles().z(p.layer(), p.scale())).toList()),
        Columns.texts(
            "role",
            pairs.stream()
                .map(p -> found.roles().assignment().role(p.layer(), p.scale()).word())
                .toList()),
        Columns.numbers(
            "drafter_probability",
            pairs.stream()
                .map(p -> found.bootstrap().drafterProbability(p.layer(), p.scale()))
                .toList()));
  }

  private static ReportTable convergence(Stability found) {
    List<Convergence> points = found.convergence();
    Table numbers =
        Table.create(
            Columns.numbers("prompts", points.stream().map(Convergence::prompts).toList()));
    spread(numbers, "jaccard", points, Convergence::jaccard);
    spread(numbers, "z_spearman", points, Convergence::zSpearman);
    spread(numbers, "other_jaccard", points, Convergence::otherJaccard);
    spread(numbers, "other_z_spearman", points, Convergence::otherZSpearman);
    Table shown =
        Table.create(
            Columns.numbers("prompts", points.stream().map(Convergence::prompts).toList()),
            Columns.texts(
                "Jaccard with all", points.stream().map(p -> shown(p.jaccard())).toList()),
            Columns.texts("z with all", points.stream().map(p -> shown(p.zSpearman())).toList()),
            Columns.texts(
                "Jaccard with others", points.stream().map(p -> shown(p.otherJaccard())).toList()),
            Columns.texts(
                "z with others", points.stream().map(p -> shown(p.otherZSpearman())).toList()));
    return new ReportTable(
        "convergence",
        "Roles from few prompts: " + found.source().get("model"),
        numbers,
        shown,
        List.of(
            "Jaccard overlap of the drafters and Spearman correlation of z, mean and the interval"
                + " of 95 % of "
                + found.draws()
                + " draws without replacement; \"with all\": against the roles from all prompts,"
                + " \"with others\": between two draws that share no prompt.",
            rule(found)));
  }

  private static void spread(
      Table table, String name, List<Convergence> points, Function<Convergence, Spread> of) {
    table.addColumns(
        Columns.numbers(name, points.stream().map(p -> of.apply(p).mean()).toList()),
        Columns.numbers(name + "_low", points.stream().map(p -> of.apply(p).low()).toList()),
        Columns.numbers(name + "_high", points.stream().map(p -> of.apply(p).high()).toList()),
        Columns.numbers(name + "_draws", points.stream().map(p -> of.apply(p).draws()).toList()));
  }

  private static String shown(Spread s) {
    if (Double.isNaN(s.mean())) {
      return Columns.NONE;
    }
    return Double.isNaN(s.low())
        ? String.format(Locale.ROOT, "%.3f", s.mean())
        : String.format(Locale.ROOT, "%.3f (%.3f to %.3f)", s.mean(), s.low(), s.high());
  }

  private static String rule(Stability found) {
    return "Drafters by "
        + found.rule().metric().cliName()
        + " and "
        + found.roles().classifier()
        + ", "
        + found.roles().assignment().drafters().size()
        + " from all "
        + found.source().get("prompts")
        + " prompts of "
        + found.source().get("promptFile")
        + ".";
  }

  private static Figure drafters(Stability found) {
    return figure(
        found,
        "drafters",
        "Jaccard overlap of the drafters",
        Convergence::jaccard,
        Convergence::otherJaccard);
  }

  private static Figure scores(Stability found) {
    return figure(
        found,
        "z-scores",
        "Spearman correlation of z",
        Convergence::zSpearman,
        Convergence::otherZSpearman);
  }

  private static Figure figure(
      Stability found,
      String what,
      String axis,
      Function<Convergence, Spread> withAll,
      Function<Convergence, Spread> withOthers) {
    List<LineFigure.Line> lines =
        List.of(
            line("with all prompts", 1, found.convergence(), withAll),
            line("with as many others", 0, found.convergence(), withOthers));
    return LineFigure.of(
        new LineFigure.Axes(
            found.source().get("model")
                + ": "
                + what
                + " from few prompts, "
                + found.rule().metric().cliName()
                + " and "
                + found.roles().classifier(),
            "prompts",
            axis,
            true),
        lines,
        List.of());
  }

  private static LineFigure.Line line(
      String name, int style, List<Convergence> points, Function<Convergence, Spread> of) {
    return new LineFigure.Line(
        name,
        PolicyStyle.numbered(style),
        points.stream().mapToDouble(Convergence::prompts).toArray(),
        points.stream().mapToDouble(p -> of.apply(p).mean()).toArray(),
        points.stream().mapToDouble(p -> of.apply(p).low()).toArray(),
        points.stream().mapToDouble(p -> of.apply(p).high()).toArray(),
        true);
  }

  private static ReportTable variations(Stability found) {
    List<Variation> all = found.variations();
    Table numbers =
        Table.create(
            Columns.texts("factor", all.stream().map(Variation::factor).toList()),
            Columns.texts("base", all.stream().map(Variation::base).toList()),
            Columns.texts("value", all.stream().map(Variation::value).toList()),
            Columns.numbers("drafters", all.stream().map(v -> v.agreement().drafters()).toList()),
            Columns.numbers("jaccard", all.stream().map(v -> v.agreement().jaccard()).toList()),
            Columns.numbers(
                "adjusted_rand", all.stream().map(v -> v.agreement().adjustedRand()).toList()),
            Columns.numbers(
                "z_spearman", all.stream().map(v -> v.agreement().zSpearman()).toList()));
    Table shown =
        Table.create(
            Columns.texts("factor", all.stream().map(Variation::factor).toList()),
            Columns.texts("from", all.stream().map(Variation::base).toList()),
            Columns.texts("to", all.stream().map(Variation::value).toList()),
            Columns.numbers("drafters", all.stream().map(v -> v.agreement().drafters()).toList()),
            Columns.texts(
                "Jaccard", all.stream().map(v -> shown(v.agreement().jaccard())).toList()),
            Columns.texts(
                "adjusted Rand",
                all.stream().map(v -> shown(v.agreement().adjustedRand())).toList()),
            Columns.texts(
                "z, Spearman", all.stream().map(v -> shown(v.agreement().zSpearman())).toList()));
    return new ReportTable(
        "variations",
        "Roles under other conditions: " + found.source().get("model"),
        numbers,
        shown,
        List.of("Each against the roles of the base, one thing changed.", rule(found)));
  }

  private static String shown(double value) {
    return Double.isNaN(value) ? Columns.NONE : String.format(Locale.ROOT, "%.3f", value);
  }
}
