package io.scalekv.cli;

import java.util.OptionalInt;
import picocli.CommandLine.Option;

/** Options of every command that computes, whatever it computes: threads and silence. */
final class EngineOptions implements CheckedOptions {
  private static final int MOST_THREADS = 1024;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "Threads of one tensor operation (default: all cores).")
  private Integer threads;

  @Option(
      names = {"-q", "--quiet"},
      description = "No progress on stderr.")
  private boolean quiet;

  /** Threads of one tensor operation, if the user set them. */
  OptionalInt threads() {
    return threads == null ? OptionalInt.empty() : OptionalInt.of(threads);
  }

  /** Returns whether progress is to be left out. */
  boolean quiet() {
    return quiet;
  }

  /** Hands the thread count to the engine, which reads it once, when it starts. */
  void setEngineThreads() {
    if (threads != null) {
      setEngineThreads(threads);
    }
  }

  /** Hands a thread count to the engine, before it starts. */
  static void setEngineThreads(int threads) {
    System.setProperty("ai.djl.pytorch.num_threads", Integer.toString(threads));
    System.setProperty("ai.djl.pytorch.num_interop_threads", Integer.toString(threads));
  }

  @Override
  public void check() {
    if (threads != null) {
      Check.range("--threads", threads, 1, MOST_THREADS);
    }
  }
}
