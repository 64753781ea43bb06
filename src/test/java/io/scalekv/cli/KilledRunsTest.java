package io.scalekv.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.vocabtrim.text.Domain;
import io.scalekv.vocabtrim.text.SyntheticLanguage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Real processes that are killed by SIGKILL at moments drawn at random and started again: in the
 * end every file is that of a run that nobody disturbed. Between two starts the times of all files
 * leap about, as they do where the clock is set.
 */
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "SIGKILL is a signal of POSIX systems")
final class KilledRunsTest {
  private static final int KILLED = 137;

  /** Kills of one run before it may end. */
  private static final int SPARE_RUNS = 6;

  private static final int MOST_OF_ONE_RUN = 8;

  /** Before this the Java machine only starts. */
  private static final long FIRST_MILLIS = 300;

  @TempDir Path folder;

  /** What is killed. */
  enum Run {
    SWEEP,
    POCKET,
    VOCABTRIM
  }

  @BeforeEach
  void write() throws IOException {
    TinyExperiment.writeModel(folder);
    Files.writeString(
        folder.resolve("tiny.yaml"),
        TinyExperiment.head(4)
            + """
            metrics: [psnr, bits]
            rows:
              - policy: [sliding-window, streaming-llm]
                budget: [50%]
            """);
    Path text = Files.createDirectory(folder.resolve("text"));
    Files.writeString(
        text.resolve("a.txt"),
        String.join("\n", new SyntheticLanguage(4).documents(Domain.MATH, 0, 80)));
  }

  private JavaCommand command(Run run, Path out) throws IOException {
    return switch (run) {
      case SWEEP -> JavaCommand.of(folder, "sweep", folder.resolve("tiny.yaml"), "--out", out);
      case POCKET ->
          JavaCommand.of(
              folder,
              "train",
              "pocket",
              "--checkpoint-every",
              0,
              "--vae-steps",
              2,
              "--steps",
              4,
              "--decay-steps",
              2,
              "--tokens",
              600,
              "--out",
              out);
      case VOCABTRIM ->
          JavaCommand.of(
              folder,
              "train",
              "vocabtrim",
              "--checkpoint-every",
              0,
              "--text",
              folder.resolve("text"),
              "--vocabulary",
              300,
              "--rows",
              2,
              "--length",
              24,
              "--steps",
              12,
              "--draft-steps",
              12,
              "--out",
              out);
    };
  }

  private void finish(Run run, Path out) throws Exception {
    JavaCommand.Ended ended = command(run, out).run();
    assertEquals(0, ended.code(), ended.err());
  }

  /** As on a machine whose clock was set: every file is up to ten years older or newer. */
  private static void setTimes(Path out, SplittableRandom random) throws IOException {
    if (Files.exists(out)) {
      try (Stream<Path> paths = Files.walk(out)) {
        for (Path path : paths.toList()) {
          long days = random.nextLong(-3650, 3650);
          Instant time = Instant.now().plus(Duration.ofDays(days));
          Files.setLastModifiedTime(path, FileTime.from(time));
        }
      }
    }
  }

  private void killed(Run run, int wanted, long seed) throws Exception {
    Path whole = folder.resolve("whole");
    long begin = System.nanoTime();
    finish(run, whole);
    long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begin);
    Map<String, String> expected = RunContents.of(whole);
    SplittableRandom random = new SplittableRandom(seed);
    int kills = 0;
    for (int n = 0; kills < wanted; n++) {
      // a run may be over before its kill, more often where the first one met a busy machine
      assertTrue(n <= wanted + SPARE_RUNS, "kills: " + kills + " in " + n + " runs");
      Path out = folder.resolve("killed" + n);
      for (int k = 0; k < MOST_OF_ONE_RUN && kills < wanted; k++) {
        long started = System.nanoTime();
        Process process = command(run, out).start();
        long at = FIRST_MILLIS + random.nextLong(Math.max(1, millis - FIRST_MILLIS));
        if (!process.waitFor(at, TimeUnit.MILLISECONDS)) {
          process.destroyForcibly();
        }
        int code = process.waitFor();
        if (code != KILLED) {
          assertEquals(0, code);
          if (k == 0) {
            // a whole run, over before its kill: moments of the next are drawn from its time
            millis = Math.min(millis, TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - started));
          }
          break;
        }
        kills++;
        setTimes(out, random);
      }
      finish(run, out);
      assertEquals(expected, RunContents.of(out), "run " + n + ", seed " + seed);
    }
  }

  @ParameterizedTest
  @CsvSource({"VOCABTRIM, 2, 1"})
  void aFewKillsChangeNothing(Run run, int kills, long seed) throws Exception {
    killed(run, kills, seed);
  }

  @Tag("full")
  @ParameterizedTest
  @CsvSource({"SWEEP, 50, 2", "POCKET, 10, 3", "VOCABTRIM, 40, 4"})
  void fiftyKillsOfASweepAndFiftyOfTrainingsChangeNothing(Run run, int kills, long seed)
      throws Exception {
    killed(run, kills, seed);
  }
}
