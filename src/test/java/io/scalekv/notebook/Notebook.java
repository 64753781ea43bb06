package io.scalekv.notebook;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A notebook file, nbformat 4.
 *
 * @param json the whole document
 * @param cells its cells in order
 */
record Notebook(JsonNode json, List<Cell> cells) {
  /** The folder, from the root of the project. */
  static final Path FOLDER = Path.of("notebooks-java");

  /** The notebooks in the order in which they are to be read. */
  static final List<String> NAMES =
      List.of("1-try-policies", "2-recorded-attention", "3-own-policy", "4-findings");

  /**
   * A cell.
   *
   * @param code whether it is code, else Markdown
   * @param source its text
   * @param outputs what it left, for code
   */
  record Cell(JsonNode json, boolean code, String source, List<Output> outputs) {}

  /**
   * An output.
   *
   * @param type {@code stream}, {@code execute_result}, {@code display_data} or {@code error}
   * @param text printed or plain text
   * @param png a picture's bytes; none if empty
   */
  record Output(String type, String text, byte[] png) {
    boolean picture() {
      return png.length > 0;
    }
  }

  /** The file of a notebook. */
  static Path file(String name) {
    return FOLDER.resolve(name + ".ipynb");
  }

  /** Reads a notebook. */
  static Notebook read(Path file) {
    JsonNode json = JsonMapper.builder().build().readTree(file);
    List<Cell> cells = new ArrayList<>();
    for (JsonNode cell : json.path("cells")) {
      List<Output> outputs =
          StreamSupport.stream(cell.path("outputs").spliterator(), false)
              .map(Notebook::output)
              .toList();
      boolean code = cell.path("cell_type").asString("").equals("code");
      cells.add(new Cell(cell, code, text(cell.path("source")), outputs));
    }
    return new Notebook(json, List.copyOf(cells));
  }

  /** The cells of code. */
  List<Cell> code() {
    return cells.stream().filter(Cell::code).toList();
  }

  private static Output output(JsonNode o) {
    JsonNode data = o.path("data");
    String text = o.has("text") ? text(o.path("text")) : text(data.path("text/plain"));
    String png = text(data.path("image/png")).replaceAll("\\s", "");
    return new Output(o.path("output_type").asString(""), text, Base64.getDecoder().decode(png));
  }

  /** A text, which a notebook may hold as a list of lines. */
  private static String text(JsonNode node) {
    return node.isArray()
        ? StreamSupport.stream(node.spliterator(), false)
            .map(line -> line.asString(""))
            .collect(Collectors.joining())
        : node.asString("");
  }
}
