package io.scalekv.bench;

import io.scalekv.experiment.Machine;
import io.scalekv.experiment.SourceCommit;
import io.scalekv.io.AtomicFile;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Properties;
import org.openjdk.jmh.results.format.ResultFormatType;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Runs the benchmarks, each in a Java process of its own that inherits the environment, and writes
 * {@code jmh.json} (JMH's results with machine, versions and commit), {@code jmh.csv} and {@code
 * jmh.md}.
 */
final class Benchmarks {
  private static final JsonMapper MAPPER = new JsonMapper();

  private Benchmarks() {}

  /**
   * Runs them.
   *
   * @param include regular expression of the benchmarks' names
   * @param threads of a tensor operation
   */
  static void run(String include, Path folder, int threads) throws RunnerException, IOException {
    Files.createDirectories(folder);
    Path raw = Files.createTempFile("jmh", ".json");
    try {
      new Runner(
              new OptionsBuilder()
                  .include(include)
                  .jvmArgs(
                      "-XX:MaxRAMPercentage=25",
                      "-Djava.awt.headless=true",
                      "-Dai.djl.pytorch.num_threads=" + threads,
                      "-Dai.djl.pytorch.num_interop_threads=" + threads)
                  .shouldFailOnError(true)
                  .resultFormat(ResultFormatType.JSON)
                  .result(raw.toString())
                  .build())
          .run();
      write((ArrayNode) MAPPER.readTree(Files.readString(raw)), folder, threads);
    } finally {
      Files.deleteIfExists(raw);
    }
  }

  /**
   * Writes the three files.
   *
   * @param results as JMH has them
   * @param threads of a tensor operation
   */
  static void write(ArrayNode results, Path folder, int threads) throws IOException {
    Machine machine = Machine.here(threads);
    String versions = versions();
    String commit = SourceCommit.current();
    String date = Instant.now().truncatedTo(ChronoUnit.SECONDS).toString();
    ObjectNode document = MAPPER.createObjectNode();
    document.set("machine", MAPPER.valueToTree(machine));
    document.put("versions", versions);
    document.put("commit", commit);
    document.put("date", date);
    document.set("results", results);
    byte[] json =
        MAPPER
            .writerWithDefaultPrettyPrinter()
            .writeValueAsString(document)
            .concat("\n")
            .getBytes(StandardCharsets.UTF_8);
    AtomicFile.write(folder.resolve("jmh.json"), json);
    List<List<Object>> rows = new ArrayList<>();
    for (JsonNode r : results) {
      rows.add(row(r));
    }
    PlainTable.of(
            "jmh",
            "Hot paths",
            List.of("benchmark", "parameters", "time", "error 99.9 %", "unit", "GFLOP/s"),
            rows,
            3,
            List.of(
                String.format(
                    "%s, %d cores, %d threads of a tensor operation, %s %s",
                    machine.cpu(), machine.cores(), threads, machine.os(), machine.arch()),
                versions,
                "commit " + commit + ", " + date,
                "Mean of the measured iterations and half the width of its 99.9 % interval, one"
                    + " Java process each; GFLOP/s count the two products of attention alone."))
        .write(folder);
  }

  private static List<Object> row(JsonNode r) {
    String[] name = r.get("benchmark").asString().split("\\.");
    List<String> parameters = new ArrayList<>();
    JsonNode params = r.path("params");
    params.propertyNames().forEach(p -> parameters.add(p + "=" + params.get(p).asString()));
    JsonNode metric = r.get("primaryMetric");
    double time = metric.get("score").asDouble();
    return List.of(
        name[name.length - 2] + "." + name[name.length - 1],
        String.join(", ", parameters),
        time,
        number(metric.get("scoreError")),
        metric.get("scoreUnit").asString(),
        gflopPerSecond(name[name.length - 2], params, time));
  }

  /** JMH writes "NaN" as a text where there is no error. */
  private static double number(JsonNode value) {
    return value.isNumber() ? value.asDouble() : Double.NaN;
  }

  /** 4 H L T D operations in so many milliseconds; NaN for what is not attention. */
  private static double gflopPerSecond(String benchmark, JsonNode params, double milliseconds) {
    if (!benchmark.equals("AttentionBenchmark")) {
      return Double.NaN;
    }
    double flop =
        Arrays.stream(params.get("shape").asString().split("x"))
            .mapToDouble(Double::parseDouble)
            .reduce(4, (x, y) -> x * y);
    return flop / milliseconds / 1e6;
  }

  private static String versions() throws IOException {
    Properties p = new Properties();
    try (InputStream in =
        Benchmarks.class.getResourceAsStream("/io/scalekv/cli/versions.properties")) {
      p.load(in);
    }
    return String.format(
        Locale.ROOT,
        "scalekv %s, DJL %s, libtorch %s, Java %s",
        p.getProperty("scalekv"),
        p.getProperty("djl"),
        p.getProperty("libtorch"),
        Runtime.version());
  }
}
