package io.scalekv.cli;

import io.scalekv.weights.LoadListener;
import java.util.Locale;

/** Progress of reading weights, in tenths; silent below a quarter of a gibibyte. */
final class LoadProgress implements LoadListener, AutoCloseable {
  private static final long WORTH_SHOWING = 1L << 28;
  private static final int STEPS = 10;

  private final Output output;
  private Progress progress;
  private String task;
  private int shown;

  LoadProgress(Output output) {
    this.output = output;
  }

  @Override
  public void at(String what, long done, long total) {
    if (total < WORTH_SHOWING) {
      return;
    }
    if (!what.equals(task)) {
      close();
      task = what;
      shown = 0;
      progress = output.progress("reading " + what, STEPS);
    }
    for (; shown < (int) (STEPS * ((double) done / total)); shown++) {
      progress.step(String.format(Locale.ROOT, "of %.1f GiB", total / (double) (1 << 30)));
    }
  }

  @Override
  public void remark(String line) {
    output.log(line);
  }

  @Override
  public void close() {
    if (progress != null) {
      progress.close();
      progress = null;
      task = null;
    }
  }
}
