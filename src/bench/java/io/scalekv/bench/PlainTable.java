package io.scalekv.bench;

import io.scalekv.report.ReportTable;
import java.util.List;

/** Table of texts and numbers. */
final class PlainTable {
  private PlainTable() {}

  /**
   * Returns a table of plain values.
   *
   * @param columns names
   * @param rows texts and numbers, one per column
   * @param digits digits after the point, for people, of numbers that are not whole
   */
  static ReportTable of(
      String name,
      String title,
      List<String> columns,
      List<List<Object>> rows,
      int digits,
      List<String> notes) {
    ReportTable.Builder<List<Object>> table = ReportTable.of(name, title, rows);
    for (int c = 0; c < columns.size(); c++) {
      int at = c;
      table
          .data(columns.get(c), r -> r.get(at))
          .text(
              columns.get(c),
              r ->
                  r.get(at) instanceof Double || r.get(at) instanceof Float
                      ? ReportTable.fixed((Number) r.get(at), digits)
                      : r.get(at));
    }
    return table.notes(notes).build();
  }
}
