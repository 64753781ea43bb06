package io.scalekv.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/**
 * The same sources give the same jar, byte by byte, in another folder, at another time, in another
 * language and time zone.
 */
@Tag("full")
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "mvn is a POSIX shell script here")
final class ReproducibleBuildTest {
  @TempDir private Path folder;

  /** Copies files in a random order, each with a modification time of its own. */
  private static void copy(Path to, long seed) throws IOException {
    List<Path> files = new ArrayList<>(List.of(Path.of("pom.xml")));
    try (Stream<Path> paths = Files.walk(Path.of("src/main"))) {
      paths.filter(Files::isRegularFile).forEach(files::add);
    }
    Random random = new Random(seed);
    Collections.shuffle(files, random);
    for (Path file : files) {
      Path target = to.resolve(file.toString());
      Files.createDirectories(target.getParent());
      Files.copy(file, target);
      Files.setLastModifiedTime(target, FileTime.fromMillis(1_000_000_000_000L + random.nextInt()));
    }
  }

  private Path build(String name, long seed, String zone, String language, String country)
      throws Exception {
    Path home = folder.resolve(name);
    List<String> words = new ArrayList<>(List.of("mvn", "-o", "-q", "-B", "package"));
    words.addAll(List.of("-Dmaven.test.skip=true", "-Dmdep.skip=true"));
    String repository = System.getProperty("localRepository");
    if (repository != null) {
      words.add("-Dmaven.repo.local=" + repository);
    }
    Path log = folder.resolve(seed + ".log");
    ProcessBuilder builder =
        new ProcessBuilder(words)
            .directory(home.toFile())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile());
    builder
        .environment()
        .put(
            "MAVEN_OPTS",
            String.format(
                "-Duser.language=%s -Duser.country=%s -Duser.timezone=%s",
                language, country, zone));
    Process process = builder.start();
    process.getOutputStream().close();
    assertEquals(0, process.waitFor(), () -> read(log));
    try (Stream<Path> files = Files.list(home.resolve("target"))) {
      return files.filter(f -> f.toString().endsWith(".jar")).findFirst().orElseThrow();
    }
  }

  private static String read(Path log) {
    try {
      return Files.readString(log);
    } catch (IOException e) {
      return e.toString();
    }
  }

  /** Check sums of the entries in their order, so that a difference names its entry. */
  private static Map<String, Long> entries(Path jar) throws IOException {
    Map<String, Long> sums = new LinkedHashMap<>();
    try (ZipFile zip = new ZipFile(jar.toFile())) {
      for (ZipEntry entry : Collections.list(zip.entries())) {
        CRC32 sum = new CRC32();
        try (InputStream in = zip.getInputStream(entry)) {
          sum.update(in.readAllBytes());
        }
        sums.put(entry.getName(), sum.getValue());
      }
    }
    return sums;
  }

  @Test
  void anotherFolderTimeAndLanguageGiveTheSameJar() throws Exception {
    // Both copies first, so that nobody's edit comes between them.
    copy(folder.resolve("here"), 1);
    copy(folder.resolve("there/with a longer name"), 2);
    Path here = build("here", 1, "UTC", "en", "US");
    Path there = build("there/with a longer name", 2, "Asia/Kathmandu", "tr", "TR");
    Map<String, Long> entries = entries(here);
    assertTrue(entries.containsKey("io/scalekv/cli/Main.class"), entries.keySet().toString());
    Map<String, Long> others = entries(there);
    assertEquals(List.copyOf(entries.keySet()), List.copyOf(others.keySet()));
    List<String> different =
        entries.keySet().stream().filter(n -> !entries.get(n).equals(others.get(n))).toList();
    assertEquals(List.of(), different);
    assertEquals(-1, Files.mismatch(here, there), "first byte that differs");
  }
}
