package io.scalekv.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Values of options as users type them. */
class OptionValuesTest {
  private static final String CAPTION = "a large solid red circle on a solid blue background";

  @TempDir Path folder;

  private static void refused(String part, Object... words) {
    Said said = Said.of(words);
    assertEquals(2, said.code(), said.err());
    assertEquals(1, said.err().lines().count(), said.err());
    assertTrue(said.err().contains(part), said.err());
  }

  /** The model of scenes refuses the word, so the text arrived whole. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "-hyperreal",
        "--limit",
        "-q",
        "@file",
        "--json",
        "--prompt=x",
        "\"quoted\"",
        "'",
        "${x}"
      })
  void aTextIsAText(String text) {
    for (Object[] words :
        List.of(
            new Object[] {"generate", "--no-image", "--prompt", text + " red circle"},
            new Object[] {"generate", "--no-image", "--prompt=" + text + " red circle"})) {
      refused("got \"" + text.split("[^\\S]")[0], words);
    }
  }

  @Test
  void aNegativeMayBeginWithADash() {
    refused("\"-quality\"", "generate", "--no-image", "--prompt", CAPTION, "--negative=-quality");
  }

  /** A text has no limit of its own, on the command line, in a file of lines or in a table. */
  @Test
  void longTextsAreReadEverywhere() throws IOException {
    String text = "ab ".repeat(667);
    Path lines = Files.writeString(folder.resolve("long.txt"), text + "\n");
    Path table = Files.writeString(folder.resolve("long.csv"), "prompt\n" + text + "\n");
    refused("\"ab\"", "generate", "--no-image", "--prompt", text);
    refused("\"ab\"", "generate", "--no-image", "--prompts", lines);
    refused("\"ab\"", "generate", "--no-image", "--prompts", table);
  }

  /** A number is what people write, in every option and every setting of a policy. */
  @ParameterizedTest
  @ValueSource(strings = {"1f", "0x10", "٣", "NaN", "1_0", "", "Infinity", "1e999"})
  void numbersOfPolicies(String text) {
    refused("w", "memory", "--policy", "snapkv:w=" + text);
    refused("prior", "memory", "--policy", "error-curve:prior=" + text);
    refused("sinks", "memory", "--policy", "streaming-llm:sinks=" + text);
    refused("queries", "memory", "--policy", "error-curve:queries=" + text);
  }

  @Test
  void realNumbersMayHaveAnExponent() {
    assertEquals(
        Said.of("memory", "--aspect", "1", "--cfg", "3", "--json").out(),
        Said.of("memory", "--aspect", "1e0", "--cfg", "30e-1", "--json").out());
  }

  @Test
  void aForgottenPathIsNotAnOption() {
    refused("--out", "generate", "--prompt", CAPTION, "--out", "--quiet");
    refused("--prompts", "generate", "--no-image", "--prompts", "");
    refused("--roles", "generate", "--no-image", "--prompt", CAPTION, "--roles", "-q");
  }

  /** A value that nothing reads is refused beside the option that switches it off. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          --cfg 1 --policy snapkv --cfg-budget-split 4% | --cfg-budget-split
          --cfg 1,1,1,1,1,1,1 --policy snapkv --cfg-budget-split 4% | --cfg-budget-split
          --cfg 1 --negative circle | --negative
          --budget 10% | --budget needs --policy
          --cfg-budget-split 4% | --cfg-budget-split needs --policy
          --limit 3 | --limit needs --prompts
          --cfg 3,3 | got 2
          --tau 1,1,1 | got 3
          --cfg-until 8 | --cfg-until must be between 1 and 7, got 8
          --cfg NaN | --cfg
          --cfg-insertion-layer 1 | got 1
          """)
  void valuesThatNothingReads(String options, String part) {
    List<Object> words = new ArrayList<>(List.of("generate", "--no-image", "--prompt", CAPTION));
    words.addAll(List.of((Object[]) options.split(" ")));
    refused(part, words.toArray());
  }

  @Test
  void aRatioThatIsNotPublishedIsSaid() {
    Said said = Said.of("memory", "--model", "infinity-2b", "--aspect", "0.9", "--json");
    assertEquals(0, said.code());
    assertTrue(said.err().contains("1.0 is taken"), said.err());
    assertEquals("64x64", said.json().get("schedule").get(12).asString());
    assertEquals("", Said.of("memory", "--model", "infinity-2b", "--aspect", "0.8").err());
  }

  /** The same of an experiment's file. */
  @ParameterizedTest
  @CsvSource({
    "'generation: {cfg: 1, negative: circle}', '', /generation/negative",
    "generation: {cfg: 1}, ', cfgBudgetSplit: 4%', /rows/0/cfgBudgetSplit/0"
  })
  void valuesThatNothingReadsInAFile(String generation, String row, String place)
      throws IOException {
    Path file = folder.resolve("x.yaml");
    Files.writeString(
        file,
        "name: x\nkind: memory\nmodel: pocket\n%s\nrows: [{policy: snapkv%s}]\n"
            .formatted(generation, row));
    refused(place, "sweep", file, "--list");
  }
}
