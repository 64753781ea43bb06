package io.scalekv.cli;

import java.io.PrintWriter;
import java.util.function.LongSupplier;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;

/**
 * Progress of a command on stderr: a bar with the time left on a terminal; elsewhere a line with
 * time and time left, the first and the last step and at most every ten seconds between; nothing
 * when quiet. The launcher says in the system property {@code scalekv.terminal} whether stderr is a
 * terminal.
 */
final class Progress implements AutoCloseable {
  private static final double NANOS = 1e9;

  /** Least seconds between two lines. */
  private static final long INTERVAL = Long.getLong("scalekv.progress.seconds", 10);

  private final String task;
  private final PrintWriter lines;
  private final ProgressBar bar;
  private final LongSupplier clock;
  private final long begun;
  private long steps;
  private long printed;
  private long done;

  private Progress(
      String task, long steps, PrintWriter lines, ProgressBar bar, LongSupplier clock) {
    this.task = task;
    this.steps = steps;
    this.lines = lines;
    this.bar = bar;
    this.clock = clock;
    this.begun = clock.getAsLong();
  }

  /**
   * Begins a task.
   *
   * @param steps number of steps
   * @param quiet whether to print nothing
   * @param err the command's stderr
   */
  static Progress of(String task, long steps, boolean quiet, PrintWriter err) {
    return quiet || !Boolean.getBoolean("scalekv.terminal")
        ? lines(task, steps, quiet ? null : err, System::nanoTime)
        : bar(task, steps, new ProgressBarBuilder());
  }

  /** Begins a task that prints lines. */
  static Progress lines(String task, long steps, PrintWriter lines, LongSupplier clock) {
    return new Progress(task, steps, lines, null, clock);
  }

  /** Begins a task drawn as the builder's bar. */
  static Progress bar(String task, long steps, ProgressBarBuilder builder) {
    ProgressBar bar = builder.setTaskName(task).setInitialMax(steps).build();
    return new Progress(task, steps, null, bar, System::nanoTime);
  }

  /**
   * Counts a step that is done.
   *
   * @param note name of the step; may be empty
   */
  synchronized void step(String note) {
    done++;
    if (bar != null) {
      bar.setExtraMessage(note.isEmpty() ? "" : " " + note);
      bar.step();
    }
    long now = clock.getAsLong();
    boolean due = done == 1 || done == steps || (now - printed) / NANOS >= INTERVAL;
    if (lines != null && due) {
      printed = now;
      double seconds = (now - begun) / NANOS;
      String left = done < steps ? ", " + time(seconds / done * (steps - done)) + " left" : "";
      lines.println(
          (task + " " + done + "/" + steps + " " + note).strip()
              + " ("
              + time(seconds)
              + left
              + ")");
      lines.flush();
    }
  }

  /** Leaves out steps that will not come. */
  synchronized void skip(long left) {
    steps -= left;
    if (bar != null) {
      bar.maxHint(steps);
    }
  }

  private static String time(double seconds) {
    long s = Math.round(seconds);
    if (s < 60) {
      return s + " s";
    }
    return s < 3600 ? s / 60 + " min " + s % 60 + " s" : s / 3600 + " h " + s / 60 % 60 + " min";
  }

  @Override
  public void close() {
    if (bar != null) {
      bar.close();
    }
  }
}
