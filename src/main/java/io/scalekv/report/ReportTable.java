package io.scalekv.report;

import io.scalekv.io.AtomicFile;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import tech.tablesaw.api.Table;
import tech.tablesaw.io.csv.CsvWriteOptions;

/**
 * A table in two forms: numbers for programs and words for people.
 *
 * @param name of its files
 * @param title for people
 * @param numbers one fact a column; undefined values read {@value Columns#NONE}
 * @param shown texts; {@code **} around a text makes it bold
 * @param notes lines below it
 */
public record ReportTable(
    String name, String title, Table numbers, Table shown, List<String> notes) {
  public ReportTable {
    notes = List.copyOf(notes);
  }

  /** Writes {@code NAME.csv} and {@code NAME.md}. */
  public void write(Path folder) throws IOException {
    AtomicFile.write(folder.resolve(name + ".csv"), csv(numbers).getBytes(StandardCharsets.UTF_8));
    AtomicFile.write(folder.resolve(name + ".md"), markdown().getBytes(StandardCharsets.UTF_8));
  }

  /** The table as CSV, RFC 4180 with line feeds. */
  public static String csv(Table table) {
    StringWriter text = new StringWriter();
    table
        .write()
        .usingOptions(CsvWriteOptions.builder(text).usePrintFormatters(true).lineEnd("\n").build());
    return text.toString();
  }

  /** The table for people with its title and notes. */
  String markdown() {
    StringBuilder text = new StringBuilder();
    text.append("# ").append(MarkdownTable.escape(title)).append("\n\n");
    text.append(MarkdownTable.of(shown));
    for (String note : notes) {
      text.append('\n').append(MarkdownTable.escape(note)).append('\n');
    }
    return text.toString();
  }
}
