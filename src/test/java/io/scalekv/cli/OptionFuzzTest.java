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
import java.util.Set;
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

  private static final Set<String> WRITES = Set.of("--out", "--save", "--record", "--reference");
  private static final int KINDS = 8;
  private static HostileFiles samples;

  @TempDir static Path folder;

  private static Stream<String> commands() {
    return CommandTree.names().filter(n -> CommandTree.spec(n).subcommands().isEmpty());
  }

  /** Returns the words of the first example; what it would write goes to a temporary folder. */
  private static List<String> example(CommandSpec spec) {
    return examples(spec).findFirst().orElseThrow();
  }

  private static Stream<List<String>> examples(CommandSpec spec) {
    return CommandTree.examples(spec).stream().map(OptionFuzzTest::inFolder);
  }

  private static List<String> inFolder(List<String> words) {
    List<String> moved = new ArrayList<>(words);
    for (int i = 0; i < moved.size(); i++) {
      if (moved.get(i).startsWith("out/") || i > 0 && WRITES.contains(moved.get(i - 1))) {
        moved.set(i, folder.resolve(moved.get(i)).toString());
      }
    }
    return moved;
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

  /** A text may be anything; what it is not good for is refused in one line. */
  @ParameterizedTest
  @MethodSource("commands")
  @Tag("full")
  void textsOfAllKinds(String command) {
    CommandSpec spec = CommandTree.spec(command);
    for (OptionSpec option : spec.options()) {
      if (takes(option, String.class)) {
        for (String value : TEXTS) {
          refusedOrTaken(with(example(spec, option), option, value));
        }
      }
    }
  }

  private static void refusedOrTaken(String... words) {
    Said said = Said.of((Object[]) words);
    String all = String.join(" ", words);
    String shown = all.substring(0, Math.min(300, all.length())) + ": " + said.err();
    assertTrue(said.code() == 0 || said.code() == 2, shown);
    if (said.code() == 2) {
      if (List.of(words).contains("--json")) {
        assertEquals(2, said.json().at("/error/exitCode").asInt(), shown);
      } else {
        assertEquals("", said.out(), shown);
      }
      List<String> lines = said.err().lines().toList();
      assertEquals(1, lines.size(), shown);
      assertFalse(lines.get(0).contains("Exception"), shown);
      assertFalse(lines.get(0).contains("io.scalekv"), shown);
      assertTrue(lines.get(0).length() < 1500, shown);
      assertTrue(
          lines.get(0).chars().noneMatch(c -> Character.isISOControl(c) || c == 0x202e), shown);
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

  /**
   * Every option and parameter that reads a file, pointed at an empty file, an empty folder and
   * sound files of other kinds: read, or refused in one line. Where the example lacks something
   * else, such as a tokenizer that is not there, that may be what is refused.
   */
  @ParameterizedTest
  @MethodSource("commands")
  @Tag("full")
  void filesOfOtherKinds(String command) throws IOException {
    CommandSpec spec = CommandTree.spec(command);
    int next = command.length();
    for (ArgSpec arg : spec.args()) {
      boolean writes = arg instanceof OptionSpec o && WRITES.contains(o.longestName());
      if (!takes(arg, Path.class) || writes) {
        continue;
      }
      for (Path value : files(next++)) {
        refusedOrTaken(words(example(spec, arg), arg, value.toString()));
      }
    }
  }

  /** An empty folder, an empty file and some of the sound files of all kinds. */
  private static List<Path> files(int from) throws IOException {
    Path kinds = folder.resolve("kinds");
    if (samples == null) {
      samples = HostileFiles.in(Files.createDirectories(folder.resolve("made")));
    }
    List<Path> files = new ArrayList<>();
    files.add(Files.createDirectories(kinds.resolve("empty-folder")));
    files.add(Files.write(kinds.resolve("empty-file"), new byte[0]));
    List<String> names = samples.names();
    for (int i = 0; i < KINDS; i++) {
      HostileFiles.Sample sample = samples.sample(names.get((from * KINDS + i) % names.size()));
      Path file = kinds.resolve(Integer.toString(i)).resolve(sample.name());
      Files.createDirectories(file.getParent());
      files.add(Files.write(file, sample.bytes()));
    }
    return files;
  }

  /** Returns the first example that has the option, or else the first one. */
  private static List<String> example(CommandSpec spec, ArgSpec arg) {
    return examples(spec)
        .filter(e -> arg instanceof OptionSpec o && e.contains(o.longestName()))
        .findFirst()
        .orElse(example(spec));
  }

  private static String[] words(List<String> example, ArgSpec arg, String value) {
    if (arg instanceof OptionSpec option) {
      return with(example, option, value);
    }
    List<String> words = new ArrayList<>(example);
    String there =
        CommandTree.root().parseArgs(words.toArray(String[]::new)).asCommandLineList().stream()
            .flatMap(c -> c.getParseResult().matchedArgs().stream())
            .filter(a -> a.isPositional() && a.paramLabel().equals(arg.paramLabel()))
            .flatMap(a -> a.originalStringValues().stream())
            .findFirst()
            .orElse(null);
    if (there == null) {
      words.add(value);
    } else {
      words.set(words.lastIndexOf(there), value);
    }
    return words.toArray(String[]::new);
  }
}
