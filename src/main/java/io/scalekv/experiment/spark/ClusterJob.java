package io.scalekv.experiment.spark;

import io.scalekv.experiment.Machine;
import io.scalekv.experiment.PromptTexts;
import io.scalekv.experiment.RunExecutor;
import io.scalekv.experiment.RunSession;
import io.scalekv.experiment.Runner;
import io.scalekv.experiment.Sweep;
import io.scalekv.experiment.UserNets;
import io.scalekv.io.Json;
import io.scalekv.io.Software;
import io.scalekv.metrics.LpipsRange;
import io.scalekv.model.LoadOptions;
import io.scalekv.model.ModelChoice;
import io.scalekv.weights.LoadListener;
import java.io.Serializable;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A sweep as it travels to the executors of a cluster, as JSON. Paths are absolute; the machines
 * share them.
 */
record ClusterJob(String json) implements Serializable {
  /** Contents of the JSON. */
  private record Job(
      String experiment,
      String specSha256,
      String commit,
      Software software,
      ModelChoice model,
      String dtype,
      boolean weightless,
      Map<String, List<String>> prompts,
      String folder,
      String references,
      boolean images,
      String lpips,
      LpipsRange lpipsRange,
      String inception,
      int threads) {}

  static ClusterJob of(
      Sweep sweep, RunExecutor.Context context, Runner.Options options, int threads) {
    UserNets nets = sweep.nets();
    Job job =
        new Job(
            context.experiment(),
            context.specSha256(),
            context.commit(),
            context.software(),
            sweep.model().resolve(name -> absolute(Path.of(name))),
            sweep.experiment().spec().dtype(),
            sweep.weightless(),
            context.texts().all(),
            absolute(options.folder()),
            absolute(options.references()),
            options.images(),
            absolute(nets.lpips()),
            nets.lpipsRange(),
            absolute(nets.inception()),
            threads);
    return new ClusterJob(Json.MAPPER.writeValueAsString(job));
  }

  private static String absolute(Path path) {
    return path == null ? null : path.toAbsolutePath().normalize().toString();
  }

  private static Path path(String text) {
    return text == null ? null : Path.of(text);
  }

  /** Makes the session of an executor's JVM, which loads the model with the first run. */
  RunSession open() {
    Job job = Json.bind(Json.parse(json, "job"), Job.class, "job");
    RunExecutor.Context context =
        new RunExecutor.Context(
            job.experiment(),
            job.specSha256(),
            job.commit(),
            job.software(),
            Machine.here(job.threads()),
            Path.of(job.references()),
            PromptTexts.of(job.prompts()),
            job.weightless() ? Optional.empty() : Sweep.shipped(job.model()),
            new UserNets(path(job.lpips()), job.lpipsRange(), path(job.inception())));
    LoadOptions load = LoadOptions.of(job.dtype().equals("bf16"));
    return new RunSession(
        job.model().config(),
        job.weightless() ? null : () -> job.model().open(load, LoadListener.NONE),
        context,
        new Runner.Options(
            Path.of(job.folder()), Path.of(job.references()), job.images(), false, false));
  }
}
