package io.scalekv.io;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class Sha256Test {
  /** From FIPS 180-4's examples. */
  private static final String ABC =
      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

  @Test
  void bytesAndFilesAgreeWithTheStandard(@TempDir Path folder) throws IOException {
    assertEquals(ABC, Sha256.of("abc".getBytes(StandardCharsets.US_ASCII)));
    Path a = Files.writeString(folder.resolve("a"), "a");
    Path bc = Files.writeString(folder.resolve("bc"), "bc");
    assertEquals(ABC, Sha256.of(a, bc));
  }
}
