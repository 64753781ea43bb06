package io.scalekv.experiment;

/** Observer of the progress of runs, or of other work on many images. */
public interface RunListener {
  /** An observer that does nothing. */
  RunListener NONE = new RunListener() {};

  /** Called once before all work with the number of its steps, calibrations apart. */
  default void planned(int steps) {}

  /** Called after each of these steps. */
  default void step(String note) {}

  /** Called when a run turns out not to be applicable, with its planned steps. */
  default void skipped(int steps) {}

  /** Called once after all work. */
  default void finished() {}

  /** Receives one line for the user. */
  default void say(String line) {}
}
