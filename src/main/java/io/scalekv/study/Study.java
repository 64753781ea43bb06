package io.scalekv.study;

import io.scalekv.cache.Budget;
import io.scalekv.cache.BudgetPlan;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.policy.Policies;
import io.scalekv.cache.policy.PolicyKind;
import io.scalekv.cache.policy.PolicySpec;
import io.scalekv.experiment.RunListener;
import io.scalekv.io.Require;
import io.scalekv.profile.LayerStatistic;
import io.scalekv.report.LayerScaleMap;
import io.scalekv.report.NamedFigure;
import io.scalekv.report.ReportTable;
import io.scalekv.roles.LayerScale;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Question about calibrations or results, answered from their files with tables and figures.
 *
 * @param name such as {@code damage}
 * @param question in one sentence
 * @param inputs description of the files and folders that the study reads
 */
public record Study(String name, String question, String inputs, Method method) {
  /** All studies. */
  public static final List<Study> ALL =
      List.of(
          new Study(
              "damage",
              "Which attention statistic predicts the damage of compressing the cache of one layer?",
              "a calibration folder, and result folders of policy one-layer: whole layers, layers at"
                  + " one scale, or both",
              DamageStudy::answer),
          new Study(
              "stability",
              "How do roles depend on the prompts, seed, guidance and query samples of a calibration?",
              "statistics kept by calibrate: the base, then others to compare with it",
              StabilityStudy::answer),
          new Study(
              "classifiers",
              "Do the classifiers agree on which layers are drafters?",
              "statistics kept by calibrate (a file, or the folder)",
              ClassifiersStudy::answer),
          new Study(
              "agreement",
              "How far do two sources of roles or budgets agree on a model's layers?",
              "two files: roles.json, and another, a ScaleKV budget file or HeatKV orders",
              AgreementStudy::answer),
          new Study(
              "replay",
              "Which cache policy loses least of the attention recorded in --traces?",
              "a folder of traces with all queries and values (--traces DIR)",
              ReplayStudy::answer),
          new Study(
              "prefix",
              "What does each policy gain over equal shares as the prefix grows?",
              "folders of one experiment's results, one a model, with "
                  + PrefixStudy.UNIFORM
                  + " among the rows",
              PrefixStudy::answer));

  /** Way from a request to its answer. */
  @FunctionalInterface
  public interface Method {
    Answer answer(Request request) throws IOException;
  }

  /**
   * Answers the question.
   *
   * @throws IllegalArgumentException if an input is missing, incomplete or of another model
   */
  public Answer answer(Request request) throws IOException {
    return method.answer(request);
  }

  /**
   * Request for an answer.
   *
   * @param inputs files and folders to read
   * @param statistic statistic that roles are assigned by
   * @param classifier name of the classifier
   * @param budget budget that decides which scales read a compressed cache
   * @param draws resamples of the prompts; 0 for none
   * @param seed of the resamples
   * @param replay policies to replay
   */
  public record Request(
      List<Path> inputs,
      LayerStatistic statistic,
      String classifier,
      Budget budget,
      int draws,
      long seed,
      Replay replay) {
    /** Checks the values. */
    public Request {
      inputs = List.copyOf(inputs);
      Require.between("draws", draws, 0, 1_000_000);
    }

    /** Returns the first scale, 0-based, that reads a compressed cache at the budget. */
    int firstCutScale(ScaleSchedule schedule) {
      int first = BudgetPlan.firstCutScale(schedule, budget.tokens(schedule));
      Require.that(
          first < schedule.scales(),
          "budget must be below the %d tokens of the prefix, got %s",
          schedule.historyTokens(),
          budget);
      return first;
    }
  }

  /**
   * Policies to replay over recorded attention.
   *
   * @param policies with their settings
   * @param budgets of each policy
   * @param roles calibration of the policies, or null
   * @param progress observes the images that are replayed
   */
  public record Replay(
      List<PolicySpec> policies, List<Budget> budgets, Path roles, RunListener progress) {
    /** Default: policies that need no calibration, at the paper's budgets. */
    public static final Replay DEFAULT =
        new Replay(
            List.of(),
            List.of(Budget.parse("20%"), Budget.parse("10%"), Budget.parse("4%")),
            null,
            RunListener.NONE);

    /** Copies the lists; no policy stands for all that drop tokens. */
    public Replay {
      policies =
          policies.isEmpty()
              ? Policies.all().stream()
                  .map(PolicyKind::name)
                  .filter(n -> !n.equals("full") && !n.equals("one-layer"))
                  .map(PolicySpec::parse)
                  .toList()
              : List.copyOf(policies);
      budgets = List.copyOf(budgets);
    }
  }

  /**
   * Answer of a study.
   *
   * @param tables for programs, and those with columns for people for both
   * @param figures for people
   */
  public record Answer(List<ReportTable> tables, List<NamedFigure> figures) {
    /** Copies the lists. */
    public Answer {
      tables = List.copyOf(tables);
      figures = List.copyOf(figures);
    }

    /** Writes tables and figures and returns the files. */
    public List<Path> write(Path folder) throws IOException {
      List<Path> files = new ArrayList<>();
      for (ReportTable table : tables) {
        files.addAll(table.write(folder));
      }
      for (NamedFigure figure : figures) {
        files.addAll(figure.write(folder));
      }
      return files;
    }

    /** Returns the rows of every table by its name. */
    public Map<String, Object> json() {
      Map<String, Object> json = new LinkedHashMap<>();
      tables.forEach(t -> json.put(t.name(), t.rows()));
      return json;
    }
  }

  /** Returns layer–scale pairs for people, by scale: {@code layers 1, 3 at scale 5 (8×8)}. */
  static String words(Collection<LayerScale> pairs, ScaleSchedule schedule) {
    SortedMap<Integer, List<Integer>> byScale = new TreeMap<>();
    pairs.forEach(p -> byScale.computeIfAbsent(p.scale(), k -> new ArrayList<>()).add(p.layer()));
    List<String> words = new ArrayList<>();
    byScale.forEach(
        (scale, layers) ->
            words.add(
                (layers.size() == 1 ? "layer " : "layers ")
                    + String.join(", ", layers.stream().sorted().map(String::valueOf).toList())
                    + " at scale "
                    + LayerScaleMap.scale(schedule.maps(), scale)));
    return String.join(", ", words);
  }

  /** Returns the study of a name. */
  public static Study of(String name) {
    return Require.oneOf("study", name, ALL, Study::name);
  }
}
