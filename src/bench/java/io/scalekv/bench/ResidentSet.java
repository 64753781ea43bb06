package io.scalekv.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Resident set of this process. */
final class ResidentSet {
  private static final Path STATUS = Path.of("/proc/self/status");

  private ResidentSet() {}

  /** Returns the resident set now in KiB, or null where the system does not report it. */
  static Long kib() {
    if (!Files.isReadable(STATUS)) {
      return null;
    }
    try {
      return Files.readAllLines(STATUS).stream()
          .filter(line -> line.startsWith("VmRSS:"))
          .map(line -> Long.valueOf(line.replaceAll("[^0-9]", "")))
          .findFirst()
          .orElse(null);
    } catch (IOException e) {
      return null;
    }
  }
}
