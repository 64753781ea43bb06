package io.scalekv.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;
import tools.jackson.databind.JsonNode;

/** Help, lists and completion. */
final class HelpTest {
  private static final String PROMPT = "  ./scalekv ";
  private static final Pattern WORD = Pattern.compile("'([^']*)'|(\\S+)");

  private static CommandLine root() {
    PrintWriter nothing = new PrintWriter(PrintWriter.nullWriter());
    return Main.commandLine(nothing, nothing, Main.commands());
  }

  private static Stream<String> commands() {
    List<String> names = new ArrayList<>();
    root().getSubcommands().forEach((name, command) -> add(name, command, names));
    return names.stream().filter(n -> !n.equals("help"));
  }

  private static void add(String path, CommandLine command, List<String> names) {
    names.add(path);
    command.getSubcommands().forEach((name, sub) -> add(path + " " + name, sub, names));
  }

  private static List<String> words(String line) {
    List<String> words = new ArrayList<>();
    Matcher m = WORD.matcher(line.split(" [>|] ")[0]);
    while (m.find()) {
      words.add(m.group(1) == null ? m.group(2) : m.group(1));
    }
    return words;
  }

  @ParameterizedTest
  @MethodSource("commands")
  void everyCommandHasTwoExamplesThatParse(String command) {
    String threads = System.getProperty("ai.djl.pytorch.num_threads");
    CommandLine line = root();
    for (String name : command.split(" ")) {
      line = line.getSubcommands().get(name);
    }
    List<String> examples =
        Stream.of(line.getCommandSpec().usageMessage().footer())
            .map(l -> l.replace("%%", "%"))
            .filter(l -> l.startsWith(PROMPT))
            .toList();
    assertTrue(examples.size() >= 2, () -> command + ": " + examples);
    for (String example : examples) {
      List<String> words = words(example.substring(PROMPT.length()));
      assertEquals(command.split(" ")[0], words.get(0), example);
      root().parseArgs(words.toArray(String[]::new));
    }
    assertEquals(threads, System.getProperty("ai.djl.pytorch.num_threads"), "examples set threads");
  }

  @ParameterizedTest
  @EnumSource(Names.class)
  void everyKindIsListed(Names kind) {
    Said said = Said.of("list", kind, "--json");
    assertEquals(0, said.code(), said.err());
    JsonNode names = said.json().get(kind.toString());
    assertTrue(names.size() >= 3, said.out());
    for (JsonNode entry : names) {
      assertTrue(entry.get("summary").asString().length() > 3, entry.toString());
    }
    String name = names.get(0).get("name").asString();
    assertEquals(1, Said.of("list", kind, name, "--json").json().get(kind.toString()).size());
  }

  @Test
  void anUnknownNameHasANearOne() {
    Said said = Said.of("list", "policies", "snapkw");
    assertEquals(2, said.code());
    assertTrue(said.err().contains("snapkv?"), said.err());
  }

  @Test
  void completionKnowsEveryCommand() {
    Said said = Said.of("completion");
    assertEquals(0, said.code(), said.err());
    commands()
        .map(c -> c.split(" ")[0])
        .forEach(c -> assertTrue(said.out().contains("_picocli_scalekv_" + c), c));
  }

  @Test
  void helpOfACommand() {
    assertEquals(Said.of("generate", "--help").out(), Said.of("help", "generate").out());
  }
}
