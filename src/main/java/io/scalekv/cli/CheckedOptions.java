package io.scalekv.cli;

/** A group of options that can tell whether its values make sense; asked before a command runs. */
interface CheckedOptions {
  /**
   * Checks the values.
   *
   * @throws IllegalArgumentException with one line that names the option, what was expected and
   *     what was given
   */
  void check();
}
