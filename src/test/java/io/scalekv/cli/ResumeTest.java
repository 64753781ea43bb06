package io.scalekv.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** A sweep that is killed, as real processes; then the same command again. */
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "SIGKILL is a signal of POSIX systems")
final class ResumeTest {
  private static final int KILLED = 137;

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
                metrics: [psnr, ssim, lpips-proxy, bits, faithfulness]
                rows:
                  - policy: [sliding-window, streaming-llm]
                    budget: [50%, 20%]
                baselines: [repeat]
                """);
  }

  private Process start(Path out) throws IOException {
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    String classes =
        Path.of("target", "classes") + File.pathSeparator + Path.of("target", "lib", "*");
    List<String> words = new ArrayList<>(List.of(java, "-cp", classes, "-XX:TieredStopAtLevel=1"));
    words.add("-Dscalekv.progress.seconds=0");
    words.addAll(
        List.of(
            "io.scalekv.cli.Main",
            "sweep",
            spec.toString(),
            "--out",
            out.toString(),
            "--threads",
            "1"));
    ProcessBuilder builder =
        new ProcessBuilder(words).redirectOutput(ProcessBuilder.Redirect.DISCARD);
    builder.environment().put("DJL_OFFLINE", "true");
    builder.environment().put("OMP_NUM_THREADS", "1");
    return builder.start();
  }

  private void finish(Path out) throws Exception {
    Process process = start(out);
    String err = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), err);
  }

  /** Kills the process as soon as files show that it has got somewhere. */
  private void killWhen(Path out, Callable<Boolean> reached) throws Exception {
    Process process = start(out);
    CompletableFuture<String> said =
        CompletableFuture.supplyAsync(
            () -> process.errorReader().lines().collect(Collectors.joining("\n")));
    while (process.isAlive() && !reached.call()) {
      Thread.onSpinWait();
    }
    process.destroyForcibly();
    assertEquals(KILLED, process.waitFor(), said::join);
  }

  private static boolean anyReference(Path out) throws IOException {
    Path reference = out.resolve("reference");
    if (!Files.exists(reference)) {
      return false;
    }
    try (Stream<Path> files = Files.walk(reference)) {
      return files.anyMatch(f -> f.toString().endsWith(".png"));
    } catch (UncheckedIOException e) {
      return false; // a temporary file was moved to its place
    }
  }

  @Test
  void killedThreeTimesTheResultsAreTheSame() throws Exception {
    Path whole = folder.resolve("whole");
    finish(whole);
    Path killed = folder.resolve("killed");
    killWhen(killed, () -> anyReference(killed));
    killWhen(killed, () -> runs(killed) >= 1);
    killWhen(killed, () -> runs(killed) >= 2);
    assertTrue(runs(killed) < 5);
    finish(killed);
    assertEquals(RunContents.of(whole), RunContents.of(killed));
  }

  private static long runs(Path out) throws IOException {
    Path runs = out.resolve("runs");
    if (!Files.exists(runs)) {
      return 0;
    }
    try (Stream<Path> files = Files.list(runs)) {
      return files.filter(f -> f.getFileName().toString().matches("[0-9a-f]{16}\\.json")).count();
    }
  }

  /** At moments that nobody chose. */
  @Test
  @Tag("full")
  void killedAtAnyMomentTheResultsAreTheSame() throws Exception {
    Path whole = folder.resolve("whole");
    finish(whole);
    Path killed = folder.resolve("killed");
    Random random = new Random(7);
    int kills = 0;
    for (int i = 0; i < 12; i++) {
      Process process = start(killed);
      try (BufferedReader lines = process.errorReader()) {
        String line = "";
        for (int n = random.nextInt(10); n >= 0 && line != null; n--) {
          line = lines.readLine();
        }
        if (!process.waitFor(random.nextInt(60), TimeUnit.MILLISECONDS)) {
          process.destroyForcibly();
        }
        kills += process.waitFor() == KILLED ? 1 : 0;
      }
    }
    assertTrue(kills >= 3, "kills: " + kills);
    finish(killed);
    assertEquals(RunContents.of(whole), RunContents.of(killed));
  }
}
