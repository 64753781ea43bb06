package io.scalekv.cli;

import io.scalekv.experiment.RunExecutor;
import io.scalekv.experiment.Runner;
import io.scalekv.experiment.Sweep;
import io.scalekv.experiment.spark.SparkRunner;
import io.scalekv.experiment.spark.SparkSettings;
import io.scalekv.io.Require;
import io.scalekv.model.ComputeDevice;
import io.scalekv.model.LoadOptions;
import java.util.LinkedHashMap;
import java.util.Map;
import picocli.CommandLine.Option;

/** Runner options: this process or a cluster. */
@HelpGroup(HelpGroup.Heading.MACHINE)
final class RunnerOptions {
  /** Where runs are made. */
  enum Kind {
    /** In this process. */
    LOCAL,
    /** On Apache Spark. */
    SPARK
  }

  @Option(
      names = "--runner",
      paramLabel = "local|spark",
      defaultValue = "local",
      description = "Run in this process, or on Apache Spark (default: ${DEFAULT-VALUE}).")
  private Kind kind = Kind.LOCAL;

  @Option(
      names = "--master",
      paramLabel = "URL",
      description =
          "Spark's master: local[*], spark://HOST:PORT, … (default: that of spark-submit, or"
              + " local[*]). A cluster needs --threads, the cores of one executor.")
  private String master;

  @Option(names = "--conf", paramLabel = "KEY=VALUE", description = "Setting of Spark; repeatable.")
  private Map<String, String> conf = new LinkedHashMap<>();

  @Option(
      names = "--spark-home",
      paramLabel = "DIR",
      description = "Spark 4.1 to use (default: SPARK_HOME, or the libraries ./scalekv fetches).")
  private String sparkHome;

  /**
   * Checks the options, and that Spark is there if asked for.
   *
   * @throws IllegalArgumentException with the ways to get Spark
   */
  void check() {
    boolean settings = master != null || !conf.isEmpty() || sparkHome != null;
    Require.that(
        kind == Kind.SPARK || !settings,
        "--master, --conf and --spark-home need --runner spark, got --runner local");
    if (kind == Kind.SPARK) {
      try {
        Class.forName("org.apache.spark.SparkContext", false, RunnerOptions.class.getClassLoader());
      } catch (ClassNotFoundException e) {
        throw new IllegalArgumentException(
            "missing Spark's libraries: ./scalekv fetches them, --spark-home DIR names a Spark 4.1,"
                + " spark-submit brings its own",
            e);
      }
    }
  }

  /** Makes the runner of a sweep. */
  Runner of(
      Sweep sweep,
      RunExecutor.Context context,
      Runner.Options options,
      MachineOptions machine,
      LoadOptions loading) {
    if (kind == Kind.LOCAL) {
      return sweep.local(context, options, loading);
    }
    Require.that(
        loading.device() == ComputeDevice.CPU && loading.textEmbeddings().isEmpty(),
        "--device and --text-embeddings need --runner local, got --runner spark");
    return Cluster.of(this, sweep, context, options, machine);
  }

  /** Touched only when Spark is there. */
  private static final class Cluster {
    static Runner of(
        RunnerOptions runner,
        Sweep sweep,
        RunExecutor.Context context,
        Runner.Options options,
        MachineOptions machine) {
      SparkSettings settings =
          new SparkSettings(runner.master, machine.threads.threads(), runner.conf);
      if (settings.local()) {
        ThreadOptions.setEngineThreads(settings.cores());
      }
      return new SparkRunner(settings, sweep, context, options);
    }
  }
}
