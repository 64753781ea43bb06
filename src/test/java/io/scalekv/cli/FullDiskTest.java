package io.scalekv.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A disk that is full half-way: a small tmpfs in a mount namespace of its own. The command says so
 * in one line; after room is made, the same command leaves what it leaves on a large disk.
 */
@EnabledOnOs(
    value = OS.LINUX,
    disabledReason = "a small disk is made by unshare and tmpfs, which only Linux has")
final class FullDiskTest {
  private static final int PAGE = 4096;
  private static final String KEPT = "kept.txt";

  /** Mounts DIR with $1 bytes, runs the command, makes room, runs it again. */
  private static final String SCRIPT =
      """
      size=$1; disk=$2; state=$3; err=$4; shift 4
      mount -t tmpfs -o size=$size none "$disk" 2>/dev/null || exit 99
      echo mounted >"$state/mounted"
      echo kept >"$disk/kept.txt"
      "$@"; echo $? >"$state/first.code"; cp "$err" "$state/first.err"
      cp -a "$disk" "$state/first"
      mount -o remount,size=1g "$disk" || exit 98
      "$@" 2>"$state/second.err"; echo $? >"$state/second.code"
      cp -a "$disk" "$state/second"
      """;

  @TempDir Path folder;

  private Path spec;

  /** What writes to the disk. */
  enum Work {
    GENERATE,
    SWEEP,
    CALIBRATE,
    TRAIN
  }

  @BeforeEach
  void write() throws IOException {
    TinyExperiment.writeModel(folder);
    spec =
        Files.writeString(
            folder.resolve("tiny.yaml"),
            TinyExperiment.head(4)
                + """
                metrics: [psnr, bits]
                rows:
                  - policy: [sliding-window, streaming-llm]
                    budget: [50%]
                """);
  }

  private JavaCommand command(Work work, Path out) throws IOException {
    Object[] words =
        switch (work) {
          case GENERATE -> new Object[] {"generate", "--prompts", folder.resolve("prompts.txt")};
          case CALIBRATE ->
              new Object[] {"calibrate", "--prompts", folder.resolve("prompts.txt"), "--limit", 2};
          case SWEEP -> new Object[] {"sweep", spec};
          case TRAIN ->
              new Object[] {
                "train",
                "pocket",
                "--vae-steps",
                1,
                "--steps",
                1,
                "--decay-steps",
                0,
                "--tokens",
                600
              };
        };
    List<Object> all = new ArrayList<>(List.of(words));
    if (work == Work.GENERATE || work == Work.CALIBRATE) {
      all.addAll(List.of("--model", folder.resolve("model"), "--random-weights", 3));
    }
    all.addAll(List.of("--out", out));
    return JavaCommand.of(folder, all.toArray());
  }

  private static List<Path> files(Path in) throws IOException {
    try (Stream<Path> files = Files.walk(in)) {
      return files.filter(Files::isRegularFile).toList();
    }
  }

  /** Half of what the files take in whole pages. */
  private static long half(Path in) throws IOException {
    long pages = 0;
    for (Path file : files(in)) {
      pages += (Files.size(file) + PAGE - 1) / PAGE + 1;
    }
    return pages / 2 * PAGE;
  }

  private void fullThenNot(Work work) throws Exception {
    Path whole = folder.resolve("whole");
    JavaCommand.Ended sound = command(work, whole).run();
    assertEquals(0, sound.code(), sound.err());
    Path disk = Files.createDirectory(folder.resolve("disk"));
    Path state = Files.createDirectory(folder.resolve("state"));
    JavaCommand command = command(work, disk);
    Process process =
        command
            .behind(
                "unshare",
                "-rm",
                "sh",
                "-c",
                SCRIPT,
                "sh",
                "" + half(whole),
                disk.toString(),
                state.toString(),
                command.err().toString())
            .start();
    int code = process.waitFor();
    assumeTrue(
        Files.exists(state.resolve("mounted")),
        "a full disk is made by mounting a small tmpfs in a user namespace, which this kernel or"
            + " container does not allow");
    assertEquals(0, code, () -> "script: " + code);

    String err = Files.readString(state.resolve("first.err"));
    assertEquals("1", Files.readString(state.resolve("first.code")).strip(), err);
    List<String> lines = err.lines().filter(l -> l.startsWith("scalekv ")).toList();
    assertEquals(1, lines.size(), err);
    assertTrue(err.contains("No space left on device"), err);
    assertTrue(err.lines().noneMatch(l -> l.contains("Exception") || l.startsWith("\tat ")), err);
    Path first = state.resolve("first");
    assertEquals("kept\n", Files.readString(first.resolve(KEPT)));
    assertTrue(files(first).stream().noneMatch(f -> f.toString().endsWith(".part")));

    String again = Files.readString(state.resolve("second.err"));
    assertEquals("0", Files.readString(state.resolve("second.code")).strip(), again);
    Map<String, String> left = RunContents.of(state.resolve("second"));
    assertEquals("kept\n", left.remove(KEPT));
    Map<String, String> expected = RunContents.of(whole);
    left.replaceAll((name, text) -> text.replace(disk.toString(), whole.toString()));
    assertEquals(expected.keySet(), left.keySet());
    expected.forEach((name, text) -> assertEquals(text, left.get(name), name));
  }

  @Test
  void imagesGoOnAfterRoomIsMade() throws Exception {
    fullThenNot(Work.GENERATE);
  }

  @Tag("full")
  @ParameterizedTest
  @EnumSource(names = "GENERATE", mode = EnumSource.Mode.EXCLUDE)
  void othersGoOnAfterRoomIsMade(Work work) throws Exception {
    fullThenNot(work);
  }
}
