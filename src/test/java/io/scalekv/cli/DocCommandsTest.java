package io.scalekv.cli;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every command of README and docs: its options exist, it runs, and it prints what is shown. */
final class DocCommandsTest {
  private static final int MOST_UNRUN = 20;
  private static final int MINUTES = 10;

  @TempDir private Path folder;

  static List<DocPage> pages() {
    return DocPage.all();
  }

  static List<DocPage> pagesThatRun() {
    return pages().stream()
        .filter(p -> p.blocks().stream().anyMatch(b -> b.reason() == null))
        .toList();
  }

  @ParameterizedTest
  @MethodSource("pages")
  void optionsAndNamesExist(DocPage page) throws IOException {
    Stream.concat(
            page.blocks().stream().flatMap(b -> b.commands().stream()), page.inline().stream())
        .forEach(command -> assertDoesNotThrow(() -> parse(command), page + ": " + command));
    for (DocPage.Block b : page.blocks()) {
      boolean fenced = b.console() || b.language().equals("sh");
      assertTrue(fenced || b.reason() != null, page + ": neither sh nor console\n" + b.text());
    }
    String text = Files.readString(Path.of(page.name()));
    assertFalse(text.matches("(?s).*\n\n {4}(\\$ )?\\./scalekv .*"), page + ": indented command");
  }

  private static void parse(String command) {
    StringWriter unused = new StringWriter();
    Main.commandLine(new PrintWriter(unused), new PrintWriter(unused), Main.commands())
        .parseArgs(DocPage.words(command).toArray(String[]::new));
  }

  @Test
  void blocksThatAreNotRunSayWhyAndAreFew() {
    List<String> reasons =
        pages().stream().flatMap(p -> p.blocks().stream()).map(DocPage.Block::reason).toList();
    assertTrue(reasons.stream().allMatch(r -> r == null || r.length() > 10), reasons::toString);
    long unrun = reasons.stream().filter(r -> r != null).count();
    assertTrue(unrun <= MOST_UNRUN, "at most " + MOST_UNRUN + " blocks, got " + unrun);
  }

  @Test
  void wordsAreThoseOfTheShell() {
    String command = "./scalekv a 'b c' --d=\"e f\" x#y $(seq 1 3) \"$ID\" >file # 'z";
    assertEquals(List.of("a", "b c", "--d=e f", "x#y", "1", "1"), DocPage.words(command));
  }

  /** The blocks of a page run in their order in one folder, by the launcher. */
  @Tag("full")
  @ParameterizedTest
  @MethodSource("pagesThatRun")
  @DisabledOnOs(value = OS.WINDOWS, disabledReason = "the launcher is a POSIX shell script")
  void runsAndPrintsWhatIsShown(DocPage page) throws Exception {
    for (String part : List.of("scalekv", "calibration-prompts", "experiments", "src")) {
      Files.createSymbolicLink(folder.resolve(part), Path.of(part).toAbsolutePath());
    }
    for (DocPage.Block block : page.blocks()) {
      if (block.reason() == null) {
        String printed = run(page, block);
        if (block.console()) {
          shows(page, block, printed);
        }
      }
    }
  }

  private String run(DocPage page, DocPage.Block block) throws Exception {
    Path out = folder.resolve("stdout");
    Path err = folder.resolve("stderr");
    Process process =
        new ProcessBuilder("sh", "-eu", "-c", block.script())
            .directory(folder.toFile())
            .redirectOutput(out.toFile())
            .redirectError(err.toFile())
            .start();
    try {
      assertTrue(process.waitFor(MINUTES, TimeUnit.MINUTES), page + ": still running");
    } finally {
      process.destroy();
    }
    String said = Files.readString(err, StandardCharsets.UTF_8);
    assertEquals(0, process.exitValue(), page + "\n" + block.script() + said);
    return Files.readString(out, StandardCharsets.UTF_8);
  }

  /** Lines in their order, numbers and spaces aside; behind … a line may go on. */
  private static void shows(DocPage page, DocPage.Block block, String printed) {
    List<String> lines = printed.lines().map(DocCommandsTest::words).toList();
    int at = 0;
    for (String line : block.output()) {
      String wanted = words(line);
      boolean open = wanted.endsWith("…");
      String begin = open ? wanted.substring(0, wanted.length() - 1).strip() : wanted;
      while (at < lines.size()
          && !(open ? lines.get(at).startsWith(begin) : lines.get(at).equals(begin))) {
        at++;
      }
      assertTrue(at < lines.size(), page + " shows\n" + line + "\nprinted was\n" + printed);
    }
  }

  private static String words(String line) {
    return line.replaceAll("[-+]?[0-9]+(,[0-9]{3})*(\\.[0-9]+)?(e-[0-9]+)?", "#")
        .replaceAll("\\s+", " ")
        .strip();
  }
}
