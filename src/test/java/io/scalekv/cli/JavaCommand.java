package io.scalekv.cli;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A command in a process of its own, whose words on stderr go to a file. */
record JavaCommand(List<String> words, Path err) {
  /** What it ended with and said on stderr. */
  record Ended(int code, String err) {}

  /**
   * A command as a user types it, with one thread unless it says otherwise.
   *
   * @param folder of the file that takes stderr
   */
  static JavaCommand of(Path folder, Object... words) throws IOException {
    List<String> all =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-Xmx512m",
                "-Dscalekv.progress.seconds=0",
                "-cp",
                Path.of("target", "classes").toAbsolutePath()
                    + File.pathSeparator
                    + Path.of("target", "lib", "*").toAbsolutePath(),
                "io.scalekv.cli.Main"));
    Arrays.stream(words).map(Object::toString).forEach(all::add);
    if (!all.contains("--threads")) {
      all.addAll(List.of("--threads", "1"));
    }
    return new JavaCommand(all, Files.createTempFile(folder, "said", ".txt"));
  }

  /** Returns the command behind other words, such as those of a shell. */
  JavaCommand behind(String... before) {
    List<String> all = new ArrayList<>(List.of(before));
    all.addAll(words);
    return new JavaCommand(all, err);
  }

  /** Starts it; its threads are those that it asks for. */
  Process start() throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(words)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(err.toFile());
    builder.environment().put("DJL_OFFLINE", "true");
    builder.environment().put("OMP_NUM_THREADS", words.get(words.indexOf("--threads") + 1));
    return builder.start();
  }

  /** Runs it to its end. */
  Ended run() throws IOException, InterruptedException {
    int code = start().waitFor();
    return new Ended(code, Files.readString(err, StandardCharsets.UTF_8));
  }
}
