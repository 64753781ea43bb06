package io.scalekv.scene;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PromptFileTest {
  @TempDir Path folder;

  @Test
  void skipsCommentsAndBlankLines() throws IOException {
    Path file = written("\uFEFF# seed 1\n\n a ring \r\n  # indented\nÄpfel, 日本\na ring\n\n");
    assertEquals(List.of("a ring", "Äpfel, 日本", "a ring"), PromptFile.read(file));
    assertEquals(List.of("last line"), PromptFile.read(written("last line")));
  }

  @Test
  void namesFileAndLine() throws IOException {
    Path notUtf8 = written(new byte[] {'o', 'k', '\n', (byte) 0xe9, ' ', 'x', '\n'});
    assertMessage(notUtf8, notUtf8 + ", line 2 ");
  }

  @ParameterizedTest
  @ValueSource(strings = {"\n", "\r\n", "\r"})
  void linesEndInAnyWay(String end) throws IOException {
    Path file = written(String.join(end, "a", "# comment", "b", "", "c"));
    assertEquals(List.of("a", "b", "c"), PromptFile.read(file));
  }

  @Test
  void aLongPromptIsOnePrompt() throws IOException {
    assertEquals(5001, PromptFile.read(written("x".repeat(5001))).get(0).length());
  }

  @Test
  void sizesOfUtf16AreNotUtf8() throws IOException {
    byte[] wide = "a ring".getBytes(StandardCharsets.UTF_16);
    assertMessage(written(wide), "got UTF-16");
  }

  private static final String CAPTIONS = "7=a ring, red; 9=ß";

  /** Layouts of data sets with the same two prompts. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          p.jsonl | {"index": 7, "seed": 3, "prompt": "a ring, red"}¶{"index": 9, "prompt": "ß"}
          p.jsonl | {"tag": "x", "include": [{}], "id": "7", "prompt": "a ring, red "}¶¶{"id": 9, "prompt": "ß"}¶
          p.json | {"7": {"category": "people", "prompt": "a ring, red"}, "9": {"prompt": "ß"}}
          p.json | {"7": "a ring, red", "9": ["ß", "other"]}
          p.json | {"info": {}, "images": [], "annotations": [{"image_id": 7, "id": 1, "caption": "a ring, red"}, {"image_id": 9, "id": 2, "caption": "ß"}, {"image_id": 7, "id": 3, "caption": "the second"}]}
          p.json | [{"key": 7, "captions": ["a ring, red", "x"]}, {"key": 9, "text": "ß"}]
          p.csv | item_id,text,proposition_id¶7,"a ring, red",1¶7,"a ring, red",2¶9,"ß",1
          p.csv | Caption;ID¶a ring, red;7¶"ß";9
          p.csv | id,captions[0]¶7,"a ring, red"¶9,"ß"
          p.csv | id,captions¶7,"[""a ring, red"", ""x""]"¶9,"ß"
          p.tsv | Prompt→image_id¶a ring, red→7¶"ß"→9
          """)
  void layoutsOfDataSets(String name, String text) throws IOException {
    for (String end : List.of("\n", "\r\n", "\r")) {
      String marked = "\uFEFF" + text.replace("¶", end).replace('→', '\t');
      Path file = Files.writeString(folder.resolve(name), marked);
      String got =
          PromptFile.entries(file).stream()
              .map(e -> e.id() + "=" + e.text())
              .collect(Collectors.joining("; "));
      assertEquals(CAPTIONS, got);
    }
  }

  @Test
  void quotesInTables() throws IOException {
    Path file = folder.resolve("q.csv");
    Files.writeString(file, "prompt,id\n\"a \"\"red\"\"\nring\",x\n");
    assertEquals(List.of(new PromptFile.Entry("x", "a \"red\"\nring")), PromptFile.entries(file));
  }

  @Test
  void aFolderHoldsOnePromptAFile() throws IOException {
    Path dpg = Files.createDirectory(folder.resolve("dpg"));
    Files.writeString(dpg.resolve("b1.txt"), "a ring\r\non a plate\n");
    Files.writeString(dpg.resolve("a2.txt"), "\uFEFFtwo rings");
    Files.writeString(dpg.resolve("notes.md"), "no prompt");
    assertEquals(
        List.of(
            new PromptFile.Entry("a2", "two rings"),
            new PromptFile.Entry("b1", "a ring on a plate")),
        PromptFile.entries(dpg));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          p.jsonl | {"prompt": "a"}¶{"prompt": 3} | , line 2: /prompt
          p.jsonl | {"prompt": "a"}¶{ | , line 2: line 1: not valid JSON
          p.json | {"7": {"category": "people"}} | : /7 must be an object with prompt
          p.json | [] | missing prompts
          p.csv | name,words¶a,b | , line 1 must have a column prompt
          p.csv | id,prompt¶1,a¶2,b,c | , row 2 must have 2 cells, got 3
          p.csv | id,prompt¶1,"a | not a table
          p.tsv | prompt¶ | missing prompts
          """)
  void namesThePlaceInADataSet(String name, String text, String place) throws IOException {
    assertMessage(Files.writeString(folder.resolve(name), text.replace('¶', '\n')), place);
  }

  @Test
  void refusesEmptyAndMissingFiles() throws IOException {
    Path empty = written("# nothing\n\n");
    assertMessage(empty, empty.toString());
    Path missing = folder.resolve("missing.txt");
    assertMessage(missing, missing.toString());
  }

  private Path written(String text) throws IOException {
    return written(text.getBytes(StandardCharsets.UTF_8));
  }

  private Path written(byte[] bytes) throws IOException {
    Path file = Files.createTempFile(folder, "prompts", ".txt");
    return Files.write(file, bytes);
  }

  private static void assertMessage(Path file, String place) {
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> PromptFile.read(file));
    assertTrue(e.getMessage().contains(place), e.getMessage());
  }
}
