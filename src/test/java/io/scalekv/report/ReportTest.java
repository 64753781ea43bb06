package io.scalekv.report;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.experiment.Results;
import io.scalekv.image.Png;
import io.scalekv.image.RgbImage;
import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Document;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;

/** Whole reports of made-up results. */
final class ReportTest {
  @TempDir Path folder;

  private static ReportFixtures table() {
    return new ReportFixtures("table1", 8)
        .policy("snapkv", 10, 27, 20)
        .policy("snapkv", 4, 11, 18)
        .policy("scalekv", 10, 27, 24)
        .policy("scalekv", 4, 11, 17)
        .rulers()
        .failures();
  }

  private String text(String file) throws IOException {
    return Files.readString(folder.resolve("report").resolve(file));
  }

  @Test
  void tablesToTheLetter() throws IOException {
    table().write(folder);
    Report.Written w = Report.write(folder);
    assertEquals(1, w.experiments());
    assertEquals(2, w.missing());
    for (String file :
        List.of(
            "table1.md", "table1.csv", "table1-psnr.md", "table1-psnr.csv", "table1-memory.md")) {
      String expected;
      try (var in = ReportTest.class.getResourceAsStream(file)) {
        expected = new String(in.readAllBytes(), StandardCharsets.UTF_8);
      }
      assertEquals(expected, text("tables/" + file), file);
    }
  }

  /** One prompt has no interval and no test; nothing pretends otherwise. */
  @Test
  void onePromptHasNoInterval() throws IOException {
    new ReportFixtures("one", 1)
        .policy("snapkv", 10, 27, 20)
        .policy("scalekv", 10, 27, 24)
        .write(folder);
    Report.write(folder);
    String md = text("tables/one.md");
    assertTrue(md.contains("**24.00 [n/a]**"), md);
    assertTrue(md.contains("| 20.00 [n/a]"), md);
    assertFalse(md.contains(" > all |"), md);
    String[] head = text("tables/one.csv").lines().findFirst().orElseThrow().split(",");
    String[] first = text("tables/one.csv").lines().skip(1).findFirst().orElseThrow().split(",");
    int low = List.of(head).indexOf("psnrDbLow");
    assertEquals("n/a", first[low]);
  }

  /** Fifteen prompts are enough for the marks; the other direction has none. */
  @Test
  void marksNameTheBeaten() throws IOException {
    new ReportFixtures("marks", 15)
        .policy("snapkv", 10, 27, 20)
        .policy("h2o", 10, 27, 22)
        .policy("scalekv", 10, 27, 24)
        .write(folder);
    Report.write(folder);
    String md = text("tables/marks.md");
    List<String> rows = md.lines().filter(l -> l.matches("\\| [123] .*")).toList();
    assertTrue(rows.get(0).contains("| 21.75 [21.22, 22.30] "), md);
    assertFalse(rows.get(0).contains(">"), md);
    assertTrue(rows.get(1).contains("] > 1 "), md);
    assertTrue(rows.get(2).contains("** > all "), md);
    String tests = text("tables/marks-tests.csv");
    assertTrue(tests.contains("psnr,snapkv at 10%,h2o at 10%,27 tokens,15,15,-2,-2,-2,0,"), tests);
  }

  @Test
  void figuresAreDrawnThreeTimes() throws Exception {
    table().write(folder);
    Report.Written w = Report.write(folder);
    Path figures = folder.resolve("report/figures");
    try (Stream<Path> files = Files.list(figures)) {
      List<Path> all = files.sorted().toList();
      assertEquals(3L * w.figures(), all.size());
      for (Path file : all) {
        if (file.toString().endsWith(".svg")) {
          assertEquals(
              "svg",
              DocumentBuilderFactory.newInstance()
                  .newDocumentBuilder()
                  .parse(file.toFile())
                  .getDocumentElement()
                  .getTagName());
        } else if (file.toString().endsWith(".pdf")) {
          assertTrue(Files.readString(file, StandardCharsets.ISO_8859_1).startsWith("%PDF-1."));
        } else {
          Ink.check(file);
        }
      }
    }
  }

  @Test
  void aPageIsWellFormedAndAlone() throws Exception {
    ReportFixtures fixtures = table().write(folder);
    fixtures.writeImages(folder);
    Report.Written w = Report.write(folder);
    assertEquals(4, w.sheets());
    String page = Files.readString(w.page());
    assertFalse(page.contains("{{"), "a place of the template is left");
    assertFalse(page.contains("<script>alert"), "the caption is not escaped");
    assertTrue(page.contains("&lt;equal&gt; budgets"));
    assertTrue(page.contains("no &lt;luck&gt; today"));
    Matcher links =
        Pattern.compile("(?:src|href|url)\\s*[=(]\\s*[\"']?([^\"' )>]*)").matcher(markup(page));
    int found = 0;
    while (links.find()) {
      String target = links.group(1);
      assertTrue(target.startsWith("data:") || target.startsWith("#"), target);
      found++;
    }
    assertTrue(found > 6, "links: " + found);
    Document dom = dom(page);
    NodeList images = dom.getElementsByTagName("img");
    assertTrue(images.getLength() >= 4, "images: " + images.getLength());
    for (int i = 0; i < images.getLength(); i++) {
      assertTrue(images.item(i).getAttributes().getNamedItem("alt") != null, "alt");
    }
    assertEquals(
        page.split("<section ", -1).length - 1, dom.getElementsByTagName("section").getLength());
  }

  /** The page without what is between the tags of its scripts. */
  private static String markup(String page) {
    return page.replaceAll("(?s)(<script[^>]*>).*?(</script>)", "$1$2");
  }

  private static Document dom(String page) throws Exception {
    String xml = markup(page).replaceAll("(?s)(<style[^>]*>).*?(</style>)", "$1$2");
    return DocumentBuilderFactory.newInstance()
        .newDocumentBuilder()
        .parse(new InputSource(new StringReader(xml)));
  }

  @Test
  void theSameResultsGiveTheSameBytes() throws IOException {
    table().write(folder);
    byte[] first = Files.readAllBytes(Report.write(folder).page());
    assertArrayEquals(first, Files.readAllBytes(Report.write(folder).page()));
  }

  /** The page opens with the question and the answers, what speaks against a policy included. */
  @Test
  void findingsComeFirst() throws IOException {
    new ReportFixtures("found", 15)
        .policy("snapkv", 10, 27, 26)
        .policy("h2o", 10, 27, 22)
        .policy("random", 10, 27, 7)
        .policy("scalekv", 10, 27, 24)
        .policy("heatkv", 4, 11, 6)
        .rulers()
        .write(folder);
    Findings f = Findings.of(Results.read(folder));
    assertEquals(
        "Which setting keeps the images of pocket closest to those of the full cache? 5 settings at"
            + " 10 %, 4 %, 15 captions, image by image.",
        f.asked());
    String found = String.join("\n", f.found());
    for (String sentence :
        List.of(
            "At 10 % (27 tokens per layer and head): snapkv is best, PSNR 27.75 dB [",
            "; 2.00 dB [2.00, 2.00] better than scalekv.",
            "Negative: at 10 % scalekv is number 2 of 4; snapkv is 2.00 dB",
            "At 4 % (11 tokens per layer and head): heatkv is best",
            "Not closer than another seed of the same caption (PSNR 10.75 dB [",
            "random at 10%, heatkv at 4%. They have not kept the image",
            "15 captions are few")) {
      assertTrue(found.contains(sentence), sentence + " in " + found);
    }
    Report.write(folder);
    String page = text("report.html");
    assertTrue(page.indexOf(f.asked()) < page.indexOf("<table"), "before the table");
  }

  /** Settings of several number formats are ranked where they held the same bytes. */
  @Test
  void formatsAreRankedAtEqualBytes() throws IOException {
    Results results = Results.read(Path.of("results/pocket-l/byte-buys"));
    List<String> found = Findings.of(results).found();
    String best = "At 2.15 MiB an image: error-curve at peak-20%, keys bf16, values bf16 is best";
    assertTrue(found.stream().anyMatch(s -> s.startsWith(best)), found.toString());
    String split = "At 1.08 MiB an image: error-curve at 20% and 10%, keys int8, values int8 is";
    assertTrue(
        found.stream().anyMatch(s -> s.startsWith(split) && s.contains("not significant")),
        found.toString());
    long sizes = found.stream().filter(s -> s.startsWith("At ")).count();
    assertEquals(sizes, found.stream().filter(s -> s.contains(" MiB an image: ")).count());
  }

  /** Images take what the rest of the page leaves of three megabytes. */
  @Test
  void aPageOfManyImagesStaysSmall() throws IOException {
    ReportFixtures fixtures = new ReportFixtures("large", 128);
    for (String policy : List.of("snapkv", "h2o", "scalekv", "heatkv", "hack")) {
      fixtures.policy(policy, 10, 27, 20).policy(policy, 4, 11, 15);
    }
    fixtures.rulers().write(folder).writeNoise(folder, 128);
    Path page = Report.write(folder).page();
    assertTrue(Files.size(page) <= HtmlReport.MOST_BYTES, "bytes: " + Files.size(page));
    assertTrue(Files.size(page) > HtmlReport.MOST_BYTES / 2, "images are there");
    assertTrue(Files.readString(page).contains("of 10 policies&#39; images fit into this page."));
  }

  /** Full, policy, and what is between them, amplified. */
  @Test
  void sheetsShowTheDifference() throws IOException {
    ReportFixtures fixtures =
        new ReportFixtures("pair", 2).policy("snapkv", 10, 27, 20).write(folder);
    fixtures.writeImages(folder);
    Report.write(folder);
    try (Stream<Path> sheets = Files.list(folder.resolve("report/sheets"))) {
      RgbImage sheet = Png.read(sheets.findFirst().orElseThrow());
      // 128 pixels a run, 6 between them; the policy is 3 brighter than the full cache.
      assertEquals(0x000000, sheet.packed(70, 70) & 0xffffff);
      assertEquals(0x030303, sheet.packed(204, 70) & 0xffffff);
      assertEquals(0x0c0c0c, sheet.packed(338, 70) & 0xffffff);
    }
  }

  @Test
  void aFolderWithoutResultsIsRefused() {
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> Report.write(folder));
    assertTrue(e.getMessage().contains("experiment.json"), e.getMessage());
    assertEquals(1, e.getMessage().lines().count());
  }

  /** An experiment of which nothing was run still has its report. */
  @Test
  void nothingRunYet() throws IOException {
    new ReportFixtures("none", 2).failures().write(folder);
    Report.Written w = Report.write(folder);
    assertEquals(0, w.figures());
    assertTrue(text("tables/none.md").contains("2 of 2 rows have no result."));
  }
}
