package io.scalekv.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.report.ReportTable;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.Test;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

final class OutputTest {
  /** Reports the same result in both forms. */
  @Command(name = "probe")
  static final class Probe implements Runnable {
    record Row(String policy, Integer tokens) {}

    record Report(List<Row> rows) {}

    @Mixin private Output output;

    @Option(names = "--fail")
    private boolean fail;

    @Override
    public void run() {
      output.resumable();
      output.log("working");
      if (fail) {
        throw new CancellationException("interrupted");
      }
      Report report = new Report(List.of(new Row("snapkv", 27), new Row("full", null)));
      output.json(report);
      output.line("%d rows", report.rows().size());
      output.table(
          List.of("policy", "tokens"), report.rows(), r -> Output.row(r.policy(), r.tokens()));
      output.next("generate", "--prompt", "a red circle");
    }
  }

  private static Said call(String... args) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    int code = Main.run(new PrintWriter(out), new PrintWriter(err), List.of(new Probe()), args);
    return new Said(code, out.toString(), err.toString());
  }

  @Test
  void linesTableAndNextCommand() {
    Said said = call("probe");
    assertEquals(
        List.of(
            "2 rows",
            "policy  tokens",
            "snapkv      27",
            "full       n/a",
            "next: ./scalekv generate --prompt 'a red circle'"),
        said.out().lines().toList());
    assertEquals(List.of("working"), said.err().lines().toList());
  }

  /** Prints a table that is wider than a terminal. */
  @Command(name = "wide")
  static final class Wide implements Runnable {
    @Mixin private Output output;

    @Override
    public void run() {
      ReportTable.Builder<String> table =
          ReportTable.of("wide", "Wide", List.of("a", "b")).text("run", r -> r);
      for (int c = 0; c < 12; c++) {
        int column = c;
        table.text("metric " + c, r -> r.equals("a") ? "**1" + column + ".5 [1, 2]**" : null);
      }
      output.table(table.note("Bold: best. " + "word ".repeat(60)).build());
    }
  }

  @Test
  void wideTablesContinueBelow() {
    StringWriter out = new StringWriter();
    PrintWriter writer = new PrintWriter(out);
    assertEquals(0, Main.run(writer, writer, List.of(new Wide()), "wide"));
    List<String> lines = out.toString().lines().toList();
    assertTrue(lines.stream().allMatch(l -> l.length() <= 100), out.toString());
    List<String> heads = lines.stream().filter(l -> l.startsWith("run ")).toList();
    assertEquals(2, heads.size());
    for (int c = 0; c < 12; c++) {
      int column = c;
      assertEquals(
          1, heads.stream().filter(h -> h.matches(".*metric " + column + "( .*|$)")).count());
    }
    assertTrue(out.toString().contains("10.5 [1, 2]*") && !out.toString().contains("**"));
  }

  @Test
  void jsonIsOneObjectAndQuietSilencesTheLog() {
    Said said = call("probe", "--json", "-q");
    assertEquals(27, said.json().get("rows").get(0).get("tokens").asInt());
    assertTrue(said.json().get("rows").get(1).get("tokens").isNull());
    assertEquals("", said.err());
  }

  @Test
  void errorsAreJsonToo() {
    Said stopped = call("probe", "--json", "--fail");
    JsonNode error = stopped.json().get("error");
    assertEquals(130, stopped.code());
    assertEquals(130, error.get("exitCode").asInt());
    assertEquals("scalekv probe", error.get("where").asString());
    assertTrue(stopped.err().contains("./scalekv probe --json --fail"), stopped.err());
    Said misused = call("probe", "--fail=perhaps", "--json");
    assertEquals(2, misused.code());
    assertEquals(
        "--fail", JsonMapper.shared().readTree(misused.out()).get("error").get("where").asString());
  }
}
