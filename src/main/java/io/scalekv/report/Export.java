package io.scalekv.report;

import io.scalekv.experiment.Results;
import io.scalekv.io.AtomicFile;
import io.scalekv.io.Json;
import io.scalekv.io.Require;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.Writer;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import tools.jackson.databind.node.ObjectNode;

/** Results in the formats of other tools. */
public final class Export {
  /** Format of an export. */
  public enum Format {
    /** Tidy rows as CSV of RFC 4180; an undefined value is empty, +∞ is {@code inf}. */
    CSV,
    /** Tidy rows as Apache Parquet. */
    PARQUET,
    /** Tidy rows as JSON objects, one a line; +∞ is null beside {@code "identical": true}. */
    JSONL,
    /** One booktabs table an experiment. */
    LATEX,
    /** Runs as MLflow's file store. */
    MLFLOW,
    /** Runs as event files of TensorBoard. */
    TENSORBOARD;

    /** Returns whether the export is one file of tidy rows; else it is a folder. */
    public boolean tidy() {
      return compareTo(JSONL) <= 0;
    }

    /** Returns the name on the command line, and the ending of a file. */
    public String key() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /**
   * Files of an export.
   *
   * @param files the files; of MLflow the folder
   * @param experiments number of experiments
   * @param runs finished runs in them; a run that two experiments share counts twice
   * @param rows numbers written as tidy rows; 0 for other formats
   */
  public record Written(List<Path> files, int experiments, int runs, long rows) {}

  private final List<Results> experiments;
  private final int runs;

  private Export(List<Results> experiments, int runs) {
    this.experiments = experiments;
    this.runs = runs;
  }

  /**
   * Reads results.
   *
   * @param folder results of one experiment, or a folder of such folders
   * @throws IllegalArgumentException if there is no experiment, none is finished, or a file is
   *     damaged
   */
  public static Export open(Path folder) throws IOException {
    List<Results> experiments =
        ReportSource.read(folder).experiments().stream().map(ReportSource.Folder::results).toList();
    int runs = experiments.stream().mapToInt(r -> ResultRow.distinct(r).size()).sum();
    Require.that(runs > 0, "missing finished runs in %s: run sweep", folder);
    return new Export(experiments, runs);
  }

  /** Returns the number of experiments. */
  public int experiments() {
    return experiments.size();
  }

  /**
   * Writes the results.
   *
   * @param out file of tidy rows, or folder of the others
   * @param done receives the name of each experiment that is written
   */
  public Written write(Format format, Path out, Consumer<String> done) throws IOException {
    long rows = 0;
    List<Path> files = new ArrayList<>();
    if (format.tidy()) {
      Iterator<TidyRow> tidy =
          experiments.stream()
              .flatMap(r -> TidyRow.of(r).onClose(() -> done.accept(r.file().name())))
              .iterator();
      rows =
          switch (format) {
            case CSV -> lines(out, tidy, Export::csv, header());
            case JSONL -> lines(out, tidy, Export::json, "");
            default -> ParquetFile.write(out, TidyRow.COLUMNS, tidy);
          };
      files.add(out);
    }
    for (Results r : experiments) {
      switch (format) {
        case LATEX -> {
          List<ReportTable> tables = ResultTables.of(r);
          if (!tables.isEmpty()) {
            files.add(out.resolve(tables.get(0).name() + ".tex"));
            byte[] text = Latex.of(tables.get(0)).getBytes(StandardCharsets.UTF_8);
            AtomicFile.write(files.get(files.size() - 1), text);
          }
        }
        case MLFLOW -> MlflowStore.write(r, out);
        case TENSORBOARD -> files.addAll(TensorBoardEvents.write(r, out));
        default -> {}
      }
      if (!format.tidy()) {
        done.accept(r.file().name());
      }
    }
    return new Written(
        format == Format.MLFLOW ? List.of(out) : files, experiments.size(), runs, rows);
  }

  /** Returns the file or folder to write to for what a user names: a folder gets results.FORMAT. */
  public static Path target(Path out, Format format) {
    boolean file = format.tidy() && !Files.isDirectory(out);
    String ending = "." + format.key();
    return !format.tidy() || file && out.getFileName().toString().endsWith(ending)
        ? out
        : out.resolve("results" + ending);
  }

  private static long lines(
      Path file, Iterator<TidyRow> rows, Function<TidyRow, String> line, String header)
      throws IOException {
    long[] count = new long[1];
    AtomicFile.write(
        file,
        channel -> {
          Writer text =
              new BufferedWriter(Channels.newWriter(channel, StandardCharsets.UTF_8), 1 << 16);
          text.write(header);
          for (; rows.hasNext(); count[0]++) {
            text.write(line.apply(rows.next()));
            text.write('\n');
          }
          text.flush();
        });
    return count[0];
  }

  private static String header() {
    return TidyRow.COLUMNS.stream().map(TidyRow.Column::name).collect(Collectors.joining(","))
        + "\n";
  }

  private static String csv(TidyRow row) {
    return TidyRow.COLUMNS.stream()
        .map(c -> cell(c.value().apply(row)))
        .collect(Collectors.joining(","));
  }

  private static String cell(Object value) {
    if (value == null) {
      return "";
    }
    String text = value.equals(Double.POSITIVE_INFINITY) ? "inf" : value.toString();
    return Stream.of(",", "\"", "\n", "\r").anyMatch(text::contains)
        ? '"' + text.replace("\"", "\"\"") + '"'
        : text;
  }

  private static String json(TidyRow row) {
    ObjectNode line = Json.MAPPER.createObjectNode();
    for (TidyRow.Column c : TidyRow.COLUMNS) {
      Object value = c.value().apply(row);
      boolean infinite = value instanceof Double d && d.isInfinite();
      line.set(c.name(), Json.MAPPER.valueToTree(infinite ? null : value));
    }
    return Json.MAPPER.writeValueAsString(line);
  }
}
