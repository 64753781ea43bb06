package io.scalekv.study;

import io.scalekv.cache.ScaleSchedule;
import io.scalekv.io.AtomicFile;
import io.scalekv.io.CanonicalJson;
import io.scalekv.io.CheckedJson;
import io.scalekv.report.Columns;
import io.scalekv.report.FigureFile;
import io.scalekv.report.ReportTable;
import io.scalekv.roles.ClassifiedRoles;
import io.scalekv.roles.LayerScale;
import io.scalekv.roles.RoleBootstrap;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SortedMap;
import tech.tablesaw.api.Table;

/** Classifiers side by side: tables, rules, probabilities and where all of it comes from. */
public final class RoleComparisonReport {
  private RoleComparisonReport() {}

  /** The JSON document, one entry per classifier; scores that are undefined are null. */
  record Document(
      int schemaVersion,
      SortedMap<String, String> source,
      String metric,
      int firstCutScale,
      int pairs,
      List<Entry> classifiers) {}

  /** One classifier. */
  record Entry(
      String classifier,
      SortedMap<String, String> settings,
      SortedMap<String, String> found,
      List<LayerScale> drafters,
      List<String> rules,
      int missedByRules,
      SortedMap<String, String> tree,
      Integer bootstrapDraws,
      Long bootstrapSeed) {}

  /**
   * Writes everything.
   *
   * @param comparison the classifiers
   * @param bootstraps one per classifier, or none at all for a single prompt
   * @param source where the statistics come from, by name
   * @return the files, in a fixed order
   */
  public static List<Path> write(
      RoleComparison comparison,
      List<RoleBootstrap> bootstraps,
      ScaleSchedule schedule,
      SortedMap<String, String> source,
      Path folder)
      throws IOException {
    List<Path> files = new ArrayList<>();
    table(comparison, source).write(folder);
    files.add(folder.resolve("classifiers.md"));
    files.add(folder.resolve("classifiers.csv"));
    Path pairs = folder.resolve("pairs.csv");
    AtomicFile.write(
        pairs, ReportTable.csv(pairs(comparison, bootstraps)).getBytes(StandardCharsets.UTF_8));
    files.add(pairs);
    Path json = folder.resolve("comparison.json");
    Document document = document(comparison, bootstraps, source);
    String text = CanonicalJson.write(CheckedJson.MAPPER.valueToTree(document));
    AtomicFile.write(json, text.getBytes(StandardCharsets.UTF_8));
    files.add(json);
    for (int c = 0; c < bootstraps.size(); c++) {
      ClassifiedRoles roles = comparison.classified().get(c);
      DrafterProbabilityMap map =
          DrafterProbabilityMap.of(
              source.get("model") + ": probability of a drafter, " + roles.classifier(),
              schedule,
              comparison.statistics().firstCutScale(),
              roles.assignment(),
              bootstraps.get(c));
      String name = "probability-" + roles.classifier();
      FigureFile.png(map, folder.resolve(name + ".png"));
      FigureFile.svg(map, folder.resolve(name + ".svg"));
      files.add(folder.resolve(name + ".png"));
      files.add(folder.resolve(name + ".svg"));
    }
    return files;
  }

  /** One row per pair of classifiers for programs, a square for people, the rules below it. */
  static ReportTable table(RoleComparison comparison, SortedMap<String, String> source) {
    List<ClassifiedRoles> all = comparison.classified();
    List<String> first = new ArrayList<>();
    List<String> second = new ArrayList<>();
    List<Integer> firstDrafters = new ArrayList<>();
    List<Integer> secondDrafters = new ArrayList<>();
    List<Double> rand = new ArrayList<>();
    List<Double> jaccard = new ArrayList<>();
    for (int a = 0; a < all.size(); a++) {
      for (int b = a + 1; b < all.size(); b++) {
        first.add(all.get(a).classifier());
        second.add(all.get(b).classifier());
        firstDrafters.add(all.get(a).assignment().drafters().size());
        secondDrafters.add(all.get(b).assignment().drafters().size());
        rand.add(comparison.adjustedRand(a, b));
        jaccard.add(comparison.jaccard(a, b));
      }
    }
    Table numbers =
        Table.create(
            Columns.texts("classifier_a", first),
            Columns.texts("classifier_b", second),
            Columns.numbers("drafters_a", firstDrafters),
            Columns.numbers("drafters_b", secondDrafters),
            Columns.numbers("adjusted_rand", rand),
            Columns.numbers("jaccard", jaccard));
    Table shown =
        Table.create(
            Columns.texts("classifier", all.stream().map(ClassifiedRoles::classifier).toList()),
            Columns.numbers(
                "drafters", all.stream().map(c -> c.assignment().drafters().size()).toList()));
    for (int b = 0; b < all.size(); b++) {
      List<String> cells = new ArrayList<>();
      for (int a = 0; a < all.size(); a++) {
        cells.add(
            a == b
                ? "-"
                : shown(comparison.adjustedRand(a, b)) + " / " + shown(comparison.jaccard(a, b)));
      }
      shown.addColumns(Columns.texts(all.get(b).classifier(), cells));
    }
    List<String> notes = new ArrayList<>();
    notes.add(
        "Adjusted Rand index / Jaccard overlap of the drafters, over "
            + comparison.statistics().pairs().size()
            + " layer-scale pairs that read a cut cache; metric "
            + comparison.statistics().metricName()
            + ". Layers and scales count from 0. From "
            + source.get("prompts")
            + " prompts of "
            + source.get("promptFile")
            + ".");
    for (int c = 0; c < all.size(); c++) {
      notes.add(words(comparison, c));
    }
    return new ReportTable(
        "classifiers", "Classifiers of " + source.get("model"), numbers, shown, notes);
  }

  /** Drafters and rules of one classifier. */
  public static String words(RoleComparison comparison, int c) {
    ClassifiedRoles roles = comparison.classified().get(c);
    RoleRules rules = comparison.rules().get(c);
    StringBuilder text = new StringBuilder(roles.classifier()).append(": ");
    if (roles.assignment().drafters().isEmpty()) {
      return text.append("no drafters").toString();
    }
    List<String> drafters = new ArrayList<>();
    for (LayerScale p : roles.assignment().drafters()) {
      drafters.add(p.layer() + "@" + p.scale());
    }
    text.append("drafters (layer@scale) ").append(String.join(" ", drafters)).append("; ");
    if (rules.rules().isEmpty()) {
      return text.append("no rule of two conditions finds them").toString();
    }
    List<String> sentences =
        new ArrayList<>(rules.rules().stream().map(RoleRule::toString).toList());
    int missed = rules.missed(roles.assignment(), comparison.statistics());
    if (missed > 0) {
      sentences.add(missed + " missed");
    }
    return text.append(String.join("; ", sentences)).toString();
  }

  private static String shown(double value) {
    return Double.isNaN(value) ? Columns.NONE : String.format(Locale.ROOT, "%.2f", value);
  }

  private static Table pairs(RoleComparison comparison, List<RoleBootstrap> bootstraps) {
    List<LayerScale> pairs = comparison.statistics().pairs();
    ClassifiedRoles any = comparison.classified().get(0);
    Table table =
        Table.create(
            Columns.numbers("layer", pairs.stream().map(LayerScale::layer).toList()),
            Columns.numbers("scale", pairs.stream().map(LayerScale::scale).toList()),
            Columns.numbers(
                comparison.statistics().metricName(),
                pairs.stream().map(p -> any.roles().metric(p.layer(), p.scale())).toList()),
            Columns.numbers(
                "z", pairs.stream().map(p -> any.roles().z(p.layer(), p.scale())).toList()));
    for (int c = 0; c < comparison.classified().size(); c++) {
      ClassifiedRoles roles = comparison.classified().get(c);
      table.addColumns(
          Columns.texts(
              "role_" + roles.classifier(),
              pairs.stream()
                  .map(p -> roles.assignment().role(p.layer(), p.scale()).word())
                  .toList()));
      if (!bootstraps.isEmpty()) {
        RoleBootstrap b = bootstraps.get(c);
        table.addColumns(
            Columns.numbers(
                "drafter_probability_" + roles.classifier(),
                pairs.stream().map(p -> b.drafterProbability(p.layer(), p.scale())).toList()));
      }
    }
    return table;
  }

  private static Document document(
      RoleComparison comparison, List<RoleBootstrap> bootstraps, SortedMap<String, String> source) {
    List<Entry> entries = new ArrayList<>();
    for (int c = 0; c < comparison.classified().size(); c++) {
      ClassifiedRoles roles = comparison.classified().get(c);
      RoleRules rules = comparison.rules().get(c);
      RoleBootstrap b = bootstraps.isEmpty() ? null : bootstraps.get(c);
      entries.add(
          new Entry(
              roles.classifier(),
              roles.settings(),
              roles.found(),
              List.copyOf(roles.assignment().drafters()),
              rules.rules().stream().map(RoleRule::toString).toList(),
              rules.missed(roles.assignment(), comparison.statistics()),
              rules.settings(),
              b == null ? null : b.draws(),
              b == null ? null : b.seed()));
    }
    return new Document(
        1,
        source,
        comparison.statistics().metricName(),
        comparison.statistics().firstCutScale(),
        comparison.statistics().pairs().size(),
        entries);
  }
}
