package io.scalekv.experiment;

/** Told how far a run is. */
public interface RunListener {
  /** Nobody listens. */
  RunListener NONE =
      new RunListener() {
        @Override
        public void begun(String task, int steps) {}

        @Override
        public void step(String note) {}

        @Override
        public void ended() {}

        @Override
        public void say(String line) {}
      };

  /**
   * A task begins.
   *
   * @param task its name
   * @param steps how many steps it has
   */
  void begun(String task, int steps);

  /** A step is done. */
  void step(String note);

  /** The task is over, done or not. */
  void ended();

  /** One line for the user. */
  void say(String line);
}
