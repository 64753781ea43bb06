package io.scalekv.report;

import io.scalekv.experiment.ExperimentFile;
import io.scalekv.experiment.Metrics;
import io.scalekv.experiment.Results;
import io.scalekv.experiment.RunResult;
import io.scalekv.metrics.Metric;
import io.scalekv.metrics.Psnr;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * One number of an experiment: a metric of an image of a run, or of the run where images have none
 * (distances of sets, bytes, seconds).
 *
 * @param row the run in its first place
 * @param image the image, or null for a number of the whole run
 * @param prompt text of its prompt, or null
 * @param value +∞ possible; null where it is undefined
 */
record TidyRow(
    ExperimentFile file,
    ResultRow row,
    RunResult.Image image,
    String prompt,
    String metric,
    Double value) {
  /** Type of the values of a column. */
  enum Type {
    /** Text. */
    TEXT,
    /** Whole number of 64 bits. */
    WHOLE,
    /** Number of 64 bits with a point. */
    NUMBER,
    /** True or false. */
    FLAG
  }

  /**
   * Column of tidy tables.
   *
   * @param value of a row: a String, Long, Double, Boolean, or null
   */
  record Column(String name, Type type, Function<TidyRow, Object> value) {
    private static Column text(String name, Function<TidyRow, Object> value) {
      return new Column(name, Type.TEXT, value);
    }

    private static Column whole(String name, Function<TidyRow, ? extends Number> value) {
      return new Column(
          name,
          Type.WHOLE,
          r -> {
            Number n = value.apply(r);
            return n == null ? null : (Long) n.longValue();
          });
    }

    private static Column ofImage(String name, Type type, Function<RunResult.Image, Object> value) {
      return new Column(name, type, r -> r.image == null ? null : value.apply(r.image));
    }
  }

  /** Columns of tidy tables, in their order. */
  static final List<Column> COLUMNS =
      List.of(
          Column.text("experiment", r -> r.file.name()),
          Column.text("run", r -> r.row.result().id()),
          Column.text("group", r -> r.row.row().group()),
          Column.text("label", r -> r.row.row().label()),
          Column.text("kind", r -> r.row.run().kind().key()),
          Column.text("model", r -> r.row.run().model().name()),
          Column.text("weightsSha256", r -> r.row.run().model().weights()),
          Column.text("dtype", r -> r.row.run().model().dtype()),
          Column.text("policy", r -> r.row.run().policy().name()),
          Column.text("budget", r -> r.row.run().policy().budget()),
          Column.whole("budgetTokens", r -> r.row.run().policy().budgetTokens()),
          Column.text("keyType", r -> r.row.run().policy().keyType().toString()),
          Column.text("valueType", r -> r.row.run().policy().valueType().toString()),
          Column.whole("batch", r -> r.row.run().generation().batch()),
          Column.whole("kvBytes", r -> memory(r.row.result(), RunResult.Memory::kvBytes)),
          Column.whole("peakKvBytes", r -> memory(r.row.result(), RunResult.Memory::peakKvBytes)),
          Column.whole("fullKvBytes", r -> memory(r.row.result(), RunResult.Memory::fullKvBytes)),
          Column.ofImage("promptIndex", Type.WHOLE, i -> (long) i.prompt()),
          Column.text("prompt", TidyRow::prompt),
          Column.ofImage("seed", Type.WHOLE, RunResult.Image::seed),
          Column.ofImage("identical", Type.FLAG, RunResult.Image::identical),
          Column.text("metric", TidyRow::metric),
          Column.text("unit", r -> Metrics.find(r.metric).map(Metric::unit).orElse("")),
          new Column("value", Type.NUMBER, TidyRow::value));

  /** Returns the columns about the run alone. */
  static List<Column> columnsOfRun() {
    return COLUMNS.stream().takeWhile(c -> !c.name().equals("promptIndex")).toList();
  }

  private static Long memory(RunResult r, Function<RunResult.Memory, Long> bytes) {
    return r.memory() == null ? null : bytes.apply(r.memory());
  }

  /** Returns the rows of an experiment: run by run, images by prompt and seed, then the run's. */
  static Stream<TidyRow> of(Results results) {
    return ResultRow.distinct(results).stream().flatMap(row -> of(results.file(), row));
  }

  private static Stream<TidyRow> of(ExperimentFile file, ResultRow row) {
    RunResult result = row.result();
    List<String> prompts =
        result.run().prompts() == null
            ? List.of()
            : file.promptSets().getOrDefault(result.run().prompts().sha256(), List.of());
    Stream<TidyRow> images =
        result.images().stream()
            .flatMap(
                i ->
                    i.metrics().keySet().stream()
                        .map(
                            key ->
                                new TidyRow(
                                    file,
                                    row,
                                    i,
                                    i.prompt() < prompts.size() ? prompts.get(i.prompt()) : null,
                                    key,
                                    i.value(key))));
    return Stream.concat(
        images,
        ofRun(result).entrySet().stream()
            .map(e -> new TidyRow(file, row, null, null, e.getKey(), e.getValue())));
  }

  /** Returns the numbers of a run that its images do not have, by name; none is NaN. */
  static Map<String, Double> ofRun(RunResult r) {
    Map<String, Double> values = new LinkedHashMap<>();
    Set<String> ofImages =
        r.images().stream().flatMap(i -> i.metrics().keySet().stream()).collect(Collectors.toSet());
    r.metrics()
        .forEach(
            (key, v) -> {
              if (!ofImages.contains(key)) {
                values.put(key, v.ranked());
              }
            });
    r.psnrOfMeanMse().ifPresent(v -> values.put(Psnr.OF_MEAN_MSE.key(), v.ranked()));
    if (r.memory() != null) {
      values.put("percentOfFull", r.memory().percentOfFull());
      if (r.memory().kvBytes() == null) {
        values.put("nominalKvBytes", (double) r.memory().nominalKvBytes());
      }
    }
    if (r.latency() != null) {
      values.put("medianSeconds", r.latency().medianSeconds());
      values.put("fullMedianSeconds", r.latency().fullMedianSeconds());
    }
    if (r.attention() != null) {
      values.put("currentMassSmallScales", r.attention().small().mean());
      values.put("currentMassLargeScales", r.attention().large().mean());
    }
    values.values().removeIf(v -> v.isNaN());
    return values;
  }
}
