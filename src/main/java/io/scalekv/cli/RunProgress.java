package io.scalekv.cli;

import io.scalekv.experiment.RunListener;

/** Progress of all runs or pairs of a command, on stderr. */
final class RunProgress implements RunListener {
  private final String task;
  private final Output output;
  private Progress all;

  RunProgress(String task, Output output) {
    this.task = task;
    this.output = output;
  }

  @Override
  public void planned(int steps) {
    all = steps == 0 ? null : output.progress(task, steps);
  }

  @Override
  public void step(String note) {
    if (all != null) {
      all.step(note);
    }
  }

  @Override
  public void skipped(int steps) {
    if (all != null) {
      all.skip(steps);
    }
  }

  @Override
  public void finished() {
    if (all != null) {
      all.close();
      all = null;
    }
  }

  @Override
  public void say(String line) {
    output.log(line);
  }
}
