package io.scalekv.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.model.PerScale;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/**
 * Every option of every command, found in the command line's own model, with values that it cannot
 * take: exit code 2, one line that names the option, nothing on stdout. The words around it are
 * those of the command's first example.
 */
final class OptionFuzzTest {
  /** Texts that are no number, no name and no budget. */
  private static final List<String> TEXTS =
      List.of(
          "",
          " ",
          "1f",
          "1d",
          "0x10",
          "0x1p3",
          "٣",
          "１",
          "½",
          "NaN",
          "Infinity",
          "-Infinity",
          "1e999",
          "1_000",
          "1,5",
          "--5",
          "1e",
          "-x",
          "--limit",
          "@x",
          "\"1\"",
          "'",
          "a\nb",
          "a\0b",
          "a\u202eb",
          "日本語",
          "x".repeat(100_000));

  @TempDir static Path folder;

  private static Stream<String> commands() {
    return CommandTree.names().filter(n -> CommandTree.spec(n).subcommands().isEmpty());
  }

  /** Returns the words of the first example; what it would write goes to a temporary folder. */
  private static List<String> example(CommandSpec spec) {
    return CommandTree.examples(spec).get(0).stream()
        .map(word -> word.startsWith("out/") ? folder.resolve(word).toString() : word)
        .toList();
  }

  /** Returns the example with a value of an option, in place of one that stands there. */
  private static String[] with(List<String> example, OptionSpec option, String value) {
    List<String> words = new ArrayList<>(example);
    for (String name : option.names()) {
      for (int at = words.indexOf(name); at >= 0; at = words.indexOf(name)) {
        words.subList(at, Math.min(words.size(), at + 1 + option.arity().min())).clear();
      }
    }
    words.add(option.longestName() + "=" + value);
    return words.toArray(String[]::new);
  }

  private static boolean takes(ArgSpec option, Class<?>... types) {
    return Stream.of(option.typeInfo().getAuxiliaryTypes()).anyMatch(List.of(types)::contains)
        || List.of(types).contains(option.type());
  }

  private static void refused(Said said, String name, String value) {
    String shown = name + "=" + (value.length() > 100 ? value.substring(0, 100) : value);
    assertEquals(2, said.code(), () -> shown + ": " + said.err());
    assertEquals("", said.out(), shown);
    List<String> lines = said.err().lines().toList();
    assertEquals(1, lines.size(), () -> shown + ": " + said.err());
    String line = lines.get(0);
    assertTrue(line.contains(name), () -> shown + ": " + line);
    assertTrue(line.length() < 1500, () -> shown + ": " + line.length() + " characters");
    assertFalse(line.contains("Exception") || line.contains("io.scalekv"), line);
    assertTrue(
        line.chars().noneMatch(c -> Character.isISOControl(c) || c == 0x202e),
        () -> shown + ": unseen characters in the message");
  }

  /** Every option with one of the texts, another one for the next option. */
  @ParameterizedTest
  @MethodSource("commands")
  void aTextThatIsNoValue(String command) {
    refuses(command, false);
  }

  @ParameterizedTest
  @MethodSource("commands")
  @Tag("full")
  void allTextsThatAreNoValue(String command) {
    refuses(command, true);
  }

  private static void refuses(String command, boolean all) {
    int next = command.length();
    CommandSpec spec = CommandTree.spec(command);
    List<String> example = example(spec);
    for (OptionSpec option : spec.options()) {
      boolean text = takes(option, String.class);
      if (text || option.usageHelp() || option.versionHelp() || option.arity().max() == 0) {
        continue;
      }
      boolean path = takes(option, Path.class);
      List<String> texts = path ? List.of("", " ", "a\0b", "--limit", "-x") : TEXTS;
      next += 5;
      for (String value : all ? texts : List.of(texts.get(next % texts.size()))) {
        boolean list = option.splitRegex().equals(",") || takes(option, PerScale.class);
        if (value.equals("1,5") && list) {
          continue;
        }
        refused(Said.of((Object[]) with(example, option, value)), option.longestName(), value);
      }
    }
  }

  /** A flag takes no text. */
  @ParameterizedTest
  @MethodSource("commands")
  void flagsTakeNoText(String command) {
    CommandSpec spec = CommandTree.spec(command);
    List<String> example = example(spec);
    for (OptionSpec option : spec.options()) {
      if (option.arity().max() == 0 && !option.usageHelp() && !option.versionHelp()) {
        Said said = Said.of((Object[]) with(example, option, "maybe"));
        assertEquals(2, said.code(), () -> option.longestName() + ": " + said.err());
        assertEquals(1, said.err().lines().count(), said.err());
      }
    }
  }

  /** What no file option can take is refused where options are read: no command is started. */
  @ParameterizedTest
  @MethodSource("commands")
  void pipesAndLinkLoops(String command) throws IOException, InterruptedException {
    Path loop = folder.resolve("loop");
    Path pipe = folder.resolve("pipe");
    if (!Files.exists(pipe)) {
      Files.createSymbolicLink(loop, loop.getFileName());
      assertEquals(0, new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor());
    }
    CommandSpec spec = CommandTree.spec(command);
    List<String> example = example(spec);
    for (OptionSpec option : spec.options()) {
      if (takes(option, Path.class)) {
        for (Path value : List.of(pipe, loop)) {
          Said said = Said.of((Object[]) with(example, option, value.toString()));
          refused(said, option.longestName(), value.toString());
        }
      }
    }
  }
}
