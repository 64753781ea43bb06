package io.scalekv.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** docs/dependencies.md names what the build puts beside the program, no more and no less. */
final class DependencyListTest {
  /** Group, artifact, version, licence. */
  private static List<String[]> rows() throws IOException {
    try (Stream<String> lines = Files.lines(Path.of("docs/dependencies.md"))) {
      return lines
          .filter(line -> line.startsWith("| "))
          .skip(2)
          .map(line -> line.substring(2, line.length() - 2).split(" \\| "))
          .toList();
    }
  }

  @Test
  void theListIsThatOfTheBuild() throws IOException {
    Set<String> listed =
        rows().stream().map(row -> row[1] + "-" + row[2]).collect(Collectors.toSet());
    Set<String> built = new TreeSet<>();
    try (Stream<Path> files = Files.list(Path.of("target/lib"))) {
      files.map(f -> f.getFileName().toString().replaceFirst("[.]jar$", "")).forEach(built::add);
    }
    // The native library's jar carries the name of the machine too.
    Set<String> plain =
        built.stream()
            .map(jar -> jar.replaceFirst("-(linux|osx|win)-(x86_64|aarch64)$", ""))
            .collect(Collectors.toCollection(TreeSet::new));
    assertEquals(
        plain,
        new TreeSet<>(listed),
        "write docs/dependencies.md anew: mvn license:add-third-party -Psbom");
  }

  @Test
  void everyLibraryHasALicence() throws IOException {
    assertFalse(rows().isEmpty());
    for (String[] row : rows()) {
      assertEquals(4, row.length, String.join(" | ", row));
      assertFalse(row[3].isBlank() || row[3].contains("Unknown"), String.join(" | ", row));
    }
  }
}
