package io.scalekv.cli;

/** Group of options with a check of its values, which runs before the command. */
interface CheckedOptions {
  /**
   * Checks the values.
   *
   * @throws IllegalArgumentException with one line that names the option, the condition and the
   *     value
   */
  void check();
}
