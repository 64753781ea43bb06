package io.scalekv.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** Several processes at once on one folder of results, as a job array has them. */
final class SharedFolderTest {
  @TempDir Path folder;

  private Path spec;

  @BeforeEach
  void write() throws IOException {
    TinyExperiment.writeModel(folder);
    spec =
        Files.writeString(
            folder.resolve("tiny.yaml"),
            TinyExperiment.head(6)
                + """
                metrics: [psnr, bits]
                rows:
                  - policy: [sliding-window, streaming-llm]
                    budget: [50%]
                """);
  }

  private Process start(String... words) throws IOException {
    List<String> all =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                Path.of("target", "classes") + File.pathSeparator + Path.of("target", "lib", "*"),
                "-XX:TieredStopAtLevel=1",
                "io.scalekv.cli.Main"));
    all.addAll(List.of(words));
    ProcessBuilder builder =
        new ProcessBuilder(all).redirectOutput(ProcessBuilder.Redirect.DISCARD);
    builder.environment().put("DJL_OFFLINE", "true");
    builder.environment().put("OMP_NUM_THREADS", "1");
    return builder.start();
  }

  private static String err(Process process) throws IOException {
    return new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
  }

  @Test
  void twoCellsAtOnceLeaveWhatASweepLeaves() throws Exception {
    Path alone = folder.resolve("alone");
    Said sweep = Said.of("sweep", spec, "--out", alone, "--threads", "1", "-q");
    assertEquals(0, sweep.code(), sweep.err());
    Path shared = folder.resolve("shared");
    List<Process> jobs = new ArrayList<>();
    for (JsonNode run : Said.of("sweep", spec, "--list", "--json").json().get("runs")) {
      String id = run.get("id").asString();
      jobs.add(
          start(
              "sweep",
              spec.toString(),
              "--run",
              id,
              "--out",
              shared.toString(),
              "--threads",
              "1",
              "-q"));
    }
    assertEquals(2, jobs.size());
    for (Process job : jobs) {
      String err = err(job);
      assertEquals(0, job.waitFor(), err);
    }
    assertEquals(RunContents.of(alone), RunContents.of(shared));
    try (Stream<Path> files = Files.walk(shared)) {
      assertTrue(files.noneMatch(f -> f.toString().endsWith(".part")));
    }
  }

  @Test
  @Tag("full")
  void twoSweepsAtOnceLeaveWhatOneLeaves() throws Exception {
    Path alone = folder.resolve("alone");
    Said sweep = Said.of("sweep", spec, "--out", alone, "--threads", "1", "-q");
    assertEquals(0, sweep.code(), sweep.err());
    Path shared = folder.resolve("shared");
    List<Process> sweeps = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      String out = shared.toString();
      sweeps.add(start("sweep", spec.toString(), "--out", out, "--threads", "1", "-q"));
    }
    for (Process process : sweeps) {
      String err = err(process);
      assertEquals(0, process.waitFor(), err);
    }
    assertEquals(RunContents.of(alone), RunContents.of(shared));
  }

  @Test
  void withoutSparkOneLineSaysHowToGetIt() throws Exception {
    Process process =
        start(
            "sweep",
            spec.toString(),
            "--out",
            folder.resolve("out").toString(),
            "--runner",
            "spark");
    String err = err(process);
    assertEquals(Failure.BAD_INPUT, process.waitFor(), err);
    assertEquals(1, err.lines().count(), err);
    assertTrue(err.contains("missing Spark's libraries"), err);
    assertTrue(err.contains("--spark-home DIR"), err);
    assertTrue(Files.notExists(folder.resolve("out")));
  }
}
