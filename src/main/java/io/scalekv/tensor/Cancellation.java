package io.scalekv.tensor;

import java.util.concurrent.CancellationException;

/**
 * The wish to stop, from a signal. Native code must not be running when the process ends, or its
 * static objects are destroyed under it; so a signal only asks, and the working thread gives up at
 * its next native operation. Work that has its own safe points holds the wish back and looks for it
 * itself.
 */
public final class Cancellation {
  private static volatile boolean requested;
  private static volatile boolean held;

  private Cancellation() {}

  /** Asks the working thread to stop. */
  public static void request() {
    requested = true;
  }

  /** Whether somebody asked. */
  public static boolean requested() {
    return requested;
  }

  /**
   * Operations go on although somebody asked, until the result is closed: the caller looks at
   * {@link #requested} at points of its own.
   */
  public static Hold hold() {
    held = true;
    return () -> held = false;
  }

  /** A wish held back; closing lets it through. */
  public interface Hold extends AutoCloseable {
    @Override
    void close();
  }

  /**
   * Throws if somebody asked and nobody holds it back; to be called before native work.
   *
   * @throws java.util.concurrent.CancellationException if the process was asked to stop
   */
  public static void check() {
    if (requested && !held) {
      throw stopped();
    }
  }

  /** The exception that ends the work. */
  public static CancellationException stopped() {
    return new CancellationException("stopped on request");
  }
}
