package io.scalekv.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Python of the tests with the tag {@code pytorch}, given by {@code -Dpython} or the environment
 * variable SCALEKV_PYTHON. A test that needs what is not there is skipped with a line that says so.
 */
public final class Python {
  private Python() {}

  /** Runs a script that needs these modules and returns what it prints on stdout. */
  public static String run(List<String> modules, Path script, Object... arguments)
      throws IOException, InterruptedException {
    Optional<String> python =
        Stream.of(System.getProperty("python"), System.getenv("SCALEKV_PYTHON"))
            .filter(p -> p != null && !p.isBlank())
            .findFirst();
    assumeTrue(python.isPresent(), "missing Python: give -Dpython=PATH");
    for (String module : modules) {
      boolean there = process(python.get(), List.of("-c", "import " + module)).waitFor() == 0;
      assumeTrue(there, "missing Python module " + module);
    }
    List<String> words = new ArrayList<>(List.of(script.toString()));
    Stream.of(arguments).map(Object::toString).forEach(words::add);
    Process process = process(python.get(), words);
    String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), () -> script + " " + text);
    return text;
  }

  private static Process process(String python, List<String> words) throws IOException {
    List<String> command = new ArrayList<>(List.of(python));
    command.addAll(words);
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().put("PYTHONUTF8", "1");
    return builder.redirectError(ProcessBuilder.Redirect.INHERIT).start();
  }
}
