package io.scalekv.study;

import io.scalekv.cache.TokenMap;
import io.scalekv.io.Require;
import io.scalekv.profile.LayerStatistic;
import io.scalekv.report.ReportTable;
import io.scalekv.roles.ClassifiedRoles;
import io.scalekv.roles.LayerScale;
import io.scalekv.roles.RoleBootstrap;
import io.scalekv.roles.RoleClassifier;
import io.scalekv.roles.RoleStatistics;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.SortedMap;

/** Study of the classifiers: their drafters, agreement, rules and stability on the same prompts. */
final class ClassifiersStudy implements Study {
  /**
   * Result for programs.
   *
   * @param firstCutScale first scale that reads a compressed cache, from 1
   * @param pairs number of layer–scale pairs that are classified
   */
  record Result(
      SortedMap<String, String> source,
      String statistic,
      int firstCutScale,
      int pairs,
      List<Entry> classifiers,
      List<Agreement> agreements) {}

  /** One classifier. */
  record Entry(
      String classifier,
      SortedMap<String, String> settings,
      SortedMap<String, String> found,
      List<Pair> drafters,
      List<String> rules,
      int missedByRules,
      SortedMap<String, String> tree,
      Integer bootstrapDraws) {}

  /** Two classifiers; adjustedRand is null for fewer than two pairs. */
  record Agreement(
      String a, String b, int draftersA, int draftersB, Double adjustedRand, double jaccard) {}

  /** One classifier with everything that is written of it; no bootstrap for a single prompt. */
  private record Classified(ClassifiedRoles roles, RoleRules rules, RoleBootstrap bootstrap) {
    String name() {
      return roles.classifier();
    }
  }

  @Override
  public String name() {
    return "classifiers";
  }

  @Override
  public String question() {
    return "Do the classifiers agree on which layers are drafters, and by which rules?";
  }

  @Override
  public String inputs() {
    return "statistics kept by calibrate (a file, or the folder)";
  }

  @Override
  public Answer answer(Request request) throws IOException {
    Require.that(request.inputs().size() == 1, "classifiers reads one folder of statistics");
    KeptStatistics kept = KeptStatistics.read(request.inputs().get(0));
    int first = request.firstCutScale(kept.schedule());
    List<LayerStatistic> features = RoleStatistics.othersOf(kept.table(), first);
    RoleStatistics statistics =
        RoleStatistics.ofAll(kept.table(), request.statistic(), first, features);
    List<Classified> all = new ArrayList<>();
    for (String name : RoleClassifier.NAMES) {
      RoleClassifier classifier = RoleClassifier.of(name, OptionalInt.empty(), request.seed());
      ClassifiedRoles roles = classifier.classify(statistics);
      RoleBootstrap bootstrap =
          request.draws() == 0 || kept.table().prompts() < 2
              ? null
              : RoleBootstrap.of(
                  kept.table(),
                  request.statistic(),
                  first,
                  features,
                  classifier,
                  request.draws(),
                  request.seed());
      all.add(
          new Classified(
              roles, RoleRules.of(roles.assignment(), statistics, RoleRules.DEPTH), bootstrap));
    }
    Result result = result(kept, statistics, all);
    Path out = request.out();
    ReportTable table = table(kept, statistics, all, result);
    List<Path> files = new ArrayList<>(table.write(out));
    files.add(pairs(kept, statistics, all).writeCsv(out));
    files.add(Study.writeJson(out, "classifiers", result));
    for (Classified c : all) {
      if (c.bootstrap() != null) {
        String title = kept.model() + ": probability of a drafter, " + c.name();
        files.addAll(
            ProbabilityMap.of(title, kept.schedule(), first, c.roles().assignment(), c.bootstrap())
                .write(out, "probability-" + c.name()));
      }
    }
    return new Answer(result, List.of(table), files);
  }

  private static Result result(
      KeptStatistics kept, RoleStatistics statistics, List<Classified> all) {
    List<Entry> entries = new ArrayList<>();
    List<Agreement> agreements = new ArrayList<>();
    for (int a = 0; a < all.size(); a++) {
      Classified c = all.get(a);
      var drafters = c.roles().assignment().drafters();
      entries.add(
          new Entry(
              c.name(),
              c.roles().settings(),
              c.roles().found(),
              Pair.of(drafters, kept.schedule().maps()),
              c.rules().rules().stream().map(RoleRule::toString).toList(),
              c.rules().missed(c.roles().assignment(), statistics),
              c.rules().settings(),
              c.bootstrap() == null ? null : c.bootstrap().draws()));
      for (Classified other : all.subList(a + 1, all.size())) {
        double rand =
            PartitionAgreement.adjustedRand(
                c.roles().assignment(), other.roles().assignment(), statistics.firstCutScale());
        agreements.add(
            new Agreement(
                c.name(),
                other.name(),
                drafters.size(),
                other.roles().assignment().drafters().size(),
                Double.isNaN(rand) ? null : rand,
                c.roles().assignment().jaccard(other.roles().assignment())));
      }
    }
    return new Result(
        kept.source(),
        statistics.name(),
        statistics.firstCutScale() + 1,
        statistics.pairs().size(),
        entries,
        agreements);
  }

  /** Returns one row per pair of classifiers, the drafters and rules below. */
  private static ReportTable table(
      KeptStatistics kept, RoleStatistics statistics, List<Classified> all, Result result) {
    ReportTable.Builder<Agreement> table =
        ReportTable.of("agreement", "Classifiers of " + kept.model(), result.agreements())
            .both("classifierA", "classifier A", Agreement::a)
            .both("classifierB", "classifier B", Agreement::b)
            .both("draftersA", "drafters of A", Agreement::draftersA)
            .both("draftersB", "drafters of B", Agreement::draftersB)
            .number("adjustedRand", "adjusted Rand", 2, Agreement::adjustedRand)
            .number("jaccard", "Jaccard", 2, Agreement::jaccard)
            .note(
                "Adjusted Rand index and Jaccard overlap of the drafters over %d layer–scale pairs that read a compressed cache; roles by %s, from %s."
                    .formatted(result.pairs(), result.statistic(), kept.prompts()));
    all.forEach(c -> table.note(words(c, statistics, kept.schedule().maps())));
    return table.build();
  }

  /** Drafters and rules of one classifier. */
  private static String words(Classified c, RoleStatistics statistics, List<TokenMap> maps) {
    var drafters = c.roles().assignment().drafters();
    if (drafters.isEmpty()) {
      return c.name() + ": no drafters";
    }
    List<String> sentences = new ArrayList<>();
    sentences.add("drafters: " + Study.words(drafters, maps));
    c.rules().rules().forEach(rule -> sentences.add(rule.toString()));
    if (c.rules().rules().isEmpty()) {
      sentences.add("no rule of two conditions finds them");
    } else if (c.rules().missed(c.roles().assignment(), statistics) > 0) {
      sentences.add(c.rules().missed(c.roles().assignment(), statistics) + " missed");
    }
    return c.name() + ": " + String.join("; ", sentences);
  }

  private static ReportTable pairs(
      KeptStatistics kept, RoleStatistics statistics, List<Classified> all) {
    ClassifiedRoles any = all.get(0).roles();
    ReportTable.Builder<LayerScale> table =
        ReportTable.of("pairs", "Roles by classifier", statistics.pairs())
            .data("layer", LayerScale::layer)
            .data("scale", p -> p.scale() + 1)
            .data("map", p -> kept.schedule().map(p.scale()))
            .data(statistics.name(), p -> any.statistics().value(p.layer(), p.scale()))
            .data("z", p -> any.statistics().z(p.layer(), p.scale()));
    for (Classified c : all) {
      table.data("role-" + c.name(), p -> c.roles().assignment().role(p.layer(), p.scale()).word());
      if (c.bootstrap() != null) {
        table.data(
            "drafterProbability-" + c.name(),
            p -> c.bootstrap().drafterProbability(p.layer(), p.scale()));
      }
    }
    return table.build();
  }
}
