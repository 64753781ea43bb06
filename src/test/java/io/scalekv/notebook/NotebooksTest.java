package io.scalekv.notebook;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.notebook.Notebook.Cell;
import io.scalekv.notebook.Notebook.Output;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

/** The notebooks as files; {@link NotebookRunTest} runs them. */
final class NotebooksTest {
  private static final int MOST_PICTURE_BYTES = 200_000;
  private static final int MOST_BYTES = 2_000_000;
  private static final Set<String> MAGICS =
      Set.of("%classpath ../target/classes", "%classpath ../target/lib/*.jar");
  private static final Pattern MACHINE_PATH =
      Pattern.compile("(^|[^\\w.])(/(home|root|tmp|usr|opt|work|Users|var)/|[A-Z]:\\\\)");

  static List<String> names() {
    return Notebook.NAMES;
  }

  @Test
  void allNotebooksAreKnownAndSmall() throws IOException {
    try (Stream<Path> files = Files.list(Notebook.FOLDER)) {
      List<Path> found = files.filter(f -> f.toString().endsWith(".ipynb")).sorted().toList();
      assertEquals(Notebook.NAMES.stream().map(Notebook::file).toList(), found);
      long bytes = 0;
      for (Path f : found) {
        bytes += Files.size(f);
      }
      assertTrue(bytes < MOST_BYTES, "all notebooks: under 2 MB expected, got " + bytes);
    }
    String readme = Files.readString(Notebook.FOLDER.resolve("README.md"));
    Notebook.NAMES.forEach(n -> assertTrue(readme.contains(n + ".ipynb"), n + " in README.md"));
  }

  @ParameterizedTest
  @MethodSource("names")
  void isNotebookFormatFour(String name) {
    Notebook n = Notebook.read(Notebook.file(name));
    JsonNode json = n.json();
    assertEquals(4, json.path("nbformat").asInt());
    assertEquals(5, json.path("nbformat_minor").asInt());
    assertEquals("java", json.path("metadata").path("kernelspec").path("name").asString(""));
    assertFalse(n.cells().get(0).code(), "begins with what it is about");
    Set<String> ids = new HashSet<>();
    for (Cell cell : n.cells()) {
      String id = cell.json().path("id").asString("");
      assertTrue(id.matches("[A-Za-z0-9_-]{1,64}") && ids.add(id), "id " + id);
      assertTrue(cell.json().path("metadata").isObject(), id);
      assertFalse(cell.source().isBlank(), id);
      String type = cell.json().path("cell_type").asString("");
      assertTrue(Set.of("code", "markdown").contains(type), id + " is " + type);
      assertEquals(cell.code(), cell.json().has("outputs"), id);
    }
  }

  @ParameterizedTest
  @MethodSource("names")
  void wasRunFromTopToBottomWithoutAnError(String name) {
    Notebook n = Notebook.read(Notebook.file(name));
    int count = 0;
    int pictures = 0;
    int texts = 0;
    for (Cell cell : n.code()) {
      count++;
      assertEquals(count, cell.json().path("execution_count").asInt(-1), cell.source());
      for (Output o : cell.outputs()) {
        assertFalse(o.type().equals("error"), o.text());
        pictures += o.picture() ? 1 : 0;
        texts += o.type().equals("stream") ? 1 : 0;
        assertTrue(
            o.png().length <= MOST_PICTURE_BYTES,
            () -> cell.source() + ": at most 200 kB expected, got " + o.png().length);
      }
      for (JsonNode o : cell.json().path("outputs")) {
        assertFalse(o.path("name").asString("").equals("stderr"), cell.source());
      }
    }
    assertTrue(pictures >= 2, "pictures: " + pictures);
    assertTrue(texts >= 2, "texts: " + texts);
  }

  @ParameterizedTest
  @MethodSource("names")
  void namesNoMachineAndNoMagicButTheClassPath(String name) {
    Notebook n = Notebook.read(Notebook.file(name));
    Set<String> magics = new HashSet<>();
    for (Cell cell : n.cells()) {
      assertFalse(MACHINE_PATH.matcher(cell.source()).find(), cell.source());
      cell.outputs().forEach(o -> assertFalse(MACHINE_PATH.matcher(o.text()).find(), o.text()));
      if (cell.code()) {
        cell.source().lines().filter(l -> l.startsWith("%")).forEach(magics::add);
        assertFalse(
            cell.source().contains("getDeclared") || cell.source().contains("setAccessible"),
            "the public API alone: " + cell.source());
      }
    }
    assertEquals(MAGICS, magics);
  }

  @Test
  void theComparisonFindsAChangedWordOrNumber() {
    String saved = "layer 3 at scale 7: 24.73 dB";
    NotebookRunTest.assertSame("", saved, saved, 0);
    NotebookRunTest.assertSame("", saved, "layer 3 at scale 7: 24.80 dB", 0.02);
    for (String now :
        List.of(
            "layer 3 at scale 7: 24.74 dB",
            "layer 4 at scale 7: 24.73 dB",
            "layer 3 at scale 7: 24.73",
            "layer 3 at scale 7: NaN dB")) {
      assertThrows(AssertionError.class, () -> NotebookRunTest.assertSame("", saved, now, 0), now);
    }
    for (String now : List.of("layer 3 at scale 7: 26.10 dB", "layer 2 at scale 7: 24.73 dB")) {
      assertThrows(
          AssertionError.class, () -> NotebookRunTest.assertSame("", saved, now, 0.02), now);
    }
  }
}
