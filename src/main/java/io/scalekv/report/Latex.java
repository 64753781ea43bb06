package io.scalekv.report;

import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** LaTeX form of the tables for people; it needs the package booktabs alone. */
public final class Latex {
  private static final Map<Integer, String> SYMBOLS =
      Map.ofEntries(
          Map.entry((int) '\\', "\\textbackslash{}"),
          Map.entry((int) '{', "\\{"),
          Map.entry((int) '}', "\\}"),
          Map.entry((int) '$', "\\$"),
          Map.entry((int) '&', "\\&"),
          Map.entry((int) '#', "\\#"),
          Map.entry((int) '%', "\\%"),
          Map.entry((int) '_', "\\_"),
          Map.entry((int) '^', "\\textasciicircum{}"),
          Map.entry((int) '~', "\\textasciitilde{}"),
          Map.entry((int) '<', "$<$"),
          Map.entry((int) '>', "$>$"),
          Map.entry((int) '|', "$|$"),
          Map.entry((int) '↑', "$\\uparrow$"),
          Map.entry((int) '↓', "$\\downarrow$"),
          Map.entry((int) '→', "$\\rightarrow$"),
          Map.entry((int) '∞', "$\\infty$"),
          Map.entry((int) '±', "$\\pm$"),
          Map.entry((int) '×', "$\\times$"),
          Map.entry((int) '÷', "$\\div$"),
          Map.entry((int) '−', "$-$"),
          Map.entry((int) '≤', "$\\leq$"),
          Map.entry((int) '≥', "$\\geq$"),
          Map.entry((int) '²', "$^2$"),
          Map.entry((int) '‖', "$\\|$"));

  private Latex() {}

  /**
   * Returns a booktabs table with caption, label {@code tab:NAME} and notes. Columns of numbers are
   * aligned to the right; text between {@code **} is bold.
   */
  public static String of(ReportTable table) {
    int columns = table.shown().columnCount();
    List<List<String>> rows =
        IntStream.range(0, table.shown().rowCount()).mapToObj(table::row).toList();
    String alignment =
        IntStream.range(0, columns)
            .mapToObj(c -> rows.stream().map(r -> r.get(c)).allMatch(ReportTable::isNumber))
            .map(numbers -> numbers ? "r" : "l")
            .collect(Collectors.joining());
    StringBuilder text = new StringBuilder("% \\usepackage{booktabs}\n\\begin{table}\n");
    text.append("  \\centering\n  \\caption{").append(escape(table.title())).append("}\n");
    text.append("  \\label{tab:").append(table.name()).append("}\n");
    text.append("  \\begin{tabular}{").append(alignment).append("}\n    \\toprule\n");
    text.append(line(table.shown().columnNames())).append("    \\midrule\n");
    rows.forEach(row -> text.append(line(row)));
    text.append("    \\bottomrule\n  \\end{tabular}\n");
    table.notes().forEach(n -> text.append("  \\par\\footnotesize ").append(cell(n)).append('\n'));
    return text.append("\\end{table}\n").toString();
  }

  private static String line(List<String> cells) {
    return cells.stream().map(Latex::cell).collect(Collectors.joining(" & ", "    ", " \\\\\n"));
  }

  /** A square bracket at the beginning of a row would be an argument of the row before. */
  private static String cell(String text) {
    String escaped = escape(text).replaceAll("\\*\\*(.+?)\\*\\*", "\\\\textbf{$1}");
    return escaped.startsWith("[") || escaped.startsWith("*") ? "{}" + escaped : escaped;
  }

  /** Returns text as LaTeX prints it, on one line. */
  static String escape(String text) {
    StringBuilder escaped = new StringBuilder();
    text.replaceAll("\\s*\\R\\s*", " ")
        .codePoints()
        .forEach(
            c -> {
              String symbol = SYMBOLS.get(c);
              if (symbol == null) {
                escaped.appendCodePoint(c);
              } else {
                escaped.append(symbol);
              }
            });
    return escaped.toString();
  }
}
