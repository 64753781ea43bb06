package io.scalekv.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.experiment.Results;
import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/**
 * A real cluster on this machine: one master and two workers as processes of their own, from the
 * jars that Maven brings. One worker and its executor are killed in mid-sweep.
 */
@Tag("full")
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "Spark's workers start executors by a shell")
final class SparkClusterTest {
  private static final long PATIENCE_MILLIS = 120_000;

  @TempDir Path folder;

  private final List<Process> processes = new ArrayList<>();
  private Path sparkHome;
  private Path spec;
  private int port;

  @BeforeEach
  void makeHome() throws IOException {
    TinyExperiment.writeModel(folder);
    spec =
        Files.writeString(
            folder.resolve("tiny.yaml"),
            TinyExperiment.head(6)
                + """
                metrics: [psnr, ssim, bits]
                rows:
                  - policy: [sliding-window, streaming-llm, h2o]
                    budget: [60%, 50%, 40%, 30%, 20%]
                  - policy: [scalekv]
                    budget: [20%]
                    calibration: {statistic: asi, drafters: 1, prompts: {file: prompts.txt, limit: 2}}
                baselines: [repeat, other-seed]
                """);
    sparkHome = folder.resolve("spark");
    Path jars = Files.createDirectories(sparkHome.resolve("jars"));
    for (Path jar : sparkJars()) {
      place(jar, jars.resolve(jar.getFileName()));
    }
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
  }

  private static void place(Path jar, Path there) throws IOException {
    try {
      Files.createLink(there, jar);
    } catch (IOException | UnsupportedOperationException e) { // another disk
      Files.copy(jar, there);
    }
  }

  @AfterEach
  void stopAll() throws InterruptedException {
    for (Process process : processes) {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
      process.waitFor(30, TimeUnit.SECONDS);
    }
  }

  /** What tests have on their class path beyond the program's own libraries. */
  private static List<Path> sparkJars() throws IOException {
    TreeSet<String> own = new TreeSet<>();
    try (Stream<Path> lib = Files.list(Path.of("target", "lib"))) {
      lib.forEach(jar -> own.add(jar.getFileName().toString()));
    }
    List<Path> jars =
        Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
            .map(Path::of)
            .filter(p -> p.getFileName().toString().endsWith(".jar"))
            .map(Path::toAbsolutePath)
            .filter(p -> isShared(p) || !own.contains(p.getFileName().toString()))
            .filter(p -> !p.toString().contains("junit") && !p.toString().contains("archunit"))
            .toList();
    assertTrue(
        jars.stream().anyMatch(p -> p.getFileName().toString().startsWith("spark-core")),
        "no Spark on the class path of the tests");
    return jars;
  }

  /** Libraries that Spark and this program both need. */
  private static boolean isShared(Path jar) {
    return jar.getFileName()
        .toString()
        .matches(
            "(slf4j-api|commons-|guava|failureaccess|jackson-annotations|jsr305|gson|scala).*");
  }

  private Process start(String log, List<String> words) throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(words)
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve(log).toFile());
    Map<String, String> env = builder.environment();
    env.put("SPARK_HOME", sparkHome.toString());
    env.put("SPARK_SCALA_VERSION", "2.13");
    env.put("SPARK_LOCAL_IP", "127.0.0.1");
    env.put("SPARK_NO_DAEMONIZE", "1");
    env.put("JAVA_HOME", System.getProperty("java.home"));
    env.put("DJL_OFFLINE", "true");
    Process process = builder.start();
    processes.add(process);
    return process;
  }

  private static String java() {
    return Path.of(System.getProperty("java.home"), "bin", "java").toString();
  }

  private Process daemon(String log, String main, String... args) throws IOException {
    List<String> words =
        new ArrayList<>(
            List.of(
                java(),
                "-Xmx256m",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                sparkHome.resolve("jars") + File.separator + "*",
                main));
    words.addAll(List.of(args));
    return start(log, words);
  }

  private Process worker(String name) throws IOException {
    return daemon(
        name + ".log",
        "org.apache.spark.deploy.worker.Worker",
        "--host",
        "127.0.0.1",
        "--webui-port",
        "0",
        "--cores",
        "1",
        "--memory",
        "1g",
        "--work-dir",
        folder.resolve(name).toString(),
        master());
  }

  private String master() {
    return "spark://127.0.0.1:" + port;
  }

  private Process sweep(Path out, String log, String... more) throws IOException {
    String separator = File.pathSeparator;
    List<String> words =
        new ArrayList<>(
            List.of(
                java(),
                "-XX:TieredStopAtLevel=1",
                "-Dslf4j.provider=org.slf4j.nop.NOPServiceProvider",
                "-cp",
                Path.of("target", "classes")
                    + separator
                    + Path.of("target", "lib", "*")
                    + separator
                    + sparkHome.resolve("jars")
                    + File.separator
                    + "*",
                "io.scalekv.cli.Main",
                "sweep",
                spec.toString(),
                "--out",
                out.toString(),
                "--threads",
                "1"));
    words.addAll(List.of(more));
    return start(log, words);
  }

  private void until(String what, Process sweep, Path log, Callable<Boolean> reached)
      throws Exception {
    long end = System.currentTimeMillis() + PATIENCE_MILLIS;
    while (!reached.call()) {
      assertTrue(sweep.isAlive(), what + ": the process ended: " + Files.readString(log));
      assertTrue(System.currentTimeMillis() < end, what + ": " + Files.readString(log));
      Thread.sleep(20);
    }
  }

  private static long runs(Path out) throws IOException {
    if (!Files.exists(out.resolve("runs"))) {
      return 0;
    }
    try (Stream<Path> files = Files.list(out.resolve("runs"))) {
      return files.filter(f -> f.getFileName().toString().matches("[0-9a-f]{16}\\.json")).count();
    }
  }

  @Test
  void oneOfTwoWorkersIsKilledAndNothingIsLost() throws Exception {
    Path local = folder.resolve("local");
    Path localLog = folder.resolve("local.log");
    Process here = sweep(local, "local.log");
    assertTrue(here.waitFor(PATIENCE_MILLIS, TimeUnit.MILLISECONDS));
    assertEquals(0, here.exitValue(), () -> read(localLog));

    Process master =
        daemon(
            "master.log",
            "org.apache.spark.deploy.master.Master",
            "--host",
            "127.0.0.1",
            "--port",
            Integer.toString(port),
            "--webui-port",
            "0");
    Path masterLog = folder.resolve("master.log");
    until("the master", master, masterLog, this::masterAnswers);
    Process first = worker("first");
    Process second = worker("second");

    Path spark = folder.resolve("out");
    Path log = folder.resolve("sweep.log");
    Process sweep =
        sweep(
            spark,
            "sweep.log",
            "--runner",
            "spark",
            "--master",
            master(),
            "--conf",
            "spark.executor.memory=512m",
            "--conf",
            "spark.driver.host=127.0.0.1");
    // both workers are at work and some runs are done
    until("executors", sweep, log, () -> executors(first) == 1 && executors(second) == 1);
    until("runs", sweep, log, () -> runs(spark) >= 2);
    int begun = (int) runs(spark);
    List<ProcessHandle> lost = first.descendants().toList();
    assertFalse(lost.isEmpty());
    first.destroyForcibly();
    lost.forEach(ProcessHandle::destroyForcibly);
    assertTrue(
        Results.read(local).runs().size() > begun,
        "all runs were done before the worker was killed");
    assertTrue(sweep.waitFor(PATIENCE_MILLIS, TimeUnit.MILLISECONDS), () -> read(log));
    assertEquals(0, sweep.exitValue(), () -> read(log));
    assertEquals(RunContents.of(local), RunContents.of(spark), read(log));
  }

  private boolean masterAnswers() {
    try (Socket socket = new Socket("127.0.0.1", port)) {
      return socket.isConnected();
    } catch (IOException e) {
      return false;
    }
  }

  private static long executors(Process worker) {
    return worker.descendants().filter(ProcessHandle::isAlive).count();
  }

  private static String read(Path log) {
    try {
      return Files.readString(log, StandardCharsets.UTF_8);
    } catch (IOException e) {
      return e.toString();
    }
  }
}
