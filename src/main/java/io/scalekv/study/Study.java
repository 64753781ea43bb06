package io.scalekv.study;

import io.scalekv.cache.Budget;
import io.scalekv.cache.BudgetPlan;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.TokenMap;
import io.scalekv.io.AtomicFile;
import io.scalekv.io.CanonicalJson;
import io.scalekv.io.Require;
import io.scalekv.profile.LayerStatistic;
import io.scalekv.report.LayerScaleMap;
import io.scalekv.report.ReportTable;
import io.scalekv.roles.LayerScale;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/** Question about calibrations or results, answered from their files with tables and figures. */
public interface Study {
  /** All studies. */
  List<Study> ALL =
      List.of(
          new DamageStudy(), new StabilityStudy(), new ClassifiersStudy(), new AgreementStudy());

  /** Returns the name, such as {@code damage}. */
  String name();

  /** Returns the question in one sentence. */
  String question();

  /** Returns a description of the files and folders that the study reads. */
  String inputs();

  /**
   * Answers the question and writes tables and figures.
   *
   * @throws IllegalArgumentException if an input is missing, incomplete or of another model
   */
  Answer answer(Request request) throws IOException;

  /**
   * Request for an answer.
   *
   * @param inputs files and folders to read
   * @param out folder for tables and figures
   * @param statistic statistic that roles are assigned by
   * @param classifier name of the classifier
   * @param budget budget that decides which scales read a compressed cache
   * @param draws resamples of the prompts; 0 for none
   * @param seed of the resamples
   */
  record Request(
      List<Path> inputs,
      Path out,
      LayerStatistic statistic,
      String classifier,
      Budget budget,
      int draws,
      long seed) {
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
   * Answer of a study.
   *
   * @param result record for programs
   * @param tables for people
   * @param files files written
   */
  record Answer(Object result, List<ReportTable> tables, List<Path> files) {
    /** Copies the lists. */
    public Answer {
      tables = List.copyOf(tables);
      files = List.copyOf(files);
    }
  }

  /**
   * Layer–scale pair for programs.
   *
   * @param scale from 1
   * @param map token map of the scale
   */
  record Pair(int layer, int scale, String map) {
    static Pair of(LayerScale pair, List<TokenMap> maps) {
      return new Pair(pair.layer(), pair.scale() + 1, maps.get(pair.scale()).toString());
    }

    static List<Pair> of(Collection<LayerScale> pairs, List<TokenMap> maps) {
      return pairs.stream().map(p -> of(p, maps)).toList();
    }
  }

  /** Returns layer–scale pairs for people, by scale: {@code layers 1, 3 at scale 5 (8×8)}. */
  static String words(Collection<LayerScale> pairs, List<TokenMap> maps) {
    SortedMap<Integer, List<Integer>> byScale = new TreeMap<>();
    pairs.forEach(p -> byScale.computeIfAbsent(p.scale(), k -> new ArrayList<>()).add(p.layer()));
    List<String> words = new ArrayList<>();
    byScale.forEach(
        (scale, layers) ->
            words.add(
                (layers.size() == 1 ? "layer " : "layers ")
                    + String.join(", ", layers.stream().sorted().map(String::valueOf).toList())
                    + " at scale "
                    + LayerScaleMap.scale(maps, scale)));
    return String.join(", ", words);
  }

  /** Writes the record of an answer as JSON and returns the file. */
  static Path writeJson(Path folder, String name, Object result) throws IOException {
    Path file = folder.resolve(name + ".json");
    String text = CanonicalJson.of(result);
    AtomicFile.write(file, text.getBytes(StandardCharsets.UTF_8));
    return file;
  }

  /** Returns the study of a name. */
  static Study of(String name) {
    return ALL.stream()
        .filter(s -> s.name().equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "study must be one of "
                        + String.join(", ", ALL.stream().map(Study::name).toList())
                        + ", got "
                        + name));
  }
}
