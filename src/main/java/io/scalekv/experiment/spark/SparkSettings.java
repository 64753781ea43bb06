package io.scalekv.experiment.spark;

import io.scalekv.io.Require;
import java.io.File;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkContext;

/**
 * Settings of Spark executors. Each runs one run at a time on all of its cores: a task takes as
 * many cores as an operation of libtorch has threads, and an executor has no more.
 *
 * @param master {@code local[*]}, {@code spark://HOST:PORT} and so on; null for that of
 *     spark-submit, or {@code local[*]}
 * @param threads of a run; empty for all of this machine, which only a local master allows
 * @param conf more settings of Spark; these win
 */
public record SparkSettings(String master, OptionalInt threads, Map<String, String> conf) {
  private static final Pattern LOCAL = Pattern.compile("local(?:\\[(\\*|[0-9]+)(?:, *[0-9]+)?])?");

  /** Environment variables of the native library, passed to executors. */
  private static final List<String> ENVIRONMENT =
      List.of(
          "DJL_OFFLINE",
          "DJL_CACHE_DIR",
          "ENGINE_CACHE_DIR",
          "PYTORCH_LIBRARY_PATH",
          "PYTORCH_VERSION",
          "PYTORCH_FLAVOR",
          "OMP_WAIT_POLICY",
          "GOMP_SPINCOUNT",
          "MALLOC_ARENA_MAX",
          "MALLOC_MMAP_THRESHOLD_",
          "MALLOC_TRIM_THRESHOLD_",
          "MALLOC_TOP_PAD_",
          "GLIBC_TUNABLES",
          "LC_ALL");

  /** Copies the map. */
  public SparkSettings {
    conf = Map.copyOf(conf);
  }

  /** Returns the master that is really used. */
  public String chosenMaster() {
    return master != null ? master : System.getProperty("spark.master", "local[*]");
  }

  /** Returns whether everything runs in this process. */
  public boolean local() {
    return LOCAL.matcher(chosenMaster()).matches();
  }

  /**
   * Cores of an executor, which are the threads of a run.
   *
   * @throws IllegalArgumentException where a cluster's executors have no stated size, or a local
   *     master fewer cores than threads
   */
  public int cores() {
    if (!local()) {
      return threads.orElseThrow(
          () ->
              new IllegalArgumentException(
                  "missing --threads, the cores of one executor, with --master " + chosenMaster()));
    }
    int slots = slots();
    int cores = threads.orElse(slots);
    Require.that(
        cores <= slots,
        "--threads must be at most the %d cores of --master %s, got %d",
        slots,
        chosenMaster(),
        cores);
    return cores;
  }

  /** Tasks that a local master could run at once. */
  private int slots() {
    Matcher name = LOCAL.matcher(chosenMaster());
    if (!name.matches() || name.group(1) == null) {
      return 1;
    }
    return name.group(1).equals("*")
        ? Runtime.getRuntime().availableProcessors()
        : Integer.parseInt(name.group(1));
  }

  /** Spark's own form. */
  SparkConf toSpark(String application) {
    int cores = cores();
    SparkConf spark =
        new SparkConf()
            .setMaster(chosenMaster())
            .setAppName(application)
            .set("spark.task.cpus", Integer.toString(local() ? slots() : cores))
            .setIfMissing("spark.ui.enabled", "false")
            .setIfMissing("spark.log.level", "ERROR");
    if (!local()) {
      spark.set("spark.executor.cores", Integer.toString(cores));
      spark.set("spark.executorEnv.OMP_NUM_THREADS", Integer.toString(cores));
      spark.set(
          "spark.executor.extraJavaOptions",
          (spark.get("spark.executor.extraJavaOptions", "")
                  + " -Djava.awt.headless=true -Dai.djl.pytorch.num_threads=%1$d".formatted(cores)
                  + " -Dai.djl.pytorch.num_interop_threads=%1$d".formatted(cores))
              .strip());
      spark.setIfMissing("spark.executor.extraClassPath", classPath());
      for (String name : ENVIRONMENT) {
        String value = System.getenv(name);
        if (value != null) {
          spark.setIfMissing("spark.executorEnv." + name, value);
        }
      }
    }
    conf.forEach(spark::set);
    return spark;
  }

  /**
   * Returns this program and its libraries as the executors find them: at the same paths as here,
   * on a shared disk or installed the same way. Libraries of Spark and of logging are those of the
   * executors.
   */
  private static String classPath() {
    Path ofSpark = place(SparkContext.class);
    Path ours = place(SparkSettings.class);
    List<String> entries = new ArrayList<>();
    entries.add(ours.toString());
    for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
      Path file = Path.of(entry).toAbsolutePath();
      boolean spark =
          file.getParent() != null
              && file.getParent().equals(ofSpark.getParent())
              && !file.getParent().equals(ours.getParent());
      boolean silent = file.getFileName().toString().startsWith("slf4j-nop");
      if (!entry.isEmpty() && !spark && !silent && Files.exists(file) && !file.equals(ours)) {
        entries.add(file.toString());
      }
    }
    return String.join(File.pathSeparator, entries);
  }

  /** Returns the folder or jar that a class comes from. */
  private static Path place(Class<?> type) {
    try {
      return Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI())
          .toAbsolutePath();
    } catch (URISyntaxException e) {
      throw new IllegalStateException("the place of " + type.getName(), e);
    }
  }
}
