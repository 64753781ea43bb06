package io.scalekv.weights;

/** Hears how far the reading of weights is. */
@FunctionalInterface
public interface LoadListener {
  /** Hears nothing. */
  LoadListener NONE = (what, done, total) -> {};

  /**
   * A part was read.
   *
   * @param what is read
   * @param done bytes read so far
   * @param total bytes to read
   */
  void at(String what, long done, long total);
}
