package io.scalekv.tensor;

import java.util.concurrent.CancellationException;

/**
 * Cancellation by a signal. Native code must not run while the process ends, because its static
 * objects are destroyed then; so a signal only sets a flag, and the working thread stops at its
 * next native operation. Work with its own safe points holds the cancellation and checks the flag
 * there.
 */
public final class Cancellation {
  private static volatile boolean requested;
  private static volatile boolean held;

  private Cancellation() {}

  /** Requests a stop of the working thread. */
  public static void request() {
    requested = true;
  }

  /** Returns whether a stop was requested. */
  public static boolean requested() {
    return requested;
  }

  /**
   * Lets operations continue after a request until the result is closed; the caller checks {@link
   * #requested}.
   */
  public static Hold hold() {
    held = true;
    return () -> held = false;
  }

  /** Hold on the cancellation, until closed. */
  public interface Hold extends AutoCloseable {
    @Override
    void close();
  }

  /**
   * Throws if a stop was requested and is not held; to be called before native work.
   *
   * @throws java.util.concurrent.CancellationException if a stop was requested
   */
  public static void check() {
    if (requested && !held) {
      throw stopped();
    }
  }

  /** Returns the exception that ends the work. */
  public static CancellationException stopped() {
    return new CancellationException("stopped on request");
  }
}
