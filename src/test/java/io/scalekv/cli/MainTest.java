package io.scalekv.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.model.ModelCatalog;
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
import picocli.CommandLine.Option;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

final class MainTest {
  /** Command with every option group, which fails if asked to. */
  @Command(name = "probe")
  static final class Probe implements Runnable {
    record Result(String prompt, int seed, String model) {}

    @Mixin private MachineOptions machine;
    @Mixin private ModelOptions model;
    @Mixin private DrawingOptions drawing;
    @Mixin private Output output;

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
      try (Progress progress = output.progress("probe", 2)) {
        progress.step("first");
        progress.step("");
      }
      model.choice().source();
      drawing.drawing(model.config(), null);
      output.json(new Result(prompt, drawing.seed(), model.config().name()));
      output.line("prompt %s", prompt);
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
        Main.run(new PrintWriter(out), new PrintWriter(err), List.of(new Probe(failure)), args);
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
    List<String> lines = ended.err().lines().toList();
    assertTrue(lines.get(0).startsWith("probe 1/2 first"), ended.err());
    assertTrue(lines.get(1).startsWith("probe 2/2"), ended.err());
  }

  @Test
  void jsonIsOneDocumentWithTheKeysAsDeclared() {
    Ended ended = call("probe", "--json", "--quiet", "--prompt", "x", "--seed", "2147483647");
    JsonNode document = JsonMapper.shared().readTree(ended.out());
    assertEquals(List.of("prompt", "seed", "model"), List.copyOf(document.propertyNames()));
    assertEquals(Integer.MAX_VALUE, document.get("seed").asInt());
    assertEquals("", ended.err());
  }

  @Test
  void everyCommandHasHelpAndVersion() {
    for (String[] args : new String[][] {{"--help"}, {"probe", "--help"}, {"probe", "-h"}}) {
      Ended ended = call(args);
      assertEquals(0, ended.code());
      assertTrue(ended.out().contains("Usage: scalekv"), ended.out());
      assertEquals("", ended.err());
    }
    String help = call("probe", "--help").out();
    for (String heading : List.of("What to draw:", "Which model:", "Output:", "Machine:")) {
      assertTrue(help.contains(heading), help);
    }
    assertTrue(call("--version").out().startsWith("scalekv 0."), call("--version").out());
    assertEquals(call("--version"), call("probe", "--version"));
  }

  @Test
  void withoutACommandThreeLinesAndThreeCommands() {
    Ended ended = call();
    assertEquals(0, ended.code());
    assertEquals(6, ended.out().lines().count());
    assertEquals(3, ended.out().lines().filter(l -> l.startsWith("  ./scalekv ")).count());
  }

  /** Usage errors: the arguments, the option at fault and a part of the message. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          prob | scalekv | did you mean probe?
          probe --sed 1 | scalekv probe | did you mean --seed
          probe --seed x | --seed | got x
          probe --seed -1 | --seed | got -1
          probe --threads 0 | --threads | got 0
          probe --dtype fp16 | --dtype | did you mean fp32?
          probe --device tpu | --device | got tpu
          probe --batch 0 | --batch | got 0
          probe --random-weights 1,2x3 | --random-weights | got 1,2x3
          """)
  void wrongUsageIsOneLineAndTwo(String args, String where, String part) {
    Ended ended = call(args.split(" "));
    assertEquals(2, ended.code());
    String line = ended.onlyErrorLine();
    assertTrue(line.contains(part), line);
    Ended json = call((args + " --json").split(" "));
    JsonNode error = JsonMapper.shared().readTree(json.out()).get("error");
    assertEquals(where, error.get("where").asString());
    assertEquals(2, error.get("exitCode").asInt());
  }

  /** Values that no option group can use; the message names the option and the value. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          --cfg -1 | cfg | -1
          --tau NaN | tau | NaN
          --top-p 0 | top-p | 0.0
          --aspect 4 | aspect | 4
          --model pokt | --model | did you mean pocket?
          --model infinity-2b | infinity-2b | --weights
          --weights nowhere | --weights | nowhere
          --weights . --random-weights 1 | --weights | --random-weights
          """)
  void wrongValuesAreOneLineAndTwo(String args, String subject, String value) {
    Ended ended = call(("probe -q " + args).split(" "));
    assertEquals(2, ended.code());
    String line = ended.onlyErrorLine();
    assertTrue(line.contains(subject) && line.contains(value), line);
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
    Files.writeString(folder.resolve("config.json"), ModelCatalog.config("pocket").json());
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
