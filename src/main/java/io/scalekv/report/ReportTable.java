package io.scalekv.report;

import io.scalekv.io.AtomicFile;
import io.scalekv.metrics.Interval;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.text.DecimalFormat;
import java.text.DecimalFormatSymbols;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import tech.tablesaw.api.DoubleColumn;
import tech.tablesaw.api.StringColumn;
import tech.tablesaw.api.Table;
import tech.tablesaw.columns.Column;
import tech.tablesaw.io.csv.CsvWriteOptions;

/**
 * Table in two forms: plain values for programs (CSV) and formatted text for people (Markdown,
 * HTML). Both read {@value #NONE} where a value is missing or NaN.
 *
 * @param name of its files
 * @param data one fact per column
 * @param shown texts; {@code **} around a text makes it bold
 * @param notes lines below the table
 */
public record ReportTable(String name, String title, Table data, Table shown, List<String> notes) {
  /** Text of a missing value. */
  public static final String NONE = "n/a";

  /** Copies the notes. */
  public ReportTable {
    notes = List.copyOf(notes);
  }

  /**
   * Builder of a table with one row per item.
   *
   * @param <R> type of the items
   */
  public static final class Builder<R> {
    private final String name;
    private final String title;
    private final List<R> rows;
    private final List<String> notes = new ArrayList<>();
    private final Table data;
    private final Table shown;

    private Builder(String name, String title, List<R> rows) {
      this.name = name;
      this.title = title;
      this.rows = rows;
      data = Table.create(title);
      shown = Table.create(title);
    }

    /** Adds a column for programs. */
    public Builder<R> data(String key, Function<R, ?> value) {
      data.addColumns(column(key, rows.stream().map(value).collect(Collectors.toList())));
      return this;
    }

    /** Adds a column for people. */
    public Builder<R> text(String heading, Function<R, ?> text) {
      shown.addColumns(texts(heading, rows.stream().map(text).collect(Collectors.toList())));
      return this;
    }

    /** Adds a column for both. */
    public Builder<R> both(String key, String heading, Function<R, ?> value) {
      return data(key, value).text(heading, value);
    }

    /** Adds a column of numbers for both, with that many digits after the point for people. */
    public Builder<R> number(
        String key, String heading, int digits, Function<R, ? extends Number> value) {
      return data(key, value).text(heading, r -> fixed(value.apply(r), digits));
    }

    /** Adds a column of bytes for programs and MiB for people. */
    public Builder<R> mib(String key, String heading, Function<R, Long> bytes) {
      return data(key, bytes).text(heading, r -> inMib(bytes.apply(r)));
    }

    /**
     * Adds a mean with its interval for both: {@code key}, {@code keyLow} and {@code keyHigh}.
     *
     * @param digits after the point for people
     * @param value an interval, or null; its ends are NaN where there is none
     */
    public Builder<R> interval(
        String key, String heading, int digits, Function<R, Interval> value) {
      return interval(key, value)
          .text(heading, r -> value.apply(r) == null ? null : words(value.apply(r), digits));
    }

    /** Adds a mean with its interval for programs. */
    public Builder<R> interval(String key, Function<R, Interval> value) {
      return data(key, of(value, Interval::mean))
          .data(key + "Low", of(value, Interval::low))
          .data(key + "High", of(value, Interval::high));
    }

    private static <R> Function<R, Double> of(
        Function<R, Interval> value, Function<Interval, Double> part) {
      return r -> value.apply(r) == null ? null : part.apply(value.apply(r));
    }

    /** Adds a line below the table, if it is not empty. */
    public Builder<R> note(String line) {
      return notes(line.isEmpty() ? List.of() : List.of(line));
    }

    /** Adds lines below the table. */
    public Builder<R> notes(List<String> lines) {
      notes.addAll(lines);
      return this;
    }

    /** Returns the table. */
    public ReportTable build() {
      return new ReportTable(name, title, data, shown, notes);
    }
  }

  /**
   * Begins a table.
   *
   * @param name of its files
   * @param rows items, one a row
   */
  public static <R> Builder<R> of(String name, String title, List<R> rows) {
    return new Builder<>(name, title, rows);
  }

  /** Returns a number with that many digits after the point, or ∞; null for null and NaN. */
  public static String fixed(Number value, int digits) {
    return isMissing(value)
        ? null
        : Double.isInfinite(value.doubleValue())
            ? value.doubleValue() > 0 ? "∞" : "−∞"
            : String.format(Locale.ROOT, "%." + digits + "f", value.doubleValue());
  }

  /** Returns bytes in MiB; null for null. */
  static String inMib(Long bytes) {
    return bytes == null ? null : fixed(bytes / 1048576.0, 2);
  }

  /** Returns a p-value for people. */
  static String probability(double p) {
    return String.format(Locale.ROOT, p < 1e-3 ? "%.1e" : "%.3f", p);
  }

  /** Returns {@code 22.64 [22.10, 23.20]}, or {@code 22.64 [n/a]}; null for no mean. */
  public static String words(Interval i, int digits) {
    String ends =
        Double.isNaN(i.low()) ? NONE : fixed(i.low(), digits) + ", " + fixed(i.high(), digits);
    return Double.isNaN(i.mean()) ? null : fixed(i.mean(), digits) + " [" + ends + "]";
  }

  private static boolean isMissing(Object value) {
    return value == null
        || value.toString().isEmpty()
        || value instanceof Number n && Double.isNaN(n.doubleValue());
  }

  /**
   * Returns whether a text for people is a number, with or without an interval, or stands for one.
   */
  public static boolean isNumber(String text) {
    return text.equals(NONE) || text.equals("∞") || text.matches("(\\*\\*)?[-+−≤<>]?\\d.*");
  }

  /**
   * Returns a column of numbers where all defined values are numbers and there is one, else of
   * texts.
   */
  private static Column<?> column(String name, List<?> values) {
    boolean some = values.stream().anyMatch(Number.class::isInstance);
    if (!some || values.stream().anyMatch(v -> v != null && !(v instanceof Number))) {
      return texts(name, values);
    }
    DoubleColumn column = DoubleColumn.create(name);
    for (Object v : values) {
      if (isMissing(v)) {
        column.appendMissing();
      } else {
        column.append(((Number) v).doubleValue());
      }
    }
    column.setPrintFormatter(
        new DecimalFormat("0.#########", DecimalFormatSymbols.getInstance(Locale.ROOT)), NONE);
    return column;
  }

  private static StringColumn texts(String name, List<?> values) {
    StringColumn column = StringColumn.create(name);
    values.forEach(v -> column.append(isMissing(v) ? NONE : v.toString()));
    return column;
  }

  /** Writes {@code NAME.csv} and, with columns for people, {@code NAME.md}; returns the files. */
  public List<Path> write(Path folder) throws IOException {
    List<Path> files = new ArrayList<>(List.of(folder.resolve(name + ".csv")));
    AtomicFile.write(files.get(0), csv().getBytes(StandardCharsets.UTF_8));
    if (shown.columnCount() > 0) {
      files.add(folder.resolve(name + ".md"));
      AtomicFile.write(files.get(1), markdown().getBytes(StandardCharsets.UTF_8));
    }
    return files;
  }

  /** Returns the values as CSV, RFC 4180 with line feeds. */
  public String csv() {
    StringWriter text = new StringWriter();
    data.write()
        .usingOptions(CsvWriteOptions.builder(text).usePrintFormatters(true).lineEnd("\n").build());
    return text.toString();
  }

  /** Returns the table for people as GitHub's Markdown, columns padded. */
  public String markdown() {
    int columns = shown.columnCount();
    List<List<String>> lines = new ArrayList<>();
    lines.add(shown.columnNames().stream().map(ReportTable::escape).toList());
    for (int r = 0; r < shown.rowCount(); r++) {
      lines.add(row(r).stream().map(ReportTable::escape).toList());
    }
    int[] widths = new int[columns];
    Arrays.fill(widths, 3);
    for (List<String> line : lines) {
      Arrays.setAll(widths, c -> Math.max(widths[c], line.get(c).length()));
    }
    lines.add(1, Arrays.stream(widths).mapToObj("-"::repeat).toList());
    StringBuilder text = new StringBuilder("# ").append(escape(title)).append("\n\n");
    for (List<String> line : lines) {
      for (int c = 0; c < columns; c++) {
        text.append(c == 0 ? "| " : " | ").append(line.get(c));
        text.append(" ".repeat(widths[c] - line.get(c).length()));
      }
      text.append(" |\n");
    }
    notes.forEach(note -> text.append('\n').append(escape(note)).append('\n'));
    return text.toString();
  }

  /** Returns the values of every row by key; null where one is missing. */
  public List<Map<String, Object>> rows() {
    List<Map<String, Object>> rows = new ArrayList<>();
    for (int r = 0; r < data.rowCount(); r++) {
      Map<String, Object> row = new LinkedHashMap<>();
      for (Column<?> column : data.columns()) {
        Object value = column.get(r);
        boolean whole = value instanceof Double d && d == Math.rint(d) && Math.abs(d) < 1e15;
        row.put(
            column.name(),
            column.isMissing(r) || value.equals(NONE)
                ? null
                : whole ? (Object) ((Double) value).longValue() : value);
      }
      rows.add(row);
    }
    return rows;
  }

  /** Returns the texts of a row for people. */
  public List<String> row(int r) {
    return IntStream.range(0, shown.columnCount())
        .mapToObj(c -> shown.column(c).getString(r))
        .toList();
  }

  /** Escapes characters that would end a cell, begin a tag or a new line. */
  private static String escape(String text) {
    return text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace("|", "\\|")
        .replaceAll("\\s*\\R\\s*", " ");
  }
}
