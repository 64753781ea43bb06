package io.scalekv.cli;

import io.scalekv.experiment.RunListener;
import java.io.PrintWriter;

/** Progress of the runs of an experiment on stderr. */
final class RunProgress implements RunListener {
  private final boolean quiet;
  private final PrintWriter err;
  private Progress progress;

  RunProgress(boolean quiet, PrintWriter err) {
    this.quiet = quiet;
    this.err = err;
  }

  @Override
  public void begun(String task, int steps) {
    progress = Progress.of(task, steps, quiet, err);
  }

  @Override
  public void step(String note) {
    if (progress != null) {
      progress.step(note);
    }
  }

  @Override
  public void ended() {
    if (progress != null) {
      progress.close();
      progress = null;
    }
  }

  @Override
  public void say(String line) {
    if (!quiet) {
      err.println(line);
      err.flush();
    }
  }
}
