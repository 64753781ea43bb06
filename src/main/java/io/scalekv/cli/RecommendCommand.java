package io.scalekv.cli;

import io.scalekv.cache.Budget;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.experiment.Frontier;
import io.scalekv.experiment.Results;
import io.scalekv.io.CanonicalJson;
import io.scalekv.io.Require;
import io.scalekv.model.ModelConfig;
import io.scalekv.report.Recommendation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Best measured cache setting for a budget. */
@Command(
    name = "recommend",
    description =
        "Prints the best measured setting of the cache (policy, budget, number formats) for a peak"
            + " of stored bytes, interpolated between measured budgets, with its evidence and the"
            + " command that draws with it.",
    footer = {
      "  ./scalekv recommend --budget 1MiB",
      "  ./scalekv recommend --budget 600kB --batch 4 --from out/pareto --json"
    })
final class RecommendCommand implements Callable<Integer> {
  @Mixin private ModelOptions model;
  @Mixin private Output output;

  @Option(
      names = "--budget",
      paramLabel = "B",
      required = true,
      description =
          "Peak of stored bytes of the whole batch, such as 600kB or 3MiB; 10%%, 27t or paper-10"
              + " mean the bytes of that many tokens per layer and head in the model's format.")
  private String budget;

  @Option(
      names = "--batch",
      paramLabel = "N",
      defaultValue = "1",
      description = "Images drawn together (default: ${DEFAULT-VALUE}).")
  private int batch;

  @Option(
      names = "--from",
      paramLabel = "DIR|FILE",
      description =
          "Results of a sweep, or the frontier.json of its report (default: the frontier shipped"
              + " with the model).")
  private Path from;

  @Option(names = "--save", paramLabel = "FILE", description = "Also write the frontier here.")
  private Path save;

  @Override
  public Integer call() throws IOException {
    Require.between("--batch", batch, 1, 1_000_000);
    ModelConfig config = model.config();
    ScaleSchedule schedule = config.schedule(Optional.empty(), 1);
    Frontier frontier = frontier(config, schedule);
    if (save != null) {
      CanonicalJson.write(save, frontier);
    }
    Recommendation r =
        Recommendation.of(
            frontier,
            config.geometry(),
            schedule,
            Budget.parse(budget),
            batch,
            CacheOptions.calibration(model.choice(), schedule, null, 0, true));
    output.json(r);
    r.lines().forEach(line -> output.line("%s", line));
    output.next(r.words().toArray());
    return 0;
  }

  private Frontier frontier(ModelConfig config, ScaleSchedule schedule) throws IOException {
    Optional<Frontier> found =
        from == null
            ? Frontier.shipped(config.name())
            : Optional.of(
                Files.isDirectory(from) ? Frontier.of(Results.read(from)) : Frontier.read(from));
    Require.that(
        found.isPresent(),
        "missing measurements of %s: give --from with results of a sweep over policies and formats",
        config.name());
    Frontier f = found.get();
    List<String> maps = schedule.maps().stream().map(Object::toString).toList();
    Require.that(
        f.model().name().equals(config.name()) && f.schedule().equals(maps),
        "--from must be of %s with maps %s, got %s with %s",
        config.name(),
        maps,
        f.model().name(),
        f.schedule());
    return f;
  }
}
