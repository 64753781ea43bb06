package io.scalekv.cli;

import io.scalekv.cache.Budget;
import io.scalekv.cache.CacheType;
import io.scalekv.cache.MemoryModel;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.experiment.CaptionMetrics;
import io.scalekv.experiment.Cell;
import io.scalekv.experiment.Frontier;
import io.scalekv.experiment.MetricValue;
import io.scalekv.experiment.Metrics;
import io.scalekv.experiment.Results;
import io.scalekv.io.AtomicFile;
import io.scalekv.metrics.Metric;
import io.scalekv.metrics.Psnr;
import io.scalekv.model.ModelConfig;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The best known setting for a number of bytes. */
@Command(
    name = "recommend",
    description = {
      "The best known setting of the cache (policy, its settings, number formats, budgets of both"
          + " guidance branches) for a number of bytes, with the fidelity that was measured.",
      "It is the setting with the most bytes, among those of the frontier of an experiment, that"
          + " takes no more than the budget."
    })
final class RecommendCommand implements Callable<Integer> {
  /**
   * What the command reports.
   *
   * @param model the model
   * @param budget as it was typed
   * @param budgetBytes what it means for all images of the batch
   * @param batch images made at once
   * @param policy with its settings
   * @param policyBudget its budget; null for the full cache
   * @param unconditionalBudget budget of the unconditional branch where it is another one, or null
   * @param keyType number format of keys
   * @param valueType number format of values
   * @param kvCacheBytes what the batch then holds, as measured on the experiment's images
   * @param means the measured fidelity against the full cache
   * @param evidence how it was measured; null for the full cache, which changes nothing
   * @param command that draws with this setting
   */
  record Report(
      String model,
      String budget,
      long budgetBytes,
      int batch,
      String policy,
      String policyBudget,
      String unconditionalBudget,
      String keyType,
      String valueType,
      long kvCacheBytes,
      Map<String, MetricValue> metrics,
      Evidence evidence,
      String command) {}

  /**
   * How it was measured.
   *
   * @param experiment its name
   * @param specSha256 hash of its file
   * @param cell id of the result
   * @param prompts number of them
   * @param images number of them
   * @param candidates settings among which the frontier was found
   */
  record Evidence(
      String experiment, String specSha256, String cell, int prompts, int images, int candidates) {}

  @Spec private CommandSpec spec;
  @Mixin private ModelOption modelOption = ModelOption.shapeOnly();
  @Mixin private JsonOption json;

  @Option(
      names = "--budget",
      paramLabel = "B",
      required = true,
      description =
          "Bytes of the whole batch: 600kB (1000 bytes), 600KiB (1024), 3MiB; or 10%%, 27t or"
              + " paper-10, which mean what so many tokens per layer and head take in the formats"
              + " that the model computes in.")
  private String budget;

  @Option(
      names = "--batch",
      paramLabel = "N",
      defaultValue = "1",
      description = "Images made at once (default: ${DEFAULT-VALUE}).")
  private int batch;

  @Option(
      names = "--from",
      paramLabel = "DIR|FILE",
      description =
          "Results of a sweep, or the frontier.json of its report (default: the frontier that comes"
              + " with the model).")
  private Path from;

  @Option(
      names = "--save",
      paramLabel = "FILE",
      description = "Write the frontier that was read, as a file for --from.")
  private Path save;

  @Override
  public Integer call() throws IOException {
    Check.range("--batch", batch, 1, 1_000_000);
    ModelConfig config = ModelFactory.config(modelOption);
    Frontier frontier = frontier(config);
    ScaleSchedule schedule = config.schedule(Optional.empty(), 1);
    if (!frontier.model().name().equals(config.name())
        || !frontier.schedule().equals(schedule.maps().stream().map(Object::toString).toList())) {
      throw new IllegalArgumentException(
          String.format(
              "--from: a frontier of %s with maps %s expected, got %s with %s",
              config.name(), schedule.maps(), frontier.model().name(), frontier.schedule()));
    }
    if (save != null) {
      AtomicFile.write(save, frontier.text().getBytes(StandardCharsets.UTF_8));
    }
    MemoryModel memory = memory(config, frontier);
    long bytes = bytes(memory, schedule);
    long full = memory.fullBytes(schedule);
    Report report =
        bytes >= full
            ? full(config, frontier, bytes, full)
            : report(config, frontier, best(config, frontier, bytes), bytes);
    json.print(spec.commandLine().getOut(), report, RecommendCommand::text);
    return 0;
  }

  private Frontier.Point best(ModelConfig config, Frontier frontier, long bytes) {
    return frontier
        .within(bytes / batch)
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    String.format(
                        Locale.ROOT,
                        "--budget: at least %d bytes (%d an image, the least on the frontier of %s)"
                            + " expected, got %s = %d bytes",
                        frontier.points().get(0).bytes() * batch,
                        frontier.points().get(0).bytes(),
                        config.name(),
                        budget,
                        bytes)));
  }

  /** The whole cache fits, in the formats that the model computes in. */
  private Report full(ModelConfig config, Frontier f, long bytes, long full) {
    Cell.Policy policy =
        new Cell.Policy("full", null, 0, null, null, CacheType.FP32.toString(), f.model().dtype());
    return new Report(
        config.name(),
        budget,
        bytes,
        batch,
        policy.name(),
        null,
        null,
        policy.keyType(),
        policy.valueType(),
        full,
        Map.of(),
        null,
        command(config.name(), policy));
  }

  private Frontier frontier(ModelConfig config) throws IOException {
    if (from != null) {
      return Files.isDirectory(from) ? Frontier.of(Results.read(from)) : Frontier.read(from);
    }
    return (modelOption.shipped() ? Frontier.shipped(config.name()) : Optional.<Frontier>empty())
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "--from: results of a sweep over policies and formats of "
                        + config.name()
                        + " expected, got none, and no frontier comes with that model"));
  }

  private MemoryModel memory(ModelConfig config, Frontier frontier) {
    return config
        .geometry()
        .memory(
            CacheType.FP32,
            CacheType.parse(frontier.model().dtype()),
            frontier.cfg() == 1 ? 1 : 2,
            batch);
  }

  private long bytes(MemoryModel memory, ScaleSchedule schedule) {
    Budget asked = Budget.parse(budget);
    return asked instanceof Budget.Bytes b
        ? b.count()
        : memory.bytes(asked.tokens(schedule), schedule.scales() - 1);
  }

  private Report report(ModelConfig config, Frontier f, Frontier.Point best, long bytes) {
    Cell.Policy p = best.policy();
    return new Report(
        config.name(),
        budget,
        bytes,
        batch,
        p.name(),
        p.budget(),
        p.unconditionalBudget(),
        p.keyType(),
        p.valueType(),
        best.bytes() * batch,
        best.metrics(),
        new Evidence(
            f.experiment(),
            f.specSha256(),
            best.cell(),
            f.prompts().count(),
            f.prompts().images(),
            f.candidates()),
        command(config.name(), p));
  }

  private static String command(String model, Cell.Policy p) {
    StringBuilder c = new StringBuilder("./scalekv generate --model ").append(model);
    c.append(" --policy ").append(p.name());
    if (p.budget() != null) {
      c.append(" --budget ").append(p.budget());
    }
    if (p.unconditionalBudget() != null) {
      c.append(" --cfg-budget-split ").append(p.unconditionalBudget());
    }
    c.append(" --key-type ").append(p.keyType());
    return c.append(" --value-type ").append(p.valueType()).toString();
  }

  private static String text(Report r) {
    StringBuilder t = new StringBuilder();
    t.append(
        String.format(
            Locale.ROOT,
            "%s, %d %s: at most %,d bytes (%s)%n",
            r.model(),
            r.batch(),
            r.batch() == 1 ? "image" : "images",
            r.budgetBytes(),
            r.budget()));
    t.append(
        String.format(
            Locale.ROOT,
            "%s%s%s, keys %s, values %s: %,d bytes%n",
            r.policy(),
            r.policyBudget() == null ? "" : " at " + r.policyBudget(),
            r.unconditionalBudget() == null
                ? ""
                : ", " + r.unconditionalBudget() + " for the unconditional branch",
            r.keyType(),
            r.valueType(),
            r.kvCacheBytes()));
    r.metrics()
        .forEach(
            (key, e) -> {
              if (!key.startsWith(CaptionMetrics.NAME + ".")) {
                t.append(words(key, e)).append(System.lineSeparator());
              }
            });
    if (r.evidence() == null) {
      return t.append("the whole cache fits, images are those of the full cache")
          .append(System.lineSeparator())
          .append(r.command())
          .toString();
    }
    t.append(
        String.format(
            Locale.ROOT,
            "against the full cache; means of %d images with 95 %% intervals over %d prompts; cell"
                + " %s of %s, the best of %d settings at its bytes%n",
            r.evidence().images(),
            r.evidence().prompts(),
            r.evidence().cell(),
            r.evidence().experiment(),
            r.evidence().candidates()));
    return t.append(r.command()).toString();
  }

  private static String words(String key, MetricValue e) {
    Metric metric = Metrics.find(key).orElse(Psnr.METRIC);
    String name = metric.label() + (metric.unit().isEmpty() ? "" : " (" + metric.unit() + ")");
    if (Double.isNaN(e.mean())) {
      return name + ": " + (e.infinite() > 0 ? "identical images" : "n/a");
    }
    String format = "%." + metric.digits() + "f";
    String text = name + ": " + String.format(Locale.ROOT, format, e.mean());
    if (e.hasInterval()) {
      text += String.format(Locale.ROOT, " [" + format + ", " + format + "]", e.low(), e.high());
    }
    return e.infinite() == 0 ? text : text + " and " + e.infinite() + " identical images";
  }
}
