package io.scalekv.experiment;

/** Observer of the progress of runs. */
public interface RunListener {
  /** An observer that does nothing. */
  RunListener NONE = new RunListener() {};

  /** A kind of work. */
  enum Task {
    /** Images of the full cache. */
    REFERENCES("reference images", true),
    /** Images of a run. */
    IMAGES("images", true),
    /** Timed generations. */
    TIMES("timed generations", true),
    /** Images whose attention is profiled. */
    ATTENTION("profiled images", true),
    /** Prompts of a calibration. */
    CALIBRATION("calibration", false);

    private final String label;
    private final boolean planned;

    Task(String label, boolean planned) {
      this.label = label;
      this.planned = planned;
    }

    /** Name for people. */
    public String label() {
      return label;
    }

    /** Whether its steps are part of {@link RunListener#planned}. */
    public boolean isPlanned() {
      return planned;
    }
  }

  /** Called once before all runs with the number of steps of all planned tasks. */
  default void planned(int steps) {}

  /** Called when a task begins. */
  default void begun(Task task, int steps) {}

  /** Called after each step of a task. */
  default void step(String note) {}

  /** Called when a task ends, complete or not. */
  default void ended() {}

  /** Called when a run turns out not to be applicable, with its planned steps. */
  default void skipped(int steps) {}

  /** Called once after all runs. */
  default void finished() {}

  /** Receives one line for the user. */
  default void say(String line) {}
}
