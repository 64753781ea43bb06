package io.scalekv.study;

import io.scalekv.io.Require;
import io.scalekv.profile.LayerStatistic;
import io.scalekv.report.NamedFigure;
import io.scalekv.report.ReportTable;
import io.scalekv.roles.ClassifiedRoles;
import io.scalekv.roles.LayerScale;
import io.scalekv.roles.RoleBootstrap;
import io.scalekv.roles.RoleClassifier;
import io.scalekv.roles.RoleRule;
import io.scalekv.roles.RoleStatistics;
import io.scalekv.study.Study.Answer;
import io.scalekv.study.Study.Request;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/** Study of the classifiers: their drafters, agreement and stability on the same prompts. */
final class ClassifiersStudy {
  /** Two classifiers. */
  private record Two(ClassifiedRoles a, ClassifiedRoles b) {}

  private ClassifiersStudy() {}

  /** See {@link Study#answer}. */
  static Answer answer(Request request) throws IOException {
    Require.that(request.inputs().size() == 1, "classifiers reads one folder of statistics");
    KeptStatistics kept = KeptStatistics.read(request.inputs().get(0));
    int first = request.firstCutScale(kept.schedule());
    List<LayerStatistic> others = RoleStatistics.othersOf(kept.table(), first);
    RoleStatistics statistics =
        RoleStatistics.ofAll(kept.table(), request.statistic(), first, others);
    List<ClassifiedRoles> all = new ArrayList<>();
    Map<ClassifiedRoles, RoleBootstrap> bootstraps = new LinkedHashMap<>();
    List<NamedFigure> figures = new ArrayList<>();
    for (String name : RoleClassifier.NAMES) {
      RoleClassifier classifier = RoleClassifier.of(name, OptionalInt.empty(), request.seed());
      ClassifiedRoles roles = classifier.classify(statistics);
      all.add(roles);
      if (request.draws() > 0 && kept.table().prompts() > 1) {
        RoleBootstrap bootstrap =
            RoleBootstrap.of(
                kept.table(),
                new RoleRule(request.statistic(), first, classifier),
                request.draws(),
                request.seed());
        bootstraps.put(roles, bootstrap);
        figures.add(kept.probability("probability-" + name, first, roles, bootstrap));
      }
    }
    return new Answer(
        List.of(
            agreement(kept, statistics, all),
            classifiers(kept, all),
            pairs(kept, statistics, all, bootstraps)),
        figures);
  }

  private static ReportTable agreement(
      KeptStatistics kept, RoleStatistics statistics, List<ClassifiedRoles> all) {
    List<Two> rows = new ArrayList<>();
    for (int a = 0; a < all.size(); a++) {
      for (ClassifiedRoles b : all.subList(a + 1, all.size())) {
        rows.add(new Two(all.get(a), b));
      }
    }
    return ReportTable.of("agreement", "Classifiers of " + kept.model(), rows)
        .both("classifierA", "classifier A", t -> t.a().classifier())
        .both("classifierB", "classifier B", t -> t.b().classifier())
        .both("draftersA", "drafters of A", t -> t.a().assignment().drafters().size())
        .both("draftersB", "drafters of B", t -> t.b().assignment().drafters().size())
        .number(
            "adjustedRand",
            "adjusted Rand",
            2,
            t ->
                PartitionAgreement.adjustedRand(
                    t.a().assignment(), t.b().assignment(), statistics.firstCutScale()))
        .number("jaccard", "Jaccard", 2, t -> t.a().assignment().jaccard(t.b().assignment()))
        .note(
            ("Adjusted Rand index and Jaccard overlap of the drafters over %d layer–scale pairs"
                    + " that read a compressed cache; roles by %s, from %s.")
                .formatted(statistics.pairs().size(), statistics.name(), kept.prompts()))
        .build();
  }

  private static ReportTable classifiers(KeptStatistics kept, List<ClassifiedRoles> all) {
    return ReportTable.of("classifiers", "Drafters by classifier", all)
        .both("classifier", "classifier", ClassifiedRoles::classifier)
        .both("drafters", "drafters", c -> c.assignment().drafters().size())
        .both("pairs", "layers", c -> Study.words(c.assignment().drafters(), kept.schedule()))
        .data("settings", ClassifiedRoles::settings)
        .both("found", "found", ClassifiedRoles::found)
        .build();
  }

  private static ReportTable pairs(
      KeptStatistics kept,
      RoleStatistics statistics,
      List<ClassifiedRoles> all,
      Map<ClassifiedRoles, RoleBootstrap> bootstraps) {
    ReportTable.Builder<LayerScale> table =
        ReportTable.of("pairs", "Roles by classifier", statistics.pairs())
            .data("layer", LayerScale::layer)
            .data("scale", p -> p.scale() + 1)
            .data("map", p -> kept.schedule().map(p.scale()))
            .data(statistics.name(), p -> statistics.value(p.layer(), p.scale()))
            .data("z", p -> statistics.z()[p.layer()][p.scale()]);
    for (ClassifiedRoles c : all) {
      table.data("role-" + c.classifier(), p -> c.assignment().role(p.layer(), p.scale()).word());
    }
    bootstraps.forEach(
        (c, b) ->
            table.data(
                "drafterProbability-" + c.classifier(),
                p -> b.drafterProbability(p.layer(), p.scale())));
    return table.build();
  }
}
