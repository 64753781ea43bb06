package io.scalekv.cli;

import java.io.PrintWriter;
import tools.jackson.core.StreamWriteFeature;
import tools.jackson.databind.MapperFeature;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * JSON for other programs. The keys are the names of the record's components: camelCase, the unit
 * last ({@code kvCacheMiB}, {@code wallSeconds}), in the order of their declaration.
 */
final class JsonOutput {
  private static final JsonMapper MAPPER =
      JsonMapper.builder()
          .enable(SerializationFeature.INDENT_OUTPUT)
          .disable(MapperFeature.SORT_PROPERTIES_ALPHABETICALLY)
          .disable(StreamWriteFeature.AUTO_CLOSE_TARGET)
          .build();

  private JsonOutput() {}

  /**
   * Prints one document and a line end.
   *
   * @param out where to
   * @param document a record, a map or a list of them
   */
  static void print(PrintWriter out, Object document) {
    out.println(MAPPER.writeValueAsString(document));
    out.flush();
  }
}
