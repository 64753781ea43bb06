package io.scalekv.cli;

import io.scalekv.io.Json;
import java.io.PrintWriter;

/**
 * JSON for other programs. The keys are the names of the record's components: camelCase, the unit
 * last ({@code kvCacheMiB}, {@code wallSeconds}), in the order of their declaration.
 */
final class JsonOutput {
  private JsonOutput() {}

  /**
   * Prints one document and a line end.
   *
   * @param out where to
   * @param document a record, a map or a list of them
   */
  static void print(PrintWriter out, Object document) {
    out.println(Json.pretty(document));
    out.flush();
  }
}
