package io.scalekv.report;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.cache.policy.Policies;
import io.scalekv.cache.policy.PolicyKind;
import io.scalekv.metrics.Interval;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The parts of a report one by one. */
final class ReportPartsTest {
  @TempDir Path folder;

  private record Item(String text, Double number) {}

  private static final List<Item> ITEMS =
      List.of(new Item("x\ny", 1.5), new Item("<b> & |", Double.NaN), new Item("", null));

  @Test
  void markdownToTheLetter() {
    ReportTable table =
        ReportTable.of("t", "T | t", ITEMS)
            .text("a|b", Item::text)
            .number("n", "n", 2, Item::number)
            .note("one & two")
            .build();
    assertEquals(
        """
        # T \\| t

        | a\\|b            | n    |
        | --------------- | ---- |
        | x y             | 1.50 |
        | &lt;b> &amp; \\| | n/a  |
        | n/a             | n/a  |

        one &amp; two
        """,
        table.markdown());
  }

  @Test
  void csvQuotesAndKeepsSmallNumbers() throws IOException {
    ReportTable table =
        ReportTable.of("t", "T", List.of(new Item("a, \"b\"", 1e-7), new Item("c", null)))
            .data("label", Item::text)
            .data("value", Item::number)
            .data("none", i -> null)
            .build();
    assertEquals("label,value,none\n\"a, \"\"b\"\"\",0.0000001,n/a\nc,n/a,n/a\n", table.csv());
    assertEquals(List.of(folder.resolve("t.csv")), table.write(folder), "nothing for people");
    assertEquals(table.csv(), Files.readString(folder.resolve("t.csv")));
  }

  /** A policy looks the same in every figure, and like no other. */
  @Test
  void policiesAreToldApart() {
    Set<PolicyStyle> styles = new HashSet<>();
    for (PolicyKind kind : Policies.all()) {
      assertEquals(PolicyStyle.of(kind.name()), PolicyStyle.of(kind.name()));
      assertTrue(styles.add(PolicyStyle.of(kind.name())), kind.name());
    }
    assertEquals(
        PolicyStyle.of("scalekv").color(), PolicyStyle.of("scalekv:allocation=paper").color());
    assertNotEquals(PolicyStyle.of("scalekv"), PolicyStyle.of("scalekv:allocation=paper"));
  }

  /** Every line is named beside its end, the infinite full cache at the edge, ticks as measured. */
  @Test
  void linesAreNamed() throws IOException {
    LineFigure.Axes axes = new LineFigure.Axes("t", "note", "x", "y", true);
    List<LineFigure.Level> levels =
        List.of(
            new LineFigure.Level("other seed", 0.5),
            new LineFigure.Level("full cache", Double.POSITIVE_INFINITY));
    String svg = FigureFile.svg(LineFigure.of(axes, lines(8), levels));
    for (String text :
        List.of("line 0", "line 7", "other seed", "full cache: ∞", "note", "27", "100", "265")) {
      assertTrue(svg.contains(">" + text + "<"), text);
    }
  }

  /** More lines than one panel can tell apart get a panel each. */
  @Test
  void manyLinesAreSmallMultiples() throws IOException {
    LineFigure.Axes axes = new LineFigure.Axes("t", "x", "y", true);
    LineFigure.Level level = new LineFigure.Level("other seed", 0.5);
    LineFigure few = LineFigure.of(axes, lines(8), List.of(level));
    LineFigure many = LineFigure.of(axes, lines(9), List.of(level));
    assertTrue(many.height() > few.height());
    assertTrue(FigureFile.svg(many).contains("grey: the other lines; dashed: other seed"));
    Path png = folder.resolve("many.png");
    many.writePng(png);
    Ink.check(png);
  }

  private static List<LineFigure.Line> lines(int n) {
    return IntStream.range(0, n)
        .mapToObj(
            i ->
                LineFigure.Line.joined(
                    "line " + i,
                    PolicyStyle.of("scalekv"),
                    new double[] {27, 100, 265},
                    Stream.of(1.0, 2.0, 3.0 + i).map(Interval::alone).toList()))
        .toList();
  }

  @Test
  void ticksAreRound() {
    assertArrayEquals(new double[] {-5, 0, 5, 10}, Ticks.linear(-6, 13, 5), 1e-12);
    assertArrayEquals(new double[] {20, 50, 100, 200}, Ticks.logarithmic(11, 265), 1e-12);
    assertEquals("−0.0123", Ticks.text(-0.0123));
    assertEquals("1000000", Ticks.text(1e6));
  }

  @Test
  void figuresWithoutANumberAreRefused() {
    List<Interval> none = List.of(Interval.alone(Double.NaN));
    LineFigure.Line line =
        LineFigure.Line.joined("a", PolicyStyle.numbered(0), new double[] {1}, none);
    LineFigure.Axes axes = new LineFigure.Axes("t", "x", "y", false);
    assertThrows(
        IllegalArgumentException.class, () -> LineFigure.of(axes, List.of(line), List.of()));
    assertThrows(IllegalArgumentException.class, () -> BarFigure.of("t", "x", List.of()));
  }

  /** Long labels, values of one size, negative ones: nothing is cut off at the edges. */
  @Test
  void barsOfAnySize() throws IOException {
    PolicyStyle style = PolicyStyle.of("h2o");
    String label = "scalekv:allocation=paper:0.92:0.108 at 10% (asi, inverted, K' 5%, 10 prompts)";
    Figure figure =
        BarFigure.of(
            "Any bars",
            "value (dB), higher is closer",
            List.of(
                new BarFigure.Bar(label, style, new Interval(1e-4, 0.5e-4, 2e-4, 9, 0), "0.0001"),
                new BarFigure.Bar(
                    "negative", style, new Interval(-3e-5, -6e-5, 1e-5, 9, 0), "-0.00003"),
                new BarFigure.Bar("none", style, Interval.alone(0), "0")));
    Path png = folder.resolve("bars.png");
    figure.writePng(png);
    Ink.check(png);
  }

  @Test
  void jsonCannotEndItsScript() {
    assertEquals("\"\\u003c/script\\u003e\\u0026\\u2028\"", HtmlReport.json("</script>&\u2028"));
    assertEquals(
        "&lt;a b=&quot;c&quot;&gt;&#39;&amp;\uFFFD", HtmlReport.escape("<a b=\"c\">'&\u0001"));
  }
}
