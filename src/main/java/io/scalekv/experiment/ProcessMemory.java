package io.scalekv.experiment;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Memory and processor time of this process as the operating system counts them. */
public final class ProcessMemory {
  private static final Path STATUS = Path.of("/proc/self/status");
  private static final Path RESET = Path.of("/proc/self/clear_refs");

  private ProcessMemory() {}

  /** Largest resident set so far in MiB, or null where the system does not tell. */
  public static Long peakRssMiB() {
    if (!Files.isReadable(STATUS)) {
      return null;
    }
    try {
      for (String line : Files.readAllLines(STATUS)) {
        if (line.startsWith("VmHWM:")) {
          return Long.parseLong(line.replaceAll("[^0-9]", "")) / 1024;
        }
      }
    } catch (IOException e) {
      return null;
    }
    return null;
  }

  /** Processor time of all threads of this process so far; NaN where the system does not tell. */
  static double cpuSeconds() {
    return ProcessHandle.current()
        .info()
        .totalCpuDuration()
        .map(d -> d.toNanos() / 1e9)
        .orElse(Double.NaN);
  }

  /** Begins to count anew, where the system allows it. */
  static void resetPeak() {
    if (Files.isWritable(RESET)) {
      try {
        Files.write(RESET, "5".getBytes(StandardCharsets.US_ASCII));
      } catch (IOException e) {
        return; // then the peak is that of the whole process
      }
    }
  }
}
