package io.scalekv.cli;

import java.io.PrintWriter;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;

/**
 * How far a command is, on stderr: a bar on a terminal, one line a step elsewhere, nothing when
 * quiet. The launcher knows whether stderr is a terminal and says so in the system property {@code
 * scalekv.terminal}.
 */
final class Progress implements AutoCloseable {
  private final String task;
  private final long steps;
  private final PrintWriter lines;
  private final ProgressBar bar;
  private long done;

  private Progress(String task, long steps, PrintWriter lines, ProgressBar bar) {
    this.task = task;
    this.steps = steps;
    this.lines = lines;
    this.bar = bar;
  }

  /**
   * Begins a task.
   *
   * @param task its name
   * @param steps number of steps
   * @param quiet whether to say nothing
   * @param err the command's stderr
   */
  static Progress of(String task, long steps, boolean quiet, PrintWriter err) {
    if (quiet) {
      return new Progress(task, steps, null, null);
    }
    if (!Boolean.getBoolean("scalekv.terminal")) {
      return new Progress(task, steps, err, null);
    }
    return bar(task, steps, new ProgressBarBuilder());
  }

  /** A task drawn as the builder's bar. */
  static Progress bar(String task, long steps, ProgressBarBuilder builder) {
    ProgressBar bar = builder.setTaskName(task).setInitialMax(steps).build();
    return new Progress(task, steps, null, bar);
  }

  /**
   * One step is done.
   *
   * @param note what it was; may be empty
   */
  synchronized void step(String note) {
    done++;
    if (bar != null) {
      bar.setExtraMessage(note.isEmpty() ? "" : " " + note);
      bar.step();
    }
    if (lines != null) {
      lines.println((task + " " + done + "/" + steps + " " + note).strip());
      lines.flush();
    }
  }

  @Override
  public void close() {
    if (bar != null) {
      bar.close();
    }
  }
}
