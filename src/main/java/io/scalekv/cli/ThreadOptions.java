package io.scalekv.cli;

import java.util.OptionalInt;
import picocli.CommandLine.Option;

/** Threads of the engine. */
@HelpGroup(HelpGroup.Heading.MACHINE)
final class ThreadOptions {
  private Integer threads;

  /** Sets the threads of the engine, which reads them once, when it starts. */
  @Option(
      names = "--threads",
      paramLabel = "N",
      converter = Choice.Positive.class,
      description = "Threads of one tensor operation (default: all cores).")
  void setThreads(Integer count) {
    threads = count;
    if (count != null) {
      setEngineThreads(count);
    }
  }

  /** Hands a thread count to the engine, before it starts. */
  static void setEngineThreads(int count) {
    System.setProperty("ai.djl.pytorch.num_threads", Integer.toString(count));
    System.setProperty("ai.djl.pytorch.num_interop_threads", Integer.toString(count));
  }

  /** Returns the threads of one tensor operation, if given. */
  OptionalInt threads() {
    return threads == null ? OptionalInt.empty() : OptionalInt.of(threads);
  }

  /** Returns the threads of one tensor operation. */
  int count() {
    return threads == null ? Runtime.getRuntime().availableProcessors() : threads;
  }
}
