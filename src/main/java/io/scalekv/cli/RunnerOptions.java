package io.scalekv.cli;

import java.util.LinkedHashMap;
import java.util.Map;
import picocli.CommandLine.Option;

/** Where the cells of an experiment are run. */
final class RunnerOptions implements CheckedOptions {
  private static final String LOCAL = "local";
  private static final String SPARK = "spark";

  @Option(
      names = "--runner",
      paramLabel = "local|spark",
      defaultValue = LOCAL,
      description = "Run in this process, or on Apache Spark (default: ${DEFAULT-VALUE}).")
  private String runner = LOCAL;

  @Option(
      names = "--master",
      paramLabel = "URL",
      description =
          "Spark's master: local[*], spark://HOST:PORT, … (default: that of spark-submit, or"
              + " local[*]). A cluster needs --threads, the cores of one executor.")
  private String master;

  @Option(
      names = "--conf",
      paramLabel = "KEY=VALUE",
      description = "A setting of Spark; may be repeated.")
  private Map<String, String> conf = new LinkedHashMap<>();

  @Option(
      names = "--spark-home",
      paramLabel = "DIR",
      description =
          "A Spark 4.1 to use (default: SPARK_HOME, or the libraries that ./scalekv fetches).")
  private String sparkHome;

  /** Whether cells are run on Spark. */
  boolean spark() {
    return runner.equals(SPARK);
  }

  /** Spark's master, or null for the default. */
  String master() {
    return master;
  }

  /** Settings of Spark. */
  Map<String, String> conf() {
    return conf;
  }

  /**
   * Refuses to go on without Spark.
   *
   * @throws IllegalArgumentException with the ways to get it
   */
  static void checkSpark() {
    try {
      Class.forName("org.apache.spark.SparkContext", false, RunnerOptions.class.getClassLoader());
    } catch (ClassNotFoundException e) {
      throw new IllegalArgumentException(
          "--runner spark: Spark's libraries on the class path expected, got none; ./scalekv"
              + " fetches them, --spark-home DIR names a Spark 4.1, spark-submit brings its own",
          e);
    }
  }

  @Override
  public void check() {
    Check.oneOf("--runner", runner, LOCAL, SPARK);
    if (!spark()) {
      none("--master", master);
      none("--conf", conf.isEmpty() ? null : conf);
      none("--spark-home", sparkHome);
    }
  }

  private static void none(String option, Object value) {
    if (value != null) {
      throw new IllegalArgumentException(
          option + ": --runner spark expected beside it, got --runner local");
    }
  }
}
