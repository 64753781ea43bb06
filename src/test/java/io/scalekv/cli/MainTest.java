package io.scalekv.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

final class MainTest {
  /** A command with every option group, which fails when told to. */
  @Command(name = "probe")
  static final class Probe implements Runnable {
    record Result(double kvCacheMiB, String prompt, int seed) {}

    @Spec private CommandSpec spec;
    @Mixin private GlobalOptions global;
    @Mixin private ModelOption model;
    @Mixin private GenerationOptions generation;
    @Mixin private JsonOption json;

    @Option(names = "--prompt")
    private String prompt = "";

    private final Throwable failure;

    Probe(Throwable failure) {
      this.failure = failure;
    }

    @Override
    public void run() {
      if (failure != null) {
        Probe.<RuntimeException>raise(failure);
      }
      try (Progress progress =
          Progress.of("probe", 2, global.quiet(), spec.commandLine().getErr())) {
        progress.step("first");
        progress.step("");
      }
      json.print(
          spec.commandLine().getOut(),
          new Result(1.5, prompt, global.seed()),
          result -> "prompt " + result.prompt());
    }

    @SuppressWarnings("unchecked")
    private static <E extends Throwable> void raise(Throwable failure) throws E {
      throw (E) failure;
    }
  }

  /** What one call left behind. */
  record Ended(int code, String out, String err) {
    String onlyErrorLine() {
      List<String> lines = err.lines().toList();
      assertEquals(1, lines.size(), err);
      assertEquals("", out);
      return lines.get(0);
    }
  }

  private static Ended call(Throwable failure, String... args) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    int code =
        Main.run(
            new PrintWriter(out),
            new PrintWriter(err),
            List.of(new VersionCommand(), new Probe(failure)),
            args);
    return new Ended(code, out.toString(), err.toString());
  }

  private static Ended call(String... args) {
    return call(null, args);
  }

  @Test
  void aCommandThatIsDoneReturnsZero() {
    Ended ended = call("probe", "--prompt", "@a red circle", "--seed", "7");
    assertEquals(0, ended.code());
    assertEquals("prompt @a red circle", ended.out().strip());
    assertEquals(List.of("probe 1/2 first", "probe 2/2"), ended.err().lines().toList());
  }

  @Test
  void jsonIsOneDocumentWithTheKeysAsDeclared() {
    Ended ended = call("probe", "--json", "--quiet", "--prompt", "x", "--seed", "2147483647");
    JsonNode document = JsonMapper.shared().readTree(ended.out());
    assertEquals(List.of("kvCacheMiB", "prompt", "seed"), List.copyOf(document.propertyNames()));
    assertEquals(1.5, document.get("kvCacheMiB").asDouble());
    assertEquals(Integer.MAX_VALUE, document.get("seed").asInt());
    assertEquals("", ended.err());
  }

  @Test
  void everyCommandHasHelpAndVersion() {
    for (String[] args :
        new String[][] {{"--help"}, {"probe", "--help"}, {"version", "--help"}, {"probe", "-h"}}) {
      Ended ended = call(args);
      assertEquals(0, ended.code());
      assertTrue(ended.out().contains("Usage: scalekv"), ended.out());
      assertEquals("", ended.err());
    }
    assertTrue(call("--version").out().startsWith("scalekv 0."), call("--version").out());
    assertEquals(call("--version"), call("probe", "--version"));
  }

  @Test
  void theVersionsAreThoseOfTheBuild() {
    JsonNode versions = JsonMapper.shared().readTree(call("version", "--json").out());
    assertTrue(versions.get("scalekv").asString().matches("\\d+\\.\\d+\\.\\d+.*"));
    assertTrue(versions.get("djl").asString().matches("\\d+\\.\\d+\\.\\d+"));
    assertTrue(versions.get("libtorch").asString().matches("\\d+\\.\\d+\\.\\d+"));
    assertEquals(Runtime.version().toString(), versions.get("java").asString());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          | scalekv: Missing required subcommand (try scalekv --help)
          prob | scalekv: Unmatched argument at index 0: 'prob'; did you mean probe?
          probe --sed 1 | Unknown options: '--sed', '1'; did you mean --seed?
          probe --seed x | Invalid value for option '--seed': 'x' is not a long
          probe --seed -1 | scalekv probe: --seed: a whole number from 0 to 2147483647 expected, got -1
          probe --threads 0 | --threads: a whole number from 1 to 1024 expected, got 0
          probe --dtype fp16 | --dtype: fp32 or bf16 expected, got fp16
          probe --cfg -1 | --cfg: a number from 0.0 to 100.0 expected, got -1.0
          probe --tau NaN | --tau: a number from 0.0 to 100.0 expected, got NaN
          probe --top-p 0 | --top-p: a number above 0 and at most 1 expected, got 0.0
          probe --size 2M | --size: 0.06M or 0.25M or 0.60M or 1M expected, got 2M
          probe --aspect 4 | --aspect: a number from 0.333 to 3.0 expected, got 4.0
          probe --device tpu | --device: cpu or cuda expected, got tpu
          probe --model nowhere | infinity-8b or a folder with a config.json expected, got nowhere
          probe --model infinity-2b | --weights DIR (or --random-weights SEED) expected, got neither
          probe --weights nowhere | --weights: a folder expected, got nowhere, which does not exist
          probe --weights . --random-weights 1 | one of the two expected, got both
          """)
  void wrongUsageIsOneLineAndTwo(String args, String expected) {
    Ended ended = call(args == null ? new String[0] : args.split(" "));
    assertEquals(2, ended.code());
    String line = ended.onlyErrorLine();
    assertTrue(line.contains(expected), line);
    assertTrue(line.endsWith("--help)"), line);
  }

  static Stream<Arguments> failures() {
    return Stream.of(
        Arguments.of(
            new IllegalArgumentException("prompts x.txt: empty"), 2, "prompts x.txt: empty"),
        Arguments.of(new NoSuchFileException("x.txt"), 2, "x.txt: no such file or folder"),
        Arguments.of(
            new UncheckedIOException(new AccessDeniedException("x")), 1, "x: no permission"),
        Arguments.of(new IOException("No space left\n on device"), 1, "No space left on device"),
        Arguments.of(new ExecutionException(new IllegalArgumentException("word")), 2, "word"),
        Arguments.of(new OutOfMemoryError("Java heap space"), 1, "out of memory: Java heap space"),
        Arguments.of(
            new RuntimeException("[enforce fail] can't allocate memory: 9 bytes"),
            1,
            "out of memory: [enforce fail] can't allocate memory: 9 bytes"),
        Arguments.of(
            new IllegalStateException(),
            1,
            "unexpected IllegalStateException: IllegalStateException (--debug shows where)"),
        Arguments.of(
            new UnsatisfiedLinkError("no torch"),
            1,
            "unexpected UnsatisfiedLinkError: no torch (--debug shows where)"));
  }

  @ParameterizedTest
  @MethodSource("failures")
  void aFailureIsOneLineWithItsCode(Throwable failure, int code, String message) {
    Ended ended = call(failure, "probe");
    assertEquals("scalekv probe: " + message, ended.onlyErrorLine());
    assertEquals(code, ended.code());
  }

  @Test
  void jsonThatCannotBeReadIsBadInput() {
    Failure failure = assertFailure(() -> JsonMapper.shared().readTree("{\"layers\": [1, 2"));
    assertEquals(2, failure.exitCode());
    assertFalse(failure.message().contains("\n"), failure.message());
  }

  private static Failure assertFailure(Runnable task) {
    try {
      task.run();
    } catch (RuntimeException e) {
      return Failure.of(e);
    }
    throw new AssertionError("a failure expected, got none");
  }

  @Test
  void debugAddsTheStackTrace() {
    Ended ended = call(new IllegalStateException("x"), "probe", "--debug");
    assertEquals(1, ended.code());
    assertTrue(ended.err().contains("\tat io.scalekv.cli.MainTest"), ended.err());
  }

  @Test
  void aModelFolderHasAConfig(@TempDir Path folder) throws IOException {
    assertEquals(2, call("probe", "--model", folder.toString()).code());
    Files.writeString(folder.resolve("config.json"), "{}");
    assertEquals(0, call("probe", "--model", folder.toString()).code());
  }

  @Test
  void threadsReachTheEngine() {
    String name = "ai.djl.pytorch.num_threads";
    String before = System.getProperty(name);
    try {
      assertEquals(0, call("probe", "--threads", "3").code());
      assertEquals("3", System.getProperty(name));
    } finally {
      if (before == null) {
        System.clearProperty(name);
        System.clearProperty("ai.djl.pytorch.num_interop_threads");
      } else {
        System.setProperty(name, before);
      }
    }
  }
}
