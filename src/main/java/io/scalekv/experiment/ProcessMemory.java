package io.scalekv.experiment;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;

/** Memory and processor time of this process as the operating system counts them. */
public final class ProcessMemory {
  private static final Path STATUS = Path.of("/proc/self/status");
  private static final Path GROUP = Path.of("/sys/fs/cgroup");
  private static final Path RESET = Path.of("/proc/self/clear_refs");

  private ProcessMemory() {}

  /**
   * Returns the largest resident set so far in MiB, or null where the system does not report it.
   */
  public static Long peakRssMiB() {
    Long kib = number(STATUS, "VmHWM:");
    return kib == null ? null : Long.valueOf(kib / 1024);
  }

  /**
   * Returns the memory that this process may still take: the least of the system's available
   * memory, the limit of the process' address space and that of its control group; null where the
   * system reports none of them.
   */
  public static Long freeBytes() {
    Long least = null;
    Long available = number(Path.of("/proc/meminfo"), "MemAvailable:");
    if (available != null) {
      least = available << 10;
    }
    Long space = number(Path.of("/proc/self/limits"), "Max address space");
    Long used = number(STATUS, "VmSize:");
    if (space != null && used != null) {
      least = smaller(least, space - (used << 10));
    }
    Long most = number(GROUP.resolve("memory.max"), "");
    Long taken = number(GROUP.resolve("memory.current"), "");
    if (most != null && taken != null) {
      least = smaller(least, most - taken);
    }
    return least;
  }

  private static Long smaller(Long a, long b) {
    return a == null ? b : Long.valueOf(Math.max(0, Math.min(a, b)));
  }

  /** Returns the number behind a name in a file; null where there is none. */
  private static Long number(Path file, String name) {
    return text(file, name)
        .map(text -> text.split(" ")[0])
        .filter(word -> word.matches("[0-9]{1,18}"))
        .map(Long::valueOf)
        .orElse(null);
  }

  /** Returns the text behind a name at the first line of a file that begins with it. */
  static Optional<String> text(Path file, String name) {
    if (!Files.isReadable(file)) {
      return Optional.empty();
    }
    try (Stream<String> lines = Files.lines(file)) {
      return lines
          .filter(line -> line.startsWith(name))
          .map(line -> line.substring(name.length()).strip())
          .findFirst();
    } catch (IOException | UncheckedIOException e) {
      return Optional.empty();
    }
  }

  /**
   * Processor time of all threads of this process so far; NaN where the system does not report it.
   */
  public static double cpuSeconds() {
    return ProcessHandle.current()
        .info()
        .totalCpuDuration()
        .map(d -> d.toNanos() / 1e9)
        .orElse(Double.NaN);
  }

  /** Restarts the count, where the system allows it. */
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
