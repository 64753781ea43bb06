package io.scalekv.study;

import io.scalekv.io.Require;
import io.scalekv.metrics.Interval;
import io.scalekv.report.LayerScaleMap;
import io.scalekv.report.LineFigure;
import io.scalekv.report.NamedFigure;
import io.scalekv.report.PolicyStyle;
import io.scalekv.report.ReportTable;
import io.scalekv.roles.ClassifiedRoles;
import io.scalekv.roles.LayerScale;
import io.scalekv.roles.RoleAssignment;
import io.scalekv.roles.RoleBootstrap;
import io.scalekv.roles.RoleClassifier;
import io.scalekv.roles.RoleRule;
import io.scalekv.study.RoleStability.Agreement;
import io.scalekv.study.RoleStability.Convergence;
import io.scalekv.study.Study.Answer;
import io.scalekv.study.Study.Request;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;

/**
 * Study of the stability of roles: the probability that a layer is a drafter (bootstrap over
 * prompts), agreement of roles from fewer prompts, and agreement with other calibrations, each
 * described by what differs in its origin: prompts, seed, guidance, query samples.
 */
final class StabilityStudy {
  private static final double LEAST_SHOWN = 0.05;

  /** Roles of another calibration against those of the base; texts say what differs in origin. */
  private record Variation(String factor, String base, String value, Agreement agreement) {}

  private StabilityStudy() {}

  /** See {@link Study#answer}. */
  static Answer answer(Request request) throws IOException {
    Require.that(!request.inputs().isEmpty(), "stability reads at least one folder of statistics");
    KeptStatistics base = KeptStatistics.read(request.inputs().get(0));
    int first = request.firstCutScale(base.schedule());
    RoleRule rule =
        new RoleRule(
            request.statistic(),
            first,
            RoleClassifier.of(request.classifier(), OptionalInt.empty(), request.seed()));
    ClassifiedRoles roles = rule.roles(base.table());
    List<ReportTable> tables = new ArrayList<>();
    List<NamedFigure> figures = new ArrayList<>();
    RoleBootstrap bootstrap = null;
    if (request.draws() > 0 && base.table().prompts() > 1) {
      bootstrap = RoleBootstrap.of(base.table(), rule, request.draws(), request.seed());
      figures.add(base.probability("probability", first, roles, bootstrap));
      List<Convergence> points =
          RoleStability.convergence(rule, base.table(), request.draws(), request.seed());
      tables.add(convergence(base, points, request.draws()));
      figures.add(
          figure(
              "convergence-drafters",
              base,
              points,
              "Jaccard overlap of the drafters",
              Convergence::jaccard,
              Convergence::otherJaccard));
      figures.add(
          figure(
              "convergence-z",
              base,
              points,
              "Spearman's ρ of z",
              Convergence::zSpearman,
              Convergence::otherZSpearman));
    }
    tables.add(0, pairs(base, rule, roles, bootstrap));
    List<Variation> variations = new ArrayList<>();
    for (Path other : request.inputs().subList(1, request.inputs().size())) {
      variations.add(variation(rule, base, roles, KeptStatistics.read(other), other));
    }
    if (!variations.isEmpty()) {
      tables.add(variations(base, variations));
    }
    return new Answer(tables, figures);
  }

  private static Variation variation(
      RoleRule rule, KeptStatistics base, ClassifiedRoles roles, KeptStatistics other, Path path) {
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
    return new Variation(
        factors.isEmpty() ? "none" : String.join(", ", factors),
        String.join(", ", before),
        String.join(", ", after),
        RoleStability.agreement(roles, rule.roles(other.table())));
  }

  /** Returns the pairs that are drafters of the base or in one of twenty draws. */
  private static ReportTable pairs(
      KeptStatistics base, RoleRule rule, ClassifiedRoles roles, RoleBootstrap bootstrap) {
    RoleAssignment assigned = roles.assignment();
    ToDoubleFunction<LayerScale> probability =
        p -> bootstrap == null ? Double.NaN : bootstrap.drafterProbability(p.layer(), p.scale());
    List<LayerScale> pairs = new ArrayList<>();
    for (int k = 0; k < assigned.scales(); k++) {
      for (int l = 0; l < assigned.layers(); l++) {
        LayerScale pair = new LayerScale(l, k);
        if (assigned.isDrafter(l, k) || probability.applyAsDouble(pair) >= LEAST_SHOWN) {
          pairs.add(pair);
        }
      }
    }
    return ReportTable.of("pairs", "Drafters of " + base.model(), pairs)
        .both("layer", "layer", LayerScale::layer)
        .data("scale", p -> p.scale() + 1)
        .data("map", p -> base.schedule().map(p.scale()))
        .text("scale", p -> LayerScaleMap.scale(base.schedule().maps(), p.scale()))
        .both("role", "role", p -> assigned.role(p.layer(), p.scale()).word())
        .number("drafterProbability", "probability of a drafter", 3, probability::applyAsDouble)
        .note(
            "Drafters by %s and %s, %d from %s."
                .formatted(
                    rule.statistic().cliName(),
                    roles.classifier(),
                    assigned.drafters().size(),
                    base.prompts()))
        .build();
  }

  private static ReportTable convergence(KeptStatistics base, List<Convergence> points, int draws) {
    return ReportTable.of("convergence", "Roles from few prompts: " + base.model(), points)
        .both("prompts", "prompts", Convergence::prompts)
        .interval("jaccard", "Jaccard with all", 3, Convergence::jaccard)
        .interval("zSpearman", "z with all", 3, Convergence::zSpearman)
        .interval("otherJaccard", "Jaccard with others", 3, Convergence::otherJaccard)
        .interval("otherZSpearman", "z with others", 3, Convergence::otherZSpearman)
        .note(
            "Jaccard overlap of the drafters and Spearman's ρ of z, mean and 95 % interval of "
                + draws
                + " draws without replacement; \"with all\": against the roles from all prompts,"
                + " \"with others\": between two draws that share no prompt.")
        .build();
  }

  private static NamedFigure figure(
      String name,
      KeptStatistics base,
      List<Convergence> points,
      String axis,
      Function<Convergence, Interval> withAll,
      Function<Convergence, Interval> withOthers) {
    String title = base.model() + ": roles from few prompts";
    return new NamedFigure(
        name,
        title + ": " + axis,
        LineFigure.of(
            new LineFigure.Axes(title, "prompts", axis, true),
            List.of(
                line("with all prompts", 1, points, withAll),
                line("with as many others", 0, points, withOthers)),
            List.of()));
  }

  private static LineFigure.Line line(
      String name, int style, List<Convergence> points, Function<Convergence, Interval> of) {
    return LineFigure.Line.joined(
        name,
        PolicyStyle.numbered(style),
        points.stream().mapToDouble(Convergence::prompts).toArray(),
        points.stream().map(of).toList());
  }

  private static ReportTable variations(KeptStatistics base, List<Variation> variations) {
    return ReportTable.of("variations", "Roles of other calibrations: " + base.model(), variations)
        .both("factor", "what differs", Variation::factor)
        .both("base", "from", Variation::base)
        .both("value", "to", Variation::value)
        .both("drafters", "drafters", v -> v.agreement().drafters())
        .number("jaccard", "Jaccard", 3, v -> v.agreement().jaccard())
        .number("adjustedRand", "adjusted Rand", 3, v -> v.agreement().adjustedRand())
        .number("zSpearman", "Spearman of z", 3, v -> v.agreement().zSpearman())
        .note("Each against the roles of the base.")
        .build();
  }
}
