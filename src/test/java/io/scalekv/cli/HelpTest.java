package io.scalekv.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

/** Help, lists and completion. */
final class HelpTest {
  @ParameterizedTest
  @MethodSource("io.scalekv.cli.CommandTree#names")
  void everyCommandHasTwoExamplesThatParse(String command) {
    String threads = System.getProperty("ai.djl.pytorch.num_threads");
    List<List<String>> examples = CommandTree.examples(CommandTree.spec(command));
    assertTrue(examples.size() >= 2, () -> command + ": " + examples);
    for (List<String> words : examples) {
      assertEquals(command.split(" ")[0], words.get(0), words::toString);
      CommandTree.root().parseArgs(words.toArray(String[]::new));
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
    CommandTree.names()
        .map(c -> c.split(" ")[0])
        .forEach(c -> assertTrue(said.out().contains("_picocli_scalekv_" + c), c));
  }

  @Test
  void helpOfACommand() {
    assertEquals(Said.of("generate", "--help").out(), Said.of("help", "generate").out());
  }
}
