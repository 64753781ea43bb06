package io.scalekv.cli;

import io.scalekv.experiment.folders.FolderScoring;

/** Progress of the command score: one step a pair. */
final class ScoreProgress implements FolderScoring.Listener, AutoCloseable {
  private final Output output;
  private Progress progress;

  ScoreProgress(Output output) {
    this.output = output;
  }

  @Override
  public void planned(int pairs, int found) {
    if (found > 0) {
      output.log("%d of %d pairs found, %d to do".formatted(found, pairs, pairs - found));
    }
    progress = output.progress("pairs", pairs - found);
  }

  @Override
  public void step(int pairs, String id) {
    for (int i = 0; i < pairs; i++) {
      progress.step(id);
    }
  }

  @Override
  public void close() {
    if (progress != null) {
      progress.close();
    }
  }
}
