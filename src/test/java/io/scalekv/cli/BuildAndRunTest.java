package io.scalekv.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** The launcher with the real Maven and the real Java, in a copy of the sources. */
@Tag("full")
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "the launcher is a POSIX shell script")
final class BuildAndRunTest {
  @TempDir private Path folder;

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> paths = Files.walk(from)) {
      for (Path path : paths.toList()) {
        Path target = to.resolve(from.relativize(path).toString());
        Files.createDirectories(target.getParent());
        if (Files.isRegularFile(path)) {
          Files.copy(path, target, StandardCopyOption.COPY_ATTRIBUTES);
        }
      }
    }
  }

  private String run(int code, Path launcher, String... args) throws Exception {
    List<String> words = new ArrayList<>(List.of(launcher.toString()));
    words.addAll(List.of(args));
    ProcessBuilder builder =
        new ProcessBuilder(words)
            .directory(folder.toFile())
            .redirectError(folder.resolve("stderr").toFile());
    builder.environment().put("LC_ALL", "C");
    Process process = builder.start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(code, process.waitFor(), Files.readString(folder.resolve("stderr")));
    return out;
  }

  @Test
  void buildsAFreshCopyThenRunsItAgainWithoutBuilding() throws Exception {
    Path home = Files.createDirectory(folder.resolve("copy"));
    for (String part : new String[] {"pom.xml", "scalekv"}) {
      Files.copy(Path.of(part), home.resolve(part), StandardCopyOption.COPY_ATTRIBUTES);
    }
    copy(Path.of("src/main"), home.resolve("src/main"));
    String first = run(0, home.resolve("scalekv"), "--version");
    assertTrue(first.startsWith("scalekv "), first);
    assertEquals("", Files.readString(folder.resolve("stderr")));

    FileTime built = Files.getLastModifiedTime(home.resolve("target/build.stamp"));
    Path link = Files.createSymbolicLink(folder.resolve("link"), home.resolve("scalekv"));
    assertEquals(first, run(0, link, "--version"));
    assertEquals(built, Files.getLastModifiedTime(home.resolve("target/build.stamp")));

    assertEquals("", run(2, link, "list", "é界"));
    assertTrue(Files.readString(folder.resolve("stderr")).contains("é界"));

    Files.writeString(home.resolve("src/main/java/Broken.java"), "class Broken {");
    assertEquals("", run(1, link, "--version"));
    String error = Files.readString(folder.resolve("stderr"));
    assertTrue(error.contains("Broken.java"), error);
    assertTrue(error.endsWith("scalekv: the build failed\n"), error);
  }
}
