package io.scalekv.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import me.tongfei.progressbar.DelegatingProgressBarConsumer;
import me.tongfei.progressbar.ProgressBarBuilder;
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
    StringBuffer drawn = new StringBuffer();
    ProgressBarBuilder builder =
        new ProgressBarBuilder().setConsumer(new DelegatingProgressBarConsumer(drawn::append));
    try (Progress progress = Progress.bar("profile", 2, builder)) {
      progress.step("a red circle");
      progress.step("");
    }
    assertTrue(drawn.toString().contains("profile 100%"), drawn.toString());
    assertTrue(drawn.toString().contains(" 2/2 "), drawn.toString());
  }
}
