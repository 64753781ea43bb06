package io.scalekv.study;

import io.scalekv.io.Require;
import io.scalekv.report.Figure;
import io.scalekv.report.LineFigure;
import io.scalekv.report.PolicyStyle;
import io.scalekv.report.ReportTable;
import io.scalekv.roles.ClassifiedRoles;
import io.scalekv.roles.LayerScale;
import io.scalekv.roles.RoleBootstrap;
import io.scalekv.roles.RoleClassifier;
import io.scalekv.study.RoleStability.Agreement;
import io.scalekv.study.RoleStability.Convergence;
import io.scalekv.study.RoleStability.Spread;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.SortedMap;
import java.util.function.Function;

/**
 * Study of the stability of roles: the probability that a layer is a drafter (bootstrap over
 * prompts), agreement of roles from fewer prompts, and agreement with other calibrations, each
 * described by what differs in its origin: prompts, seed, guidance, query samples.
 */
final class StabilityStudy implements Study {
  private static final double LEAST_SHOWN = 0.05;

  /**
   * Result for programs.
   *
   * @param firstCutScale first scale that reads a compressed cache, from 1
   */
  record Result(
      SortedMap<String, String> source,
      String statistic,
      String classifier,
      int firstCutScale,
      List<Probable> pairs,
      List<Point> convergence,
      List<Variation> variations) {}

  /** Pair that is a drafter of the base or in one of twenty draws; scale from 1. */
  record Probable(int layer, int scale, String map, String role, Double drafterProbability) {}

  /** Roles from fewer prompts: means over draws, null where undefined. */
  record Point(
      int prompts, Double jaccard, Double zSpearman, Double otherJaccard, Double otherZSpearman) {
    static Point of(Convergence c) {
      return new Point(
          c.prompts(),
          orNull(c.jaccard().mean()),
          orNull(c.zSpearman().mean()),
          orNull(c.otherJaccard().mean()),
          orNull(c.otherZSpearman().mean()));
    }
  }

  /** Roles of another calibration against those of the base; null where undefined. */
  record Variation(
      String factor,
      String base,
      String value,
      int drafters,
      double jaccard,
      Double adjustedRand,
      Double zSpearman) {}

  @Override
  public String name() {
    return "stability";
  }

  @Override
  public String question() {
    return "How do roles depend on the prompts, seed, guidance and query samples of a calibration?";
  }

  @Override
  public String inputs() {
    return "statistics kept by calibrate: the base, then others to compare with it";
  }

  @Override
  public Answer answer(Request request) throws IOException {
    Require.that(!request.inputs().isEmpty(), "stability reads at least one folder of statistics");
    KeptStatistics base = KeptStatistics.read(request.inputs().get(0));
    RoleStability rule =
        new RoleStability(
            request.statistic(),
            request.firstCutScale(base.schedule()),
            RoleClassifier.of(request.classifier(), OptionalInt.empty(), request.seed()));
    ClassifiedRoles roles = rule.roles(base.table());
    boolean resampled = request.draws() > 0 && base.table().prompts() > 1;
    RoleBootstrap bootstrap =
        resampled ? rule.bootstrap(base.table(), request.draws(), request.seed()) : null;
    List<Convergence> convergence =
        resampled ? rule.convergence(base.table(), request.draws(), request.seed()) : List.of();
    List<Variation> variations = new ArrayList<>();
    for (Path other : request.inputs().subList(1, request.inputs().size())) {
      variations.add(variation(rule, base, roles, KeptStatistics.read(other), other));
    }
    Result result =
        new Result(
            base.source(),
            rule.metric().cliName(),
            roles.classifier(),
            rule.firstCutScale() + 1,
            probable(base, roles, bootstrap),
            convergence.stream().map(Point::of).toList(),
            variations);
    Path out = request.out();
    List<Path> files = new ArrayList<>();
    files.add(Study.writeJson(out, "stability", result));
    if (bootstrap != null) {
      files.addAll(
          ProbabilityMap.of(
                  base.model() + ": probability of a drafter, " + roles.classifier(),
                  base.schedule(),
                  rule.firstCutScale(),
                  roles.assignment(),
                  bootstrap)
              .write(out, "probability"));
    }
    String origin =
        "Drafters by %s and %s, %d from %s."
            .formatted(
                result.statistic(),
                result.classifier(),
                roles.assignment().drafters().size(),
                base.prompts());
    List<ReportTable> tables = new ArrayList<>();
    tables.add(pairs(base, result, origin));
    if (convergence.size() > 1) {
      tables.add(convergence(base, convergence, request.draws(), origin));
      files.addAll(
          figure(
                  base,
                  result,
                  convergence,
                  "Jaccard overlap of the drafters",
                  Convergence::jaccard,
                  Convergence::otherJaccard)
              .write(out, "convergence-drafters"));
      files.addAll(
          figure(
                  base,
                  result,
                  convergence,
                  "Spearman's ρ of z",
                  Convergence::zSpearman,
                  Convergence::otherZSpearman)
              .write(out, "convergence-z"));
    }
    if (!variations.isEmpty()) {
      tables.add(variations(base, variations, origin));
    }
    for (ReportTable table : tables) {
      files.addAll(table.write(out));
    }
    return new Answer(result, tables, files);
  }

  private static Double orNull(double value) {
    return Double.isNaN(value) ? null : value;
  }

  private static Variation variation(
      RoleStability rule,
      KeptStatistics base,
      ClassifiedRoles roles,
      KeptStatistics other,
      Path path) {
    Require.that(
        other.schedule().equals(base.schedule()) && other.table().layers() == base.table().layers(),
        "%s must be of %s with maps %s, got %s with %s",
        path,
        base.model(),
        base.schedule().maps(),
        other.model(),
        other.schedule().maps());
    List<String> factors = new ArrayList<>();
    List<String> before = new ArrayList<>();
    List<String> after = new ArrayList<>();
    base.source()
        .forEach(
            (key, value) -> {
              String now = other.source().getOrDefault(key, "unknown");
              if (!now.equals(value) && !key.endsWith("Sha256")) {
                factors.add(key);
                before.add(value);
                after.add(now);
              }
            });
    Agreement a = rule.agreement(roles, rule.roles(other.table()));
    return new Variation(
        factors.isEmpty() ? "none" : String.join(", ", factors),
        String.join(", ", before),
        String.join(", ", after),
        a.drafters(),
        a.jaccard(),
        orNull(a.adjustedRand()),
        orNull(a.zSpearman()));
  }

  private static List<Probable> probable(
      KeptStatistics base, ClassifiedRoles roles, RoleBootstrap bootstrap) {
    List<Probable> pairs = new ArrayList<>();
    for (int k = 0; k < roles.assignment().scales(); k++) {
      for (int l = 0; l < roles.assignment().layers(); l++) {
        double p = bootstrap == null ? Double.NaN : bootstrap.drafterProbability(l, k);
        if (roles.assignment().isDrafter(l, k) || p >= LEAST_SHOWN) {
          Pair pair = Pair.of(new LayerScale(l, k), base.schedule().maps());
          String role = roles.assignment().role(l, k).word();
          pairs.add(new Probable(l, pair.scale(), pair.map(), role, orNull(p)));
        }
      }
    }
    return pairs;
  }

  private static ReportTable pairs(KeptStatistics base, Result result, String origin) {
    return ReportTable.of("pairs", "Drafters of " + base.model(), result.pairs())
        .both("layer", "layer", Probable::layer)
        .data("scale", Probable::scale)
        .data("map", Probable::map)
        .text("scale", p -> p.scale() + " (" + p.map().replace('x', '×') + ")")
        .both("role", "role", Probable::role)
        .number("drafterProbability", "probability of a drafter", 3, Probable::drafterProbability)
        .note(origin)
        .build();
  }

  private static ReportTable convergence(
      KeptStatistics base, List<Convergence> points, int draws, String origin) {
    ReportTable.Builder<Convergence> table =
        ReportTable.of("convergence", "Roles from few prompts: " + base.model(), points)
            .both("prompts", "prompts", Convergence::prompts);
    spread(table, "jaccard", "Jaccard with all", Convergence::jaccard);
    spread(table, "zSpearman", "z with all", Convergence::zSpearman);
    spread(table, "otherJaccard", "Jaccard with others", Convergence::otherJaccard);
    spread(table, "otherZSpearman", "z with others", Convergence::otherZSpearman);
    return table
        .note(
            "Jaccard overlap of the drafters and Spearman's ρ of z, mean and 95 % interval of "
                + draws
                + " draws without replacement; \"with all\": against the roles from all prompts,"
                + " \"with others\": between two draws that share no prompt.")
        .note(origin)
        .build();
  }

  private static void spread(
      ReportTable.Builder<Convergence> table,
      String key,
      String heading,
      Function<Convergence, Spread> of) {
    table
        .data(key, c -> of.apply(c).mean())
        .data(key + "Low", c -> of.apply(c).low())
        .data(key + "High", c -> of.apply(c).high())
        .data(key + "Draws", c -> of.apply(c).draws())
        .text(
            heading,
            c -> {
              Spread s = of.apply(c);
              String mean = ReportTable.fixed(s.mean(), 3);
              return Double.isNaN(s.low())
                  ? mean
                  : mean
                      + " ["
                      + ReportTable.fixed(s.low(), 3)
                      + ", "
                      + ReportTable.fixed(s.high(), 3)
                      + "]";
            });
  }

  private static Figure figure(
      KeptStatistics base,
      Result result,
      List<Convergence> points,
      String axis,
      Function<Convergence, Spread> withAll,
      Function<Convergence, Spread> withOthers) {
    return LineFigure.of(
        new LineFigure.Axes(
            "%s: roles from few prompts, %s and %s"
                .formatted(base.model(), result.statistic(), result.classifier()),
            "prompts",
            axis,
            true),
        List.of(
            line("with all prompts", 1, points, withAll),
            line("with as many others", 0, points, withOthers)),
        List.of());
  }

  private static LineFigure.Line line(
      String name, int style, List<Convergence> points, Function<Convergence, Spread> of) {
    return LineFigure.Line.joined(
        name,
        PolicyStyle.numbered(style),
        points.stream().mapToDouble(Convergence::prompts).toArray(),
        points.stream().mapToDouble(p -> of.apply(p).mean()).toArray(),
        points.stream().mapToDouble(p -> of.apply(p).low()).toArray(),
        points.stream().mapToDouble(p -> of.apply(p).high()).toArray());
  }

  private static ReportTable variations(
      KeptStatistics base, List<Variation> variations, String origin) {
    return ReportTable.of("variations", "Roles of other calibrations: " + base.model(), variations)
        .both("factor", "what differs", Variation::factor)
        .both("base", "from", Variation::base)
        .both("value", "to", Variation::value)
        .both("drafters", "drafters", Variation::drafters)
        .number("jaccard", "Jaccard", 3, Variation::jaccard)
        .number("adjustedRand", "adjusted Rand", 3, Variation::adjustedRand)
        .number("zSpearman", "Spearman of z", 3, Variation::zSpearman)
        .note("Each against the roles of the base.")
        .note(origin)
        .build();
  }
}
