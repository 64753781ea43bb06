package io.scalekv.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.cli.LeakProbe.Work;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Resident memory and open files of a process that does one thing again and again, its Java heap
 * wholly taken from the start, so that what grows is native. The slope is that of Theil and Sen,
 * the median over all pairs of samples after the first third.
 */
@EnabledOnOs(
    value = OS.LINUX,
    disabledReason = "memory and open files are read from /proc/self, which only Linux has")
final class LeakTest {
  @TempDir Path folder;

  @BeforeEach
  void write() throws IOException {
    TinyExperiment.writeModel(folder);
  }

  private record Sample(double time, double kib, double files) {}

  private List<Sample> measure(Work work, int times) throws Exception {
    Path out = folder.resolve("samples.csv");
    ProcessBuilder builder =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-Xms192m",
                "-Xmx192m",
                "-XX:+AlwaysPreTouch",
                "-cp",
                System.getProperty("java.class.path"),
                LeakProbe.class.getName(),
                work.name(),
                "" + times,
                folder.toString())
            .redirectOutput(out.toFile())
            .redirectError(folder.resolve("err").toFile());
    builder.environment().put("OMP_NUM_THREADS", "1");
    builder.environment().put("DJL_OFFLINE", "true");
    // as the launcher: in several arenas glibc leaves holes that look like a leak
    builder.environment().put("MALLOC_ARENA_MAX", "1");
    int code = builder.start().waitFor();
    assertEquals(0, code, Files.readString(folder.resolve("err")));
    return Files.readAllLines(out).stream()
        .map(line -> Arrays.stream(line.split(",")).mapToDouble(Double::parseDouble).toArray())
        .map(n -> new Sample(n[0], n[1], n[2]))
        .toList();
  }

  /** KiB each time, over the samples given. */
  private static double slope(List<Sample> samples) {
    DoubleStream.Builder slopes = DoubleStream.builder();
    for (int i = 0; i < samples.size(); i++) {
      for (int j = i + 1; j < samples.size(); j++) {
        Sample a = samples.get(i);
        Sample b = samples.get(j);
        slopes.add((b.kib - a.kib) / (b.time - a.time));
      }
    }
    double[] sorted = slopes.build().sorted().toArray();
    return (sorted[(sorted.length - 1) / 2] + sorted[sorted.length / 2]) / 2;
  }

  private void flat(Work work, int times, double mostKib) throws Exception {
    List<Sample> all = measure(work, times);
    List<Sample> samples = all.subList(all.size() / 3, all.size());
    double slope = slope(samples);
    double files =
        samples.stream().mapToDouble(Sample::files).max().orElseThrow()
            - samples.stream().mapToDouble(Sample::files).min().orElseThrow();
    Sample first = samples.get(0);
    Sample last = samples.get(samples.size() - 1);
    String said =
        String.format(
            Locale.ROOT,
            "%d %s: %+.2f KiB each, resident %.0f to %.0f MiB, open files %.0f to %.0f",
            times,
            work.name().toLowerCase(Locale.ROOT),
            slope,
            first.kib / 1024,
            last.kib / 1024,
            first.files,
            last.files);
    System.out.println(said);
    assertTrue(slope < mostKib, said);
    assertTrue(files <= 2, said + ", a range of " + files);
  }

  @ParameterizedTest
  @CsvSource({"GENERATIONS, 40, 100", "LOADS, 8, 1500"})
  void aFewTimesMemoryAndFilesStay(Work work, int times, double mostKib) throws Exception {
    flat(work, times, mostKib);
  }

  @Tag("full")
  @ParameterizedTest
  @CsvSource({"GENERATIONS, 1000, 8", "LOADS, 200, 30", "CALIBRATIONS, 100, 100"})
  void manyTimesMemoryAndFilesStay(Work work, int times, double mostKib) throws Exception {
    flat(work, times, mostKib);
  }

  @Test
  void theSlopeOfALineIsFoundThroughSpikes() {
    List<Sample> samples =
        IntStream.range(0, 30)
            .mapToObj(i -> new Sample(i, 1000 + 7 * i + (i % 6 == 0 ? 5000 : 0), 9))
            .toList();
    assertEquals(7, slope(samples), 1e-9);
  }
}
