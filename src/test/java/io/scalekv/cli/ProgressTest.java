package io.scalekv.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

final class ProgressTest {
  private static String lines(boolean quiet) {
    StringWriter err = new StringWriter();
    try (Progress progress = Progress.of("profile", 2, quiet, new PrintWriter(err))) {
      progress.step("a red circle");
      progress.step("a blue ring");
    }
    return err.toString();
  }

  @Test
  void isOneLineAStepOffATerminal() {
    assertEquals(
        List.of("profile 1/2 a red circle", "profile 2/2 a blue ring"),
        lines(false).lines().toList());
  }

  @Test
  void saysNothingWhenQuiet() {
    assertEquals("", lines(true));
  }

  @Test
  void isABarOnATerminal() {
    PrintStream before = System.err;
    ByteArrayOutputStream terminal = new ByteArrayOutputStream();
    System.setProperty("scalekv.terminal", "true");
    try (PrintStream stream = new PrintStream(terminal, true, StandardCharsets.UTF_8)) {
      System.setErr(stream);
      assertEquals("", lines(false));
    } finally {
      System.setErr(before);
      System.clearProperty("scalekv.terminal");
    }
    String drawn = terminal.toString(StandardCharsets.UTF_8);
    assertTrue(drawn.contains("profile"), drawn);
    assertTrue(drawn.contains("2/2"), drawn);
  }
}
