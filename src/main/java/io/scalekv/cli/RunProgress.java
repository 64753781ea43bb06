package io.scalekv.cli;

import io.scalekv.experiment.RunListener;

/** Progress of all runs of a command, on stderr. */
final class RunProgress implements RunListener {
  private final Output output;
  private Progress all;
  private Task task;

  RunProgress(Output output) {
    this.output = output;
  }

  @Override
  public void planned(int steps) {
    all = steps == 0 ? null : output.progress("runs", steps);
  }

  @Override
  public void begun(Task begun, int steps) {
    task = begun;
    if (!begun.isPlanned()) {
      output.log("%s: %d prompts".formatted(begun.label(), steps));
    }
  }

  @Override
  public void step(String note) {
    if (all != null && task != null && task.isPlanned()) {
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
  public void ended() {
    task = null;
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
