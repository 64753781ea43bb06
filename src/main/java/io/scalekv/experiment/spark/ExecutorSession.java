package io.scalekv.experiment.spark;

import io.scalekv.experiment.RunSession;

/**
 * The model of this executor's JVM, loaded once and used by one task at a time. It serves one run;
 * the next run closes it.
 */
final class ExecutorSession {
  private static String run;
  private static RunSession session;

  private ExecutorSession() {}

  /** What a task does with the session. */
  @FunctionalInterface
  interface Work<T> {
    T in(RunSession session) throws Exception;
  }

  /** Does some work; other tasks of this JVM wait, so that threads and memory are never doubled. */
  static synchronized <T> T with(String id, ClusterJob job, Work<T> work) throws Exception {
    if (!id.equals(run)) {
      close();
      session = job.open();
      run = id;
    }
    return work.in(session);
  }

  /** Frees the model, if this JVM has one. */
  static synchronized void close() {
    if (session != null) {
      session.close();
      session = null;
      run = null;
    }
  }
}
