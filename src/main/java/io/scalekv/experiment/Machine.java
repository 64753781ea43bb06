package io.scalekv.experiment;

import java.nio.file.Path;

/**
 * Computer that a result was made on.
 *
 * @param os operating system
 * @param arch processor architecture
 * @param cpu model of the processor, or {@code unknown}
 * @param cores processors that the process may use
 * @param threads threads of one tensor operation
 */
public record Machine(String os, String arch, String cpu, int cores, int threads) {
  /**
   * This computer.
   *
   * @param threads of one tensor operation
   */
  public static Machine here(int threads) {
    return new Machine(
        System.getProperty("os.name"),
        System.getProperty("os.arch"),
        ProcessMemory.text(Path.of("/proc/cpuinfo"), "model name")
            .map(l -> l.substring(l.indexOf(':') + 1).strip())
            .orElse("unknown"),
        Runtime.getRuntime().availableProcessors(),
        threads);
  }
}
