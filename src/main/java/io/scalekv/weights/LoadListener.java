package io.scalekv.weights;

/** Listener to the progress of loading weights. */
@FunctionalInterface
public interface LoadListener {
  /** Listener that does nothing. */
  LoadListener NONE = (what, done, total) -> {};

  /**
   * Reports progress.
   *
   * @param name of the model
   * @param done bytes read so far
   * @param total bytes to read
   */
  void at(String what, long done, long total);

  /** Receives a line that the user should see, such as which of several state dicts is read. */
  default void remark(String line) {}
}
