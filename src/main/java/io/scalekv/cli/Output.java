package io.scalekv.cli;

import io.scalekv.experiment.ProcessMemory;
import io.scalekv.io.Json;
import io.scalekv.io.Require;
import io.scalekv.report.ReportTable;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Output of a command: lines and tables for people, or with {@code --json} one document for
 * programs, on stdout; progress and logs on stderr. A command states both forms; each method writes
 * in its own mode and is silent in the other:
 *
 * <pre>{@code
 * output.json(report, output.work(files));
 * output.line("%s: %d runs in %s", name, runs, folder);
 * output.table(List.of("policy", "tokens"), rows, r -> Output.row(r.policy(), r.tokens()));
 * output.next("report", folder);
 * }</pre>
 */
@HelpGroup(HelpGroup.Heading.OUTPUT)
final class Output {
  private static final double MIB = 1 << 20;
  private static final int COLUMNS = 100;

  @Spec(Spec.Target.MIXEE)
  private CommandSpec command;

  @Option(names = "--json", description = "Print one JSON document on stdout and nothing else.")
  private boolean json;

  @Option(
      names = {"-q", "--quiet"},
      description = "Print no progress on stderr.")
  private boolean quiet;

  private final long start = System.nanoTime();
  private boolean resumable;

  private PrintWriter err() {
    return command.commandLine().getErr();
  }

  private PrintWriter out() {
    return command.commandLine().getOut();
  }

  /**
   * Prints the JSON document of the command; to be called once. Numbers that are not finite are
   * null.
   *
   * @param parts records or maps whose keys make up the document; camelCase with the unit last
   */
  void json(Object... parts) {
    if (json) {
      ObjectNode document = Json.MAPPER.createObjectNode();
      for (Object part : parts) {
        JsonNode tree = Json.MAPPER.valueToTree(part);
        Require.that(tree.isObject(), "document must be a JSON object, got %s", tree.getNodeType());
        document.setAll((ObjectNode) tree);
      }
      finite(document);
      out().println(Json.pretty(document));
      out().flush();
    }
  }

  private static void finite(JsonNode tree) {
    if (tree instanceof ObjectNode object) {
      for (String key : List.copyOf(object.propertyNames())) {
        object.set(key, isFinite(object.get(key)) ? object.get(key) : object.nullNode());
      }
    } else if (tree instanceof ArrayNode array) {
      for (int i = 0; i < array.size(); i++) {
        if (!isFinite(array.get(i))) {
          array.setNull(i);
        }
      }
    }
    tree.forEach(Output::finite);
  }

  private static boolean isFinite(JsonNode value) {
    return !value.isFloatingPointNumber() || Double.isFinite(value.doubleValue());
  }

  /** Returns the end of a document: files, time and memory of the command. */
  Map<String, Object> work(List<Path> files) {
    Map<String, Object> work = new LinkedHashMap<>();
    work.put("files", files);
    work.put("wallSeconds", Math.round(seconds() * 10) / 10.0);
    work.put("peakRssMiB", ProcessMemory.peakRssMiB());
    return work;
  }

  /** Prints the files that were written and the time that the command took. */
  void files(List<Path> files) {
    files.forEach(file -> line("%s", file));
    line("%.1f s", seconds());
  }

  private double seconds() {
    return (System.nanoTime() - start) / 1e9;
  }

  /** Prints one line of text, formatted in {@link Locale#ROOT}. */
  void line(String format, Object... values) {
    if (!json) {
      out().println(values.length == 0 ? format : String.format(Locale.ROOT, format, values));
      out().flush();
    }
  }

  /**
   * Prints a table; columns of numbers are aligned to the right. One that is wider than {@value
   * #COLUMNS} characters continues below, each part with the first column.
   *
   * @param columns headings
   * @param items one a row
   * @param cells values of a row in the order of the columns; null prints {@code n/a}
   */
  <T> void table(List<String> columns, Iterable<T> items, Function<T, ? extends List<?>> cells) {
    if (json) {
      return;
    }
    List<List<String>> rows = new ArrayList<>(List.of(columns));
    for (T item : items) {
      rows.add(
          cells.apply(item).stream().map(c -> c == null ? "n/a" : c.toString().strip()).toList());
    }
    int[] widths = new int[columns.size()];
    boolean[] numbers = new boolean[columns.size()];
    for (int c = 0; c < widths.length; c++) {
      int column = c;
      widths[c] = rows.stream().mapToInt(r -> r.get(column).length()).max().orElse(0);
      numbers[c] = rows.stream().skip(1).allMatch(r -> ReportTable.isNumber(r.get(column)));
    }
    for (int from = 1; from == 1 || from < widths.length; ) {
      int to = from;
      int wide = widths.length == 0 ? 0 : widths[0];
      while (to < widths.length && (to == from || wide + 2 + widths[to] <= COLUMNS)) {
        wide += 2 + widths[to];
        to++;
      }
      if (from > 1) {
        line("");
      }
      for (List<String> row : rows) {
        StringBuilder text = new StringBuilder();
        for (int c = 0; c < to; c = c == 0 ? from : c + 1) {
          String pad = " ".repeat(widths[c] - row.get(c).length());
          text.append(c == 0 ? "" : "  ").append(numbers[c] ? pad + row.get(c) : row.get(c) + pad);
        }
        line("%s", text.toString().stripTrailing());
      }
      from = Math.max(to, 2);
    }
  }

  /**
   * Prints a table with its title and notes; nothing where it has no rows or columns for people.
   */
  void table(ReportTable table) {
    if (table.shown().columnCount() > 0 && table.shown().rowCount() > 0) {
      List<Integer> rows = IntStream.range(0, table.shown().rowCount()).boxed().toList();
      if (!table.title().isEmpty()) {
        line("%s", table.title());
      }
      table(
          table.shown().columnNames(),
          rows,
          r -> table.row(r).stream().map(Output::plain).toList());
      table.notes().forEach(note -> line("%s", wrapped(plain(note))));
    }
  }

  /** Returns text without Markdown: what would be bold ends in a star. */
  private static String plain(String text) {
    return text.replaceAll("\\*\\*(.*?)\\*\\*", "$1*").replaceFirst("(^|\\W)[Bb]old: ", "$1*: ");
  }

  /** Returns text in lines of at most {@value #COLUMNS} characters, words whole. */
  private static String wrapped(String text) {
    return text.replaceAll("(.{1," + COLUMNS + "})(?:\\s+|$)", "$1\n").stripTrailing();
  }

  /** Returns the cells of a row; unlike {@link List#of} they may be null. */
  static List<Object> row(Object... values) {
    return Arrays.asList(values);
  }

  /** Returns the name of an enum constant in lower case with hyphens. */
  static String word(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** Returns bytes in MiB with two digits. */
  static String mib(long bytes) {
    return String.format(Locale.ROOT, "%.2f", bytes / MIB);
  }

  /**
   * Prints the command to run next, as the last line.
   *
   * @param words words after {@code ./scalekv}
   */
  void next(Object... words) {
    line("%s", "next: " + typed(Stream.of(words).map(Object::toString).toList()));
  }

  /** Returns a command as a person types it. */
  static String typed(List<String> words) {
    return "./scalekv " + words.stream().map(Output::quoted).collect(Collectors.joining(" "));
  }

  private static String quoted(String word) {
    return word.matches("[\\p{L}\\p{N}_@%+=:,./-]+")
        ? word
        : "'" + word.replace("'", "'\\''") + "'";
  }

  /** Writes one line to stderr unless {@code --quiet} is given. */
  void log(String line) {
    if (!quiet) {
      err().println(line);
      err().flush();
    }
  }

  /** Writes one line about a problem to stderr; the command still ends with its own document. */
  void problem(String line) {
    err().printf("%s: %s%n", command.qualifiedName(), Failure.oneLine(line));
    err().flush();
  }

  /** Begins a task with progress on stderr. */
  Progress progress(String task, long steps) {
    return Progress.of(task, steps, quiet, err());
  }

  /** Declares that the same command resumes its work after an interruption. */
  void resumable() {
    resumable = true;
  }

  /** Returns whether the command of an error can be resumed by running it again. */
  static boolean resumable(CommandSpec spec) {
    return spec.mixins().values().stream()
        .anyMatch(m -> m.userObject() instanceof Output output && output.resumable);
  }

  /** Prints {@code {"error": {"message", "where", "exitCode"}}}. */
  static void error(PrintWriter out, String message, String where, int exitCode) {
    Map<String, Object> error = new LinkedHashMap<>();
    error.put("message", message);
    error.put("where", where);
    error.put("exitCode", exitCode);
    out.println(Json.pretty(Map.of("error", error)));
    out.flush();
  }
}
