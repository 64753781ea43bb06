package io.scalekv.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

final class OutputFolderTest {
  @TempDir private Path folder;

  private static Failure refusal(Path out) {
    Failure failure =
        Failure.of(assertThrows(UncheckedIOException.class, () -> OutputFolder.prepare(out)));
    assertEquals(1, failure.exitCode());
    assertTrue(failure.message().startsWith("output folder " + out + ": "), failure.message());
    return failure;
  }

  @Test
  void isCreatedWithItsParentsAndLeftEmpty() throws IOException {
    Path out = folder.resolve("a/b");
    assertEquals(out, OutputFolder.prepare(out));
    assertEquals(out, OutputFolder.prepare(out));
    try (Stream<Path> files = Files.list(out)) {
      assertEquals(0, files.count());
    }
  }

  @Test
  void aFileInTheWayIsNamed() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "x");
    assertTrue(refusal(file).message().endsWith(file + " is a file"));
    assertTrue(refusal(file.resolve("a/b")).message().endsWith(file + " is a file"));
  }

  @Test
  @DisabledOnOs(value = OS.WINDOWS, disabledReason = "Windows has no POSIX permissions")
  void aReadOnlyFolderIsRefusedAndNothingCreated() throws IOException {
    Path out = Files.createDirectory(folder.resolve("out"));
    Files.setPosixFilePermissions(out, PosixFilePermissions.fromString("r-xr-xr-x"));
    try {
      assertTrue(refusal(out).message().endsWith(out + " is read-only"));
      assertTrue(refusal(out.resolve("deeper")).message().endsWith(out + " is read-only"));
      assertFalse(Files.exists(out.resolve("deeper")));
    } finally {
      Files.setPosixFilePermissions(out, PosixFilePermissions.fromString("rwxr-xr-x"));
    }
  }
}
