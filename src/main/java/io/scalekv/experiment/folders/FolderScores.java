package io.scalekv.experiment.folders;

import io.scalekv.experiment.Run;
import io.scalekv.image.ImageFile;
import io.scalekv.metrics.Interval;
import io.scalekv.metrics.Metric;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Scores of folders of images against a reference folder.
 *
 * @param reference the reference folder
 * @param metrics in the order of tables
 * @param nets names and hashes of the nets behind them
 * @param reading treatment of alpha and orientation
 * @param requested number of captions in the manifest; null without one
 * @param dataset name of the manifest; null without one
 * @param rows candidates in their order, then rulers
 * @param tests paired tests, corrected over all of them
 * @param unpaired ids of images in one folder only, by folder; none of folders that have none
 * @param notes what a reader of the table must know, one line each
 */
public record FolderScores(
    Path reference,
    List<Metric> metrics,
    Run.Nets nets,
    ImageFile.Options reading,
    Integer requested,
    String dataset,
    List<Row> rows,
    List<Test> tests,
    Map<String, List<String>> unpaired,
    List<String> notes) {
  /** Kind of a row. */
  public enum Kind {
    /** A folder to be judged. */
    CANDIDATE,
    /** The reference against itself: the floor of differences. */
    IDENTICAL,
    /** The reference against a known distortion of it. */
    DISTORTION,
    /** The reference against another seed of the same prompts: the ceiling of differences. */
    OTHER_SEED
  }

  /**
   * Row of the table.
   *
   * @param images folder; null for images made of the reference
   * @param identical pairs with equal pixels
   * @param values mean and interval by {@link Metric#key}
   * @param psnrOfMeanMseDb PSNR of the mean squared error over all pairs, identical ones too; +∞ if
   *     all are
   * @param pairs its pairs, by id
   */
  public record Row(
      String name,
      Kind kind,
      Path images,
      int identical,
      Map<String, Interval> values,
      double psnrOfMeanMseDb,
      List<PairScore> pairs) {
    /** Copies the list. */
    public Row {
      pairs = List.copyOf(pairs);
    }

    /** Returns whether it is a ruler and no candidate. */
    public boolean ruler() {
      return kind != Kind.CANDIDATE;
    }

    private Map<String, Object> json() {
      Map<String, Object> json = new LinkedHashMap<>();
      json.put("name", name);
      json.put("kind", kind.name().toLowerCase(Locale.ROOT).replace('_', '-'));
      json.put("images", images);
      json.put("pairs", pairs.size());
      json.put("identical", identical);
      json.put("psnrOfMeanMseDb", psnrOfMeanMseDb);
      json.put("metrics", values);
      return json;
    }
  }

  /**
   * Paired test of two rows over the images that both have.
   *
   * @param metric key
   * @param a name of one row
   * @param b name of the other
   * @param pairs images of both
   * @param difference mean of a − b with its 95 % interval; infinite values left out
   * @param p two-sided p-value of Wilcoxon's signed-rank test
   * @param pHolm after Holm's correction over all tests
   * @param better name of the better row at {@code pHolm < 0.05}, or null
   */
  public record Test(
      String metric,
      String a,
      String b,
      int pairs,
      Interval difference,
      double p,
      double pHolm,
      String better) {}

  /** Copies the lists. */
  public FolderScores {
    metrics = List.copyOf(metrics);
    rows = List.copyOf(rows);
    tests = List.copyOf(tests);
    notes = List.copyOf(notes);
  }

  /** Returns the candidates. */
  public List<Row> candidates() {
    return rows.stream().filter(r -> !r.ruler()).toList();
  }

  /**
   * Returns whether a candidate is significantly better in a metric than every candidate that it
   * was compared with.
   */
  public boolean best(Row row, Metric metric) {
    List<Test> own =
        tests.stream()
            .filter(t -> t.metric().equals(metric.key()))
            .filter(t -> t.a().equals(row.name()) || t.b().equals(row.name()))
            .filter(t -> rival(t, row.name()))
            .toList();
    return !row.ruler()
        && !own.isEmpty()
        && own.stream().allMatch(t -> row.name().equals(t.better()));
  }

  private boolean rival(Test test, String name) {
    String other = test.a().equals(name) ? test.b() : test.a();
    return candidates().stream().anyMatch(c -> c.name().equals(other));
  }

  /** Returns the document for programs. */
  public Map<String, Object> json() {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("reference", reference);
    json.put("candidates", candidates().stream().map(Row::json).toList());
    json.put("rulers", rows.stream().filter(Row::ruler).map(Row::json).toList());
    json.put("tests", tests);
    json.put("nets", nets);
    json.put("unpaired", unpaired);
    json.put("notes", notes);
    return json;
  }
}
