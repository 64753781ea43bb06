package io.scalekv.report;

import java.text.DecimalFormat;
import java.text.DecimalFormatSymbols;
import java.util.List;
import java.util.Locale;
import tech.tablesaw.api.DoubleColumn;
import tech.tablesaw.api.StringColumn;

/** Columns of tables, with {@value #NONE} where there is no value. */
public final class Columns {
  /** What stands for a value that is not there. */
  public static final String NONE = "n/a";

  private Columns() {}

  /** A column of texts; null is {@value #NONE}. */
  public static StringColumn texts(String name, List<String> values) {
    StringColumn column = StringColumn.create(name);
    values.forEach(v -> column.append(v == null || v.isEmpty() ? NONE : v));
    return column;
  }

  /** A column of numbers; null and NaN are {@value #NONE}. */
  public static DoubleColumn numbers(String name, List<? extends Number> values) {
    DoubleColumn column = DoubleColumn.create(name);
    for (Number v : values) {
      if (v == null || Double.isNaN(v.doubleValue())) {
        column.appendMissing();
      } else {
        column.append(v.doubleValue());
      }
    }
    column.setPrintFormatter(
        new DecimalFormat("0.#########", DecimalFormatSymbols.getInstance(Locale.ROOT)), NONE);
    return column;
  }
}
