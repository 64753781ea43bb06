package io.scalekv.cli;

import io.scalekv.cache.CacheUsage;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.policy.PolicyFactory;
import io.scalekv.cache.policy.PolicySpec;
import io.scalekv.experiment.MemoryTable;
import io.scalekv.model.ModelConfig;
import io.scalekv.report.ReportTable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.Function;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Memory of a model's KV cache by formula. */
@Command(
    name = "memory",
    description =
        "Prints the bytes of a model's KV cache by formula, full and under policies and budgets;"
            + " needs no weights.",
    footer = {
      "  ./scalekv memory --model infinity-2b --batch 8",
      "  ./scalekv memory --policy snapkv --policy pyramidkv --budget 10%% --budget 1MiB --measure"
    })
final class MemoryCommand implements Callable<Integer> {
  @Mixin private ModelOptions modelOptions;
  @Mixin private SizeOptions sizeOptions;
  @Mixin private MemoryOptions options;
  @Mixin private Output output;

  @HelpGroup(HelpGroup.Heading.CACHE)
  @Option(
      names = "--policy",
      paramLabel = "P",
      description = "Policy with its settings; repeatable (default: scalekv).")
  private List<PolicySpec> policies = List.of(PolicySpec.parse("scalekv"));

  @HelpGroup(HelpGroup.Heading.CACHE)
  @Option(
      names = "--budget",
      paramLabel = "B",
      description =
          "full, 10%%, 650t (tokens), paper-20, paper-10, paper-4, peak-10%%, or bytes such as"
              + " 3900MiB; repeatable (default: full and the three of the paper).")
  private List<String> budgets = List.of(MemoryTable.FULL, "paper-20", "paper-10", "paper-4");

  @HelpGroup(HelpGroup.Heading.CACHE)
  @Option(
      names = "--roles",
      paramLabel = "FILE",
      description =
          "Calibration for the policy (default: the one shipped with the model, else random"
              + " roles).")
  private Path roles;

  @Option(names = "--measure", description = "Also run the cache on random numbers and measure it.")
  private boolean measure;

  @Override
  public Integer call() throws IOException {
    MemoryTable table = table();
    output.json(table);
    output.line(
        "%s: %d layers, %d heads of %d channels, batch %d, guidance branches %d, keys %s, values"
            + " %s",
        table.model(),
        table.geometry().layers(),
        table.geometry().heads(),
        table.geometry().headWidth(),
        table.batch(),
        table.branches(),
        table.keyType(),
        table.valueType());
    output.line(
        "full cache (%s): %d tokens per layer and head, %s MiB; working copies: float32 keys and"
            + " values of the layer at work",
        options.tokensOf.label(), table.fullTokens(), Output.mib(table.fullKvBytes()));
    output.table(
        ReportTable.of("memory", "MiB of keys and values", table.rows())
            .text("policy", MemoryTable.Row::policy)
            .text("budget", MemoryTable.Row::budget)
            .text("tokens", MemoryTable.Row::budgetTokens)
            .text("% of full", r -> ReportTable.fixed(r.percentOfFull(), 2))
            .mib("kvBytes", "between scales", of(CacheUsage::kvBytes))
            .mib("peakKvBytes", "peak", of(CacheUsage::peakKvBytes))
            .mib("workingPeakBytes", "with working copies", of(CacheUsage::workingPeakBytes))
            .build());
    table.rows().forEach(r -> r.line().ifPresent(line -> output.line("%s", line)));
    output.next("list", "policies");
    return 0;
  }

  private static Function<MemoryTable.Row, Long> of(Function<CacheUsage, Long> bytes) {
    return r -> r.formula() == null ? null : bytes.apply(r.formula());
  }

  private MemoryTable table() throws IOException {
    ModelConfig config = modelOptions.config();
    ScaleSchedule schedule = sizeOptions.schedule(config);
    PolicyFactory factory =
        new PolicyFactory(
            schedule,
            options.memory(config, schedule),
            CacheOptions.calibration(modelOptions.choice(), schedule, roles, 0, true),
            0);
    if (!measure) {
      return MemoryTable.of(config.name(), factory, policies, budgets, options.tokensOf, null);
    }
    long caches =
        budgets.stream().mapToLong(b -> b.equals(MemoryTable.FULL) ? 1 : policies.size()).sum();
    try (Progress progress = output.progress("memory", caches * schedule.scales())) {
      return MemoryTable.of(
          config.name(),
          factory,
          policies,
          budgets,
          options.tokensOf,
          k -> progress.step("scale %d (%s)".formatted(k + 1, schedule.map(k))));
    }
  }
}
