package io.scalekv.cli;

import java.io.PrintWriter;
import java.util.function.Function;
import picocli.CommandLine.Option;

/** The option {@code --json}: one JSON document on stdout and nothing else there. */
final class JsonOption {
  @Option(
      names = "--json",
      description = "Print one JSON document on stdout; progress and logs go to stderr.")
  private boolean json;

  /** Returns whether the user asked for JSON. */
  boolean enabled() {
    return json;
  }

  /**
   * Prints a result: as JSON if asked for, otherwise as text. To be called once, at the end.
   *
   * @param out the command's stdout
   * @param result a record or map with camelCase keys, the unit last
   * @param text the words for people; an empty text prints nothing
   */
  <T> void print(PrintWriter out, T result, Function<? super T, String> text) {
    if (json) {
      out.print(Output.text(result));
      out.flush();
      return;
    }
    String words = text.apply(result);
    if (!words.isEmpty()) {
      out.println(words);
    }
    out.flush();
  }
}
