package io.scalekv.cli;

/** Starts ScaleKV Lab. */
public final class Main {
  private Main() {}

  /**
   * Runs one command and ends the process with its exit code.
   *
   * @param args the words after {@code ./scalekv}
   */
  public static void main(String[] args) {
    System.out.println("ScaleKV Lab 0.1.0");
  }
}
