package io.scalekv.study;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.awt.geom.Rectangle2D;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.DoubleUnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/**
 * The figures of {@code docs/findings.md} have the numbers of its tables; {@code mvn test
 * -Dtest=FindingsFigureTest -Dscalekv.docs=write} draws them.
 */
final class FindingsFigureTest {
  private static final Pattern ROW =
      Pattern.compile(
          "\\| ([a-z0-9-]+) \\| ([0-9.]+) \\[([0-9.]+), ([0-9.]+)] \\| ([0-9.]+)"
              + " \\| ([0-9.]+) \\[([0-9.]+), ([0-9.]+)] \\| ([0-9.]+) \\|");
  private static final String NAME = "\\| ([a-z0-9:= -]+) ";
  private static final String INTERVAL = "\\| ([0-9.]+) \\[([0-9.]+), ([0-9.]+)] ";
  private static final int WIDTH = 720;
  private static final int HEIGHT = 380;

  /** A policy at a budget: error of the attention output with its interval, PSNR in dB. */
  private record Point(
      String policy, boolean large, double error, double low, double high, double db) {
    double x() {
      return x(error);
    }

    static double x(double error) {
      return 60 + (error - 0.15) * 640 / 0.7;
    }

    double y() {
      return y(db);
    }

    static double y(double db) {
      return 330 - (db - 18) * 290 / 16;
    }
  }

  @Test
  void figuresHaveTheNumbersOfTheTables() throws IOException {
    String page = Files.readString(Path.of("docs/findings.md"));
    same("docs/figures/replay.svg", figure(points(page)));
    same(
        "docs/figures/families.svg",
        dots(
            table(page, "## What holds on both families", 12, 4),
            "PSNR of the same policies on two families",
            List.of("pocket: Infinity, captions", "pocket-var: VAR, classes"),
            "● 10 %, ○ 4 % of the peak bytes",
            "two toys, 32 captions and 32 classes"));
    same(
        "docs/figures/who-wins.svg",
        dots(
            beside(table(page, "### pocket-l", 12, 3), table(page, "### pocket-xl", 12, 3)),
            "PSNR of policies on pocket-l and pocket-xl",
            List.of("pocket-l: 921 tokens of prefix", "pocket-xl: 1 497 tokens of prefix"),
            "● 10 %, ○ 4 % of the peak bytes",
            "two toys, 128 captions"));
  }

  /** Returns the last two budgets of two tables, in the order of the first. */
  private static Map<String, double[]> beside(
      Map<String, double[]> left, Map<String, double[]> right) {
    Map<String, double[]> both = new LinkedHashMap<>();
    left.forEach(
        (name, l) -> both.put(name, DoubleStream.concat(last(l), last(right.get(name))).toArray()));
    return both;
  }

  private static DoubleStream last(double[] row) {
    return Arrays.stream(row).skip(row.length - 6);
  }

  private static void same(String name, String wanted) throws IOException {
    Path file = Path.of(name);
    if ("write".equals(System.getProperty("scalekv.docs"))) {
      Files.writeString(file, wanted);
    }
    assertEquals(wanted, Files.readString(file), name);
  }

  /** Returns the rows of a table by their policies: mean, low and high of the first columns. */
  private static Map<String, double[]> table(String page, String heading, int rows, int columns) {
    String section = page.substring(page.indexOf(heading));
    Matcher m =
        Pattern.compile(NAME + INTERVAL.repeat(columns) + "\\|")
            .matcher(section.substring(0, section.indexOf("\n#", 1)));
    Map<String, double[]> table = new LinkedHashMap<>();
    while (m.find()) {
      table.put(
          m.group(1),
          IntStream.rangeClosed(2, 1 + 3 * columns)
              .mapToDouble(i -> Double.parseDouble(m.group(i)))
              .toArray());
    }
    assertEquals(rows, table.size(), "rows of the table of " + heading);
    return table;
  }

  /** Draws a row for each policy, two columns of the table in a panel; another seed is a band. */
  private static String dots(
      Map<String, double[]> table, String title, List<String> panels, String marks, String foot) {
    List<String> names = List.copyOf(table.keySet());
    List<double[]> rows = List.copyOf(table.values());
    int seed = names.indexOf("another seed");
    int height = 70 + 22 * (rows.size() - 1) + 50;
    StringBuilder s = start(height, title);
    for (int panel = 0; panel < 2; panel++) {
      int left = 180 + 275 * panel;
      text(s, left, 40, "start", panels.get(panel));
      DoubleUnaryOperator x = db -> left + (db - 12) * 250 / 24;
      double[] other = rows.get(seed);
      line(
          s,
          "<path fill=\"#eee\" d=\"M%1$.1f 50H%2$.1fV%3$dH%1$.1fz\"/>",
          x.applyAsDouble(other[6 * panel + 1]),
          x.applyAsDouble(other[6 * panel + 2]),
          height - 50);
      for (int db = 12; db <= 36; db += 8) {
        line(s, "<path stroke=\"#ddd\" d=\"M%.1f 50V%d\"/>", x.applyAsDouble(db), height - 50);
        text(s, x.applyAsDouble(db), height - 34, "middle", db + "");
      }
      int y = 50;
      for (int row = 0; row < rows.size(); row++) {
        if (row == seed) {
          continue;
        }
        y += 22;
        if (panel == 0) {
          text(s, 170, y + 4, "end", names.get(row));
        }
        for (int budget = 0; budget < 2; budget++) {
          double[] v = rows.get(row);
          int at = 6 * panel + 3 * budget;
          String colour = budget == 0 ? "#0072b2" : "#d55e00";
          double dot = y + (budget == 0 ? -3 : 3);
          line(
              s,
              "<path stroke=\"%s\" d=\"M%.1f %.1fH%.1f\"/>",
              colour,
              x.applyAsDouble(v[at + 1]),
              dot,
              x.applyAsDouble(v[at + 2]));
          dot(s, x.applyAsDouble(v[at]), dot, 3.5, colour, budget == 0);
        }
      }
    }
    text(
        s,
        12,
        18,
        "start",
        "PSNR of the images (dB), 95 % interval · " + marks + " · grey: another seed");
    text(s, 360, height - 10, "middle", foot);
    return s.append("</svg>\n").toString();
  }

  private static StringBuilder start(int height, String title) {
    StringBuilder s = new StringBuilder();
    line(
        s,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %1$d %2$d\" width=\"%1$d\""
            + " height=\"%2$d\" font-family=\"DejaVu Sans, Arial, sans-serif\""
            + " font-size=\"12\"><title>%3$s</title><rect width=\"%1$d\" height=\"%2$d\""
            + " fill=\"#fff\"/>",
        WIDTH,
        height,
        title);
    return s;
  }

  private static void dot(
      StringBuilder s, double x, double y, double radius, String colour, boolean full) {
    line(
        s,
        "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\" stroke=\"%s\" stroke-width=\"1.5\""
            + " fill=\"%s\"/>",
        x,
        y,
        radius,
        colour,
        full ? colour : "#fff");
  }

  private static List<Point> points(String page) {
    List<Point> points = new ArrayList<>();
    Matcher m = ROW.matcher(page);
    while (m.find()) {
      for (int i : new int[] {2, 6}) {
        double[] v = new double[4];
        for (int j = 0; j < 4; j++) {
          v[j] = Double.parseDouble(m.group(i + j));
        }
        points.add(new Point(m.group(1), i == 2, v[0], v[1], v[2], v[3]));
      }
    }
    assertEquals(14, points.size(), "rows of the table");
    return points;
  }

  private static String figure(List<Point> points) {
    StringBuilder s = start(HEIGHT, "Error on recorded attention and PSNR of the images, pocket");
    for (int db = 18; db <= 34; db += 4) {
      line(s, "<path stroke=\"#ddd\" d=\"M60 %.1fH700\"/>", Point.y(db));
      text(s, 52, Point.y(db) + 4, "end", db + "");
    }
    for (double e = 0.2; e < 0.85; e += 0.1) {
      line(s, "<path stroke=\"#ddd\" d=\"M%.1f 40V330\"/>", Point.x(e));
      text(s, Point.x(e), 347, "middle", String.format(Locale.ROOT, "%.1f", e));
    }
    text(
        s,
        380,
        370,
        "middle",
        "relative error of the attention output on recorded attention, 95 % interval");
    text(
        s,
        12,
        22,
        "start",
        "PSNR of the images (dB) · ● 10 %, ○ 4 % of the cache · pocket, a toy, 8 captions");
    List<Rectangle2D> taken = new ArrayList<>();
    points.forEach(p -> taken.add(new Rectangle2D.Double(p.x() - 6, p.y() - 6, 12, 12)));
    for (Point p : points) {
      String colour = p.large() ? "#0072b2" : "#d55e00";
      line(
          s,
          "<path stroke=\"%s\" d=\"M%.1f %.1fH%.1f\"/>",
          colour,
          Point.x(p.low()),
          p.y(),
          Point.x(p.high()));
      dot(s, p.x(), p.y(), 4.5, colour, p.large());
      double w = 7.2 * p.policy().length();
      double right = Point.x(p.high()) - p.x() + 5;
      double left = Point.x(p.low()) - p.x() - 5 - w;
      for (double[] at :
          new double[][] {{right, 4}, {left, 4}, {-w / 2, -10}, {-w / 2, 19}, {7, -8}, {7, 18}}) {
        Rectangle2D box = new Rectangle2D.Double(p.x() + at[0], p.y() + at[1] - 10, w, 12);
        if (box.getX() > 62 && box.getMaxX() < WIDTH && taken.stream().noneMatch(box::intersects)) {
          taken.add(box);
          text(s, box.getX(), box.getY() + 10, "start", p.policy());
          break;
        }
      }
    }
    return s.append("</svg>\n").toString();
  }

  private static void text(StringBuilder s, double x, double y, String anchor, String text) {
    line(
        s,
        "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" fill=\"#222\">%s</text>",
        x,
        y,
        anchor,
        text);
  }

  private static void line(StringBuilder s, String format, Object... values) {
    s.append(String.format(Locale.ROOT, format, values)).append('\n');
  }
}
