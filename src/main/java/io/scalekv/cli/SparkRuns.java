package io.scalekv.cli;

import io.scalekv.experiment.Cell;
import io.scalekv.experiment.CellRunner;
import io.scalekv.experiment.Experiment;
import io.scalekv.experiment.RunListener;
import io.scalekv.experiment.Runner;
import io.scalekv.experiment.spark.SparkRunner;
import io.scalekv.experiment.spark.SparkSettings;
import java.io.IOException;
import java.util.List;

/** What is touched only when Spark is there. */
final class SparkRuns {
  private SparkRuns() {}

  static Runner.Summary run(
      ExperimentSetup setup,
      List<Experiment.Planned> cells,
      CellRunner.Context context,
      Runner.Options options,
      EngineOptions engine,
      RunnerOptions runner,
      RunListener listener)
      throws IOException {
    SparkSettings settings = new SparkSettings(runner.master(), engine.threads(), runner.conf());
    int threads = settings.cores();
    if (settings.local()) {
      EngineOptions.setEngineThreads(threads);
    }
    boolean weightless = cells.stream().allMatch(c -> c.cell().kind() == Cell.Kind.MEMORY);
    ClusterJob job = ClusterJob.of(setup, context, options, weightless, threads);
    return new SparkRunner(settings, job, options).run(cells, listener);
  }
}
