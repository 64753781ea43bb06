package io.scalekv.report;

import java.util.List;
import tech.tablesaw.api.Table;

/** Text as HTML that is well-formed XML, too. */
final class Html {
  private Html() {}

  /** Text inside an element or an attribute. */
  static String escape(String text) {
    StringBuilder out = new StringBuilder();
    text.codePoints()
        .forEach(
            c -> {
              switch (c) {
                case '&' -> out.append("&amp;");
                case '<' -> out.append("&lt;");
                case '>' -> out.append("&gt;");
                case '"' -> out.append("&quot;");
                case '\'' -> out.append("&#39;");
                default -> {
                  boolean control = (c < 0x20 && c != '\t' && c != '\n') || c == 0x7f;
                  boolean lone = c >= 0xD800 && c <= 0xDFFF || c == 0xFFFE || c == 0xFFFF;
                  out.appendCodePoint(control || lone ? 0xFFFD : c);
                }
              }
            });
    return out.toString();
  }

  /** JSON inside a script element: nothing in it can end the element. */
  static String json(String json) {
    return json.replace("<", "\\u003c")
        .replace(">", "\\u003e")
        .replace("&", "\\u0026")
        .replace("\u2028", "\\u2028")
        .replace("\u2029", "\\u2029");
  }

  /** A table whose columns can be sorted; {@code **} around a text makes it bold. */
  static String table(Table table) {
    StringBuilder out =
        new StringBuilder("<div class=\"wide\"><table class=\"sortable\"><thead><tr>");
    for (String name : table.columnNames()) {
      out.append("<th scope=\"col\">").append(escape(name)).append("</th>");
    }
    out.append("</tr></thead><tbody>");
    for (int r = 0; r < table.rowCount(); r++) {
      out.append("<tr>");
      for (int c = 0; c < table.columnCount(); c++) {
        out.append("<td>").append(bold(escape(table.column(c).getString(r)))).append("</td>");
      }
      out.append("</tr>\n");
    }
    return out.append("</tbody></table></div>").toString();
  }

  private static String bold(String text) {
    return text.replaceFirst("^((?:\\([0-9]+\\) )?)\\*\\*(.*?)\\*\\*", "$1<strong>$2</strong>");
  }

  /** Lines of notes. */
  static String notes(List<String> notes) {
    StringBuilder out = new StringBuilder();
    notes.forEach(n -> out.append("<p class=\"note\">").append(escape(n)).append("</p>"));
    return out.toString();
  }

  /** A name for an element. */
  static String anchor(String name) {
    return name.replaceAll("[^A-Za-z0-9_-]", "-");
  }
}
