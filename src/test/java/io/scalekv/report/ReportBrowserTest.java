package io.scalekv.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.Lab;
import io.scalekv.profile.AttentionProfile;
import java.awt.image.BufferedImage;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The page in a real browser, from the disk and without a network. */
@Tag("full")
final class ReportBrowserTest {
  private static final List<String> NAMES =
      List.of("chromium", "chromium-browser", "google-chrome", "google-chrome-stable");

  @TempDir Path folder;
  private Path page;

  @BeforeEach
  void report() throws IOException {
    ReportFixtures fixtures =
        new ReportFixtures("table1", 8)
            .policy("snapkv", 10, 27, 20)
            .policy("snapkv", 4, 11, 18)
            .policy("scalekv", 10, 27, 24)
            .policy("scalekv", 4, 11, 17)
            .rulers()
            .failures()
            .write(folder);
    fixtures.writeImages(folder);
    page = Report.write(folder).page();
  }

  /** What a browser said: its document, or what it logged. */
  private record Browsed(String out, String log) {}

  private static Path browser() {
    for (String folder : System.getenv("PATH").split(File.pathSeparator)) {
      for (String name : NAMES) {
        Path file = Path.of(folder, name);
        if (Files.isExecutable(file)) {
          return file;
        }
      }
    }
    throw new AssertionError(
        "a browser expected on the PATH ("
            + String.join(", ", NAMES)
            + "), got none; on Debian:"
            + " apt-get install chromium");
  }

  private Browsed browse(String... arguments) throws Exception {
    List<String> command = new ArrayList<>(List.of(browser().toString()));
    command.addAll(
        List.of(
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--host-resolver-rules=MAP * ~NOTFOUND",
            "--user-data-dir=" + folder.resolve("browser"),
            "--enable-logging=stderr",
            "--virtual-time-budget=10000"));
    command.addAll(List.of(arguments));
    Path out = folder.resolve("browser.out");
    Path log = folder.resolve("browser.log");
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().put("HOME", folder.toString());
    Process process = builder.redirectOutput(out.toFile()).redirectError(log.toFile()).start();
    boolean ended = process.waitFor(180, TimeUnit.SECONDS);
    if (!ended) {
      process.destroyForcibly().waitFor();
    }
    String said = Files.readString(log, StandardCharsets.ISO_8859_1);
    assertTrue(ended, "the browser did not end: " + said);
    return new Browsed(Files.readString(out), said);
  }

  /** What the page itself logged. */
  private static List<String> console(Browsed b) {
    return b.log().lines().filter(l -> l.contains(":CONSOLE")).toList();
  }

  @Test
  void everyControlWorks() throws Exception {
    Browsed b = browse("--dump-dom", page.toUri() + "#selftest");
    assertEquals(List.of(), console(b));
    assertTrue(b.out().contains("<title>selftest passed</title>"), selftest(b.out()));
    String said = selftest(b.out());
    for (String check :
        List.of(
            "ok flip shows the first image",
            "ok a click shows the second",
            "ok the key f shows the first",
            "ok an arrow shows the next pair",
            "ok the difference is beside it",
            "ok errors: none")) {
      assertTrue(said.contains(check), check + " expected in " + said);
    }
    assertFalse(b.out().contains("alert('x')</script>"), "a caption became a script");
  }

  @Test
  void everyControlOfAScorePageWorks() throws Exception {
    Path golden = Path.of("src/test/resources/io/scalekv/score");
    List<Path> images = List.of(golden.resolve("candidate_a"), golden.resolve("candidate_b"));
    ScoreReport.of(Lab.score(golden.resolve("reference"), images)).write(folder);
    Browsed b = browse("--dump-dom", folder.resolve("report.html").toUri() + "#selftest");
    assertEquals(List.of(), console(b));
    assertTrue(b.out().contains("<title>selftest passed</title>"), selftest(b.out()));
    assertTrue(selftest(b.out()).contains("ok candidate_b by haarpsi"), selftest(b.out()));
  }

  /** The pages of calibrate and profile. */
  @Test
  void everyControlOfAStatisticsPageWorks() throws Exception {
    AttentionProfile profile = StatisticsPageTest.profile(4);
    Path calibration = folder.resolve("calibration.html");
    Files.writeString(
        calibration, StatisticsPage.of(StatisticsPageTest.calibration(profile), profile));
    AttentionAtlas.of("toy", profile).write(List.of(), Map.of(), folder.resolve("atlas"));
    for (Path page : List.of(calibration, folder.resolve("atlas/report.html"))) {
      Browsed b = browse("--dump-dom", page.toUri() + "#selftest");
      assertEquals(List.of(), console(b));
      assertTrue(b.out().contains("<title>selftest passed</title>"), selftest(b.out()));
    }
  }

  /** A frame as wide as a phone: nothing reaches beyond it, every control works. */
  @Test
  void onAPhone() throws Exception {
    Path frame = folder.resolve("frame.html");
    Files.writeString(
        frame,
        "<iframe style='width:390px;height:844px' src='%s#selftest'></iframe>"
                .formatted(page.toUri())
            + "<script>onload = () => setTimeout(() => { const d = frames[0].document;"
            + " document.title = d.title + ' ' + frames[0].innerWidth + ' '"
            + " + d.getElementById('selftest').textContent; }, 3000);</script>");
    Browsed b =
        browse(
            "--disable-web-security",
            "--allow-file-access-from-files",
            "--dump-dom",
            frame.toUri().toString());
    assertTrue(b.out().contains("<title>selftest passed 390 "), b.out());
  }

  @Test
  void prints() throws Exception {
    Path pdf = folder.resolve("page.pdf");
    browse("--print-to-pdf=" + pdf, page.toUri().toString());
    String text = Files.readString(pdf, StandardCharsets.ISO_8859_1);
    assertTrue(text.startsWith("%PDF-"));
    assertTrue(text.split("/Type /Page\\b", -1).length > 2, "folded parts are printed too");
  }

  private static String selftest(String dom) {
    int from = dom.indexOf("<pre id=\"selftest\"");
    return from < 0 ? "no selftest" : dom.substring(from, dom.indexOf("</pre>", from));
  }

  /** Without the fragment nothing is tested, and the page says what it is. */
  @Test
  void thePageOpensQuietly() throws Exception {
    Browsed b = browse("--dump-dom", page.toUri().toString());
    assertEquals(List.of(), console(b));
    assertTrue(b.out().contains("<title>ScaleKV Lab: results of pocket</title>"));
    assertTrue(b.out().contains("aria-live"));
  }

  /** Light and dark are both drawn, and are not the same. */
  @Test
  void lightAndDark() throws Exception {
    Set<Integer> grounds = new HashSet<>();
    for (String dark : List.of("0", "1")) {
      Path png = folder.resolve("page-" + dark + ".png");
      browse(
          "--window-size=1200,1600",
          "--blink-settings=preferredColorScheme=" + (1 - Integer.parseInt(dark)),
          "--screenshot=" + png,
          page.toUri().toString());
      BufferedImage image = ImageIO.read(png.toFile());
      assertEquals(1200, image.getWidth());
      int ground = image.getRGB(2, 2) & 0xff;
      assertEquals(dark.equals("1"), ground < 64, "ground " + ground);
      grounds.add(ground);
      Set<Integer> colours = new HashSet<>();
      for (int x = 0; x < 1200; x += 3) {
        for (int y = 0; y < 1600; y += 3) {
          colours.add(image.getRGB(x, y));
        }
      }
      assertTrue(colours.size() > 30, "colours: " + colours.size());
    }
    assertEquals(2, grounds.size(), "grounds: " + grounds);
  }

  /** Nothing but the page is read: it opens from a folder of its own. */
  @Test
  void thePageIsEnough() throws Exception {
    Path alone = Files.createDirectories(folder.resolve("alone")).resolve("report.html");
    Files.copy(page, alone);
    Browsed b = browse("--dump-dom", alone.toUri() + "#selftest");
    assertTrue(b.out().contains("<title>selftest passed</title>"), selftest(b.out()));
    try (Stream<Path> files = Files.list(alone.getParent())) {
      assertEquals(1, files.count());
    }
  }
}
