package io.scalekv.report;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import tech.tablesaw.api.Table;
import tech.tablesaw.columns.Column;

/** Tables and figures of plain numbers, for experiments that have no images. */
public final class NumberReport {
  private NumberReport() {}

  /**
   * A line of a figure.
   *
   * @param name in the legend
   * @param x ascending
   * @param y values; NaN points are left out
   * @param low lower ends of intervals; NaN for none
   * @param high upper ends
   */
  public record Curve(String name, double[] x, double[] y, double[] low, double[] high) {
    /** Without intervals. */
    public static Curve plain(String name, double[] x, double[] y) {
      double[] none = new double[x.length];
      Arrays.fill(none, Double.NaN);
      return new Curve(name, x, y, none, none);
    }
  }

  /**
   * A bar of a figure.
   *
   * @param label on its left
   * @param group bars of one group have one colour
   * @param value its length
   * @param low lower end of its interval; NaN for none
   * @param high upper end
   */
  public record Bar(String label, int group, double value, double low, double high) {}

  /**
   * Writes {@code NAME.csv} and {@code NAME.md}.
   *
   * @param columns names
   * @param rows texts and numbers, as many as columns; NaN reads {@value Columns#NONE}
   * @param decimals of the numbers in the form for people
   * @param notes lines below
   */
  public static void table(
      Path folder,
      String name,
      String title,
      List<String> columns,
      List<List<Object>> rows,
      int decimals,
      List<String> notes)
      throws IOException {
    List<Column<?>> numbers = new ArrayList<>();
    List<Column<?>> shown = new ArrayList<>();
    for (int c = 0; c < columns.size(); c++) {
      int at = c;
      if (rows.stream().allMatch(r -> r.get(at) instanceof Number)) {
        List<Number> values = rows.stream().map(r -> (Number) r.get(at)).toList();
        numbers.add(Columns.numbers(columns.get(c), values));
        shown.add(
            Columns.texts(columns.get(c), values.stream().map(v -> shown(v, decimals)).toList()));
      } else {
        List<String> texts = rows.stream().map(r -> String.valueOf(r.get(at))).toList();
        numbers.add(Columns.texts(columns.get(c), texts));
        shown.add(Columns.texts(columns.get(c), texts));
      }
    }
    Files.createDirectories(folder);
    new ReportTable(name, title, Table.create(numbers), Table.create(shown), notes).write(folder);
  }

  private static String shown(Number value, int decimals) {
    double v = value.doubleValue();
    if (Double.isNaN(v)) {
      return Columns.NONE;
    }
    boolean whole = value instanceof Integer || value instanceof Long;
    return String.format(Locale.ROOT, "%." + (whole ? 0 : decimals) + "f", v);
  }

  /**
   * Writes a figure of lines with intervals, {@code NAME.png} and {@code NAME.svg}.
   *
   * @param axes title, x and y
   * @param doublings whether equal steps to the right are doublings
   * @param marks single points to mark: the maximum of a curve
   */
  public static void curves(
      Path folder,
      String name,
      List<String> axes,
      boolean doublings,
      List<Curve> curves,
      List<Curve> marks)
      throws IOException {
    List<LineFigure.Line> lines = new ArrayList<>();
    for (int i = 0; i < curves.size(); i++) {
      Curve c = curves.get(i);
      lines.add(
          new LineFigure.Line(
              c.name(), PolicyStyle.numbered(i), c.x(), c.y(), c.low(), c.high(), true));
    }
    for (int i = 0; i < marks.size(); i++) {
      Curve m = marks.get(i);
      PolicyStyle style = PolicyStyle.numbered(curves.size() + i);
      lines.add(new LineFigure.Line(m.name(), style, m.x(), m.y(), m.low(), m.high(), true));
    }
    write(
        folder,
        name,
        LineFigure.of(
            new LineFigure.Axes(axes.get(0), axes.get(1), axes.get(2), doublings),
            lines,
            List.of()));
  }

  /** Writes a figure of bars with intervals, {@code NAME.png} and {@code NAME.svg}. */
  public static void bars(Path folder, String name, String title, String axis, List<Bar> bars)
      throws IOException {
    List<BarFigure.Bar> all = new ArrayList<>();
    for (Bar b : bars) {
      all.add(
          new BarFigure.Bar(
              b.label(),
              PolicyStyle.numbered(b.group()),
              b.value(),
              b.low(),
              b.high(),
              shown(b.value(), 3)));
    }
    write(folder, name, BarFigure.of(title, axis, all));
  }

  private static void write(Path folder, String name, Figure figure) throws IOException {
    FigureFile.png(figure, folder.resolve(name + ".png"));
    FigureFile.svg(figure, folder.resolve(name + ".svg"));
  }
}
