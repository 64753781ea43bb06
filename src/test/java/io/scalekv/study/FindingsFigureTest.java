package io.scalekv.study;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.awt.geom.Rectangle2D;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/**
 * The figure of {@code docs/findings.md} has the numbers of its table; {@code mvn test
 * -Dtest=FindingsFigureTest -Dscalekv.docs=write} draws it.
 */
final class FindingsFigureTest {
  private static final Pattern ROW =
      Pattern.compile(
          "\\| ([a-z0-9-]+) \\| ([0-9.]+) \\[([0-9.]+), ([0-9.]+)] \\| ([0-9.]+)"
              + " \\| ([0-9.]+) \\[([0-9.]+), ([0-9.]+)] \\| ([0-9.]+) \\|");
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
  void figureHasTheNumbersOfTheTable() throws IOException {
    Path file = Path.of("docs/figures/replay.svg");
    String wanted = figure(points(Files.readString(Path.of("docs/findings.md"))));
    if ("write".equals(System.getProperty("scalekv.docs"))) {
      Files.writeString(file, wanted);
    }
    assertEquals(wanted, Files.readString(file), file.toString());
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
    StringBuilder s = new StringBuilder();
    line(
        s,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %1$d %2$d\" width=\"%1$d\""
            + " height=\"%2$d\" font-family=\"DejaVu Sans, Arial, sans-serif\""
            + " font-size=\"12\"><title>Error on recorded attention and PSNR of the images,"
            + " pocket</title><rect width=\"%1$d\" height=\"%2$d\" fill=\"#fff\"/>",
        WIDTH,
        HEIGHT);
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
      line(
          s,
          "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"4.5\" stroke=\"%s\" stroke-width=\"1.5\""
              + " fill=\"%s\"/>",
          p.x(),
          p.y(),
          colour,
          p.large() ? colour : "#fff");
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
