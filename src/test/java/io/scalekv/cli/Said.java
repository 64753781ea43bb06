package io.scalekv.cli;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What a command said. */
record Said(int code, String out, String err) {
  /** Runs a command as a user types it. */
  static Said of(Object... words) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    String[] args = Stream.of(words).map(Object::toString).toArray(String[]::new);
    int code = Main.run(new PrintWriter(out), new PrintWriter(err), Main.commands(), args);
    return new Said(code, out.toString(), err.toString());
  }

  /** The document on stdout. */
  JsonNode json() {
    return JsonMapper.shared().readTree(out);
  }
}
