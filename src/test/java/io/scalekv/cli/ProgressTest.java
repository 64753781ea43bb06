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
  /** Lines of steps that take so many seconds each. */
  private static List<String> lines(long... seconds) {
    StringWriter err = new StringWriter();
    long[] now = {0};
    try (Progress progress =
        Progress.lines("profile", seconds.length, new PrintWriter(err), () -> now[0])) {
      for (long s : seconds) {
        now[0] += s * 1_000_000_000L;
        progress.step("a red circle");
      }
    }
    return err.toString().lines().toList();
  }

  @Test
  void linesComeAtMostEveryTenSeconds() {
    assertEquals(
        List.of(
            "profile 1/4 a red circle (4 s, 12 s left)",
            "profile 3/4 a red circle (15 s, 5 s left)",
            "profile 4/4 a red circle (1 min 21 s)"),
        lines(4, 5, 6, 66));
  }

  @Test
  void skippedStepsCostNoTime() {
    StringWriter err = new StringWriter();
    long[] now = {0};
    try (Progress progress = Progress.lines("runs", 6, new PrintWriter(err), () -> now[0])) {
      progress.skip(2);
      now[0] += 10_000_000_000L;
      progress.step("one");
    }
    assertEquals("runs 1/4 one (10 s, 30 s left)", err.toString().strip());
  }

  @Test
  void saysNothingWhenQuiet() {
    StringWriter err = new StringWriter();
    try (Progress progress = Progress.of("profile", 1, true, new PrintWriter(err))) {
      progress.step("");
    }
    assertEquals("", err.toString());
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
