package io.scalekv.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** LaTeX tables. */
final class LatexTest {
  private static final List<String> NASTY =
      List.of("scalekv & co_1", "**22.64 [22.10, 23.20]** > 2", "50% #1 $x^2$ {~} \\par\nnext");

  private static ReportTable table() {
    return ReportTable.of("table-1", "Policies & budgets", NASTY)
        .text("row", r -> r)
        .text("PSNR (dB) ↑", r -> r.startsWith("**") ? "∞" : "**1.5 [1.2, 1.9]** > all")
        .text("MiB", r -> null)
        .note("[n/a]: one prompt; 16×16.")
        .build();
  }

  @Test
  void aTableHasTheRulesOfBooktabs() {
    List<String> lines = Latex.of(table()).lines().map(String::strip).toList();
    assertTrue(lines.contains("\\begin{tabular}{lrr}"), lines.toString());
    assertTrue(lines.contains("\\caption{Policies \\& budgets}"), lines.toString());
    assertTrue(lines.contains("\\label{tab:table-1}"), lines.toString());
    int top = lines.indexOf("\\toprule");
    assertEquals("row & PSNR (dB) $\\uparrow$ & MiB \\\\", lines.get(top + 1));
    assertEquals("\\midrule", lines.get(top + 2));
    assertEquals(
        "scalekv \\& co\\_1 & \\textbf{1.5 [1.2, 1.9]} $>$ all & n/a \\\\", lines.get(top + 3));
    assertEquals("\\bottomrule", lines.get(top + 6));
    assertTrue(lines.contains("\\par\\footnotesize {}[n/a]: one prompt; 16$\\times$16."));
  }

  /** A reader of the escapes gives the texts back. */
  @Test
  void textIsEscaped() {
    for (String text : NASTY) {
      String read =
          Latex.escape(text)
              .replace("\\textbackslash{}", "\0")
              .replace("\\textasciicircum{}", "^")
              .replace("\\textasciitilde{}", "~")
              .replaceAll("\\$([<>|])\\$", "$1")
              .replaceAll("\\\\([{}$&#%_])", "$1")
              .replace('\0', '\\');
      assertEquals(text.replace('\n', ' '), read);
    }
    String every = Latex.escape("a & b");
    assertEquals(1, Arrays.stream(every.split("(?<!\\\\)&")).count());
  }
}
