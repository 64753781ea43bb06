package io.scalekv.cli;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Damaged files of every kind, tried on every reader. */
class HostileFilesTest {
  private static final int USUAL = 6_000;
  private static final int MANY = 110_000;

  @TempDir Path folder;

  private void attack(int inputs, long seed) throws Exception {
    HostileFiles files = HostileFiles.in(folder);
    List<String> names = files.names();
    int each = inputs / names.size() + 1;
    for (String name : names) {
      HostileFiles.Tally tally = files.attack(name, each, seed);
      assertTrue(tally.refused > each / 20, name + ": " + tally.refused + " refused of " + each);
    }
  }

  @Test
  void damagedFilesAreReadOrRefused() throws Exception {
    attack(USUAL, 1);
  }

  @Test
  @Tag("full")
  void aHundredThousandDamagedFilesAreReadOrRefused() throws Exception {
    attack(MANY, 2);
  }
}
