package io.scalekv.report;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;
import tech.tablesaw.api.ColumnType;
import tech.tablesaw.api.Table;
import tech.tablesaw.columns.Column;

/** A table as GitHub's Markdown has it, columns padded; Tablesaw has no writer for it. */
final class MarkdownTable {
  private MarkdownTable() {}

  /** The table's lines; text columns to the left, numbers to the right. */
  static String of(Table table) {
    int columns = table.columnCount();
    List<List<String>> lines = new ArrayList<>();
    lines.add(line(columns, c -> escape(table.column(c).name())));
    for (int r = 0; r < table.rowCount(); r++) {
      int row = r;
      lines.add(line(columns, c -> escape(table.column(c).getString(row))));
    }
    int[] widths = new int[columns];
    for (List<String> line : lines) {
      for (int c = 0; c < columns; c++) {
        widths[c] = Math.max(Math.max(widths[c], 3), line.get(c).length());
      }
    }
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < lines.size(); i++) {
      append(text, lines.get(i), widths, table);
      if (i == 0) {
        append(text, line(columns, c -> rule(table.column(c), widths[c])), widths, table);
      }
    }
    return text.toString();
  }

  /** What would end a cell, begin a tag or a new line. */
  static String escape(String text) {
    return text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace("|", "\\|")
        .replaceAll("\\s*\\R\\s*", " ");
  }

  private static List<String> line(int columns, IntFunction<String> cell) {
    List<String> cells = new ArrayList<>();
    for (int c = 0; c < columns; c++) {
      cells.add(cell.apply(c));
    }
    return cells;
  }

  private static boolean left(Column<?> column) {
    return column.type().equals(ColumnType.STRING);
  }

  private static String rule(Column<?> column, int width) {
    return left(column) ? "-".repeat(width) : "-".repeat(width - 1) + ":";
  }

  private static void append(StringBuilder text, List<String> line, int[] widths, Table table) {
    for (int c = 0; c < widths.length; c++) {
      String pad = " ".repeat(widths[c] - line.get(c).length());
      text.append(c == 0 ? "| " : " | ");
      text.append(left(table.column(c)) ? line.get(c) + pad : pad + line.get(c));
    }
    text.append(" |\n");
  }
}
