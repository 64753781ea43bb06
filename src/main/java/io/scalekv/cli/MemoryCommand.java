package io.scalekv.cli;

import io.scalekv.cache.CacheType;
import io.scalekv.cache.CacheUsage;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.policy.PolicyFactory;
import io.scalekv.cache.policy.PolicySpec;
import io.scalekv.experiment.MemoryTable;
import io.scalekv.io.Require;
import io.scalekv.model.ModelConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
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
  private static final List<String> COLUMNS =
      List.of(
          "policy",
          "budget",
          "tokens",
          "% of full",
          "between scales (MiB)",
          "peak (MiB)",
          "with working copies (MiB)");

  @Mixin private ModelOptions modelOptions;
  @Mixin private SizeOptions sizeOptions;
  @Mixin private FormatOptions formats;
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
          "full, 10%%, 650t (tokens), paper-20, paper-10, paper-4, or bytes such as 3900MiB;"
              + " repeatable (default: full and the three of the paper).")
  private List<String> budgets = List.of(MemoryTable.FULL, "paper-20", "paper-10", "paper-4");

  @HelpGroup(HelpGroup.Heading.CACHE)
  @Option(
      names = "--roles",
      paramLabel = "FILE",
      description =
          "Calibration for the policy (default: the one shipped with the model, else random"
              + " roles).")
  private Path roles;

  @HelpGroup(HelpGroup.Heading.DRAWING)
  @Option(
      names = "--batch",
      paramLabel = "N",
      defaultValue = "1",
      converter = Choice.Positive.class,
      description = "Images drawn together (default: ${DEFAULT-VALUE}).")
  private Integer batch;

  @HelpGroup(HelpGroup.Heading.DRAWING)
  @Option(
      names = "--cfg",
      paramLabel = "X",
      defaultValue = "3",
      description = "Guidance; 1 is none and needs one branch (default: ${DEFAULT-VALUE}).")
  private double cfg;

  @Option(names = "--measure", description = "Also run the cache on random numbers and measure it.")
  private boolean measure;

  @Override
  public Integer call() throws IOException {
    Require.between("--cfg", cfg, 0.0, 100.0);
    MemoryTable table = table(policies);
    output.json(table);
    output.line(
        "%s: %d layers, %d heads of %d channels, %d image%s, %d guidance branch%s, keys %s, values"
            + " %s",
        table.model(),
        table.geometry().layers(),
        table.geometry().heads(),
        table.geometry().headWidth(),
        batch,
        batch == 1 ? "" : "s",
        table.branches(),
        table.branches() == 1 ? "" : "es",
        table.keyType(),
        table.valueType());
    output.line(
        "full cache: %d tokens per layer and head, %s MiB; working copies: float32 keys and values"
            + " of the layer at work",
        table.fullTokens(), Output.mib(table.fullKvBytes()));
    output.table(COLUMNS, table.rows(), MemoryCommand::cells);
    for (MemoryTable.Row r : table.rows()) {
      if (r.note() != null) {
        output.line("%s", r.note());
      } else if (r.measured() != null) {
        boolean equal = r.measured().equals(r.formula());
        output.line(
            "measured %s at %s: %s",
            r.policy(), r.budget(), equal ? "equal to the byte" : r.measured());
      }
    }
    output.next("list", "policies");
    return 0;
  }

  private static List<Object> cells(MemoryTable.Row r) {
    CacheUsage u = r.formula();
    return u == null
        ? Output.row(r.policy(), r.budget(), null, null, null, null, null)
        : Output.row(
            r.policy(),
            r.budget(),
            r.budgetTokens(),
            Output.fixed(r.percentOfFull(), 2),
            Output.mib(u.kvBytes()),
            Output.mib(u.peakKvBytes()),
            Output.mib(u.workingPeakBytes()));
  }

  private MemoryTable table(List<PolicySpec> specs) throws IOException {
    ModelConfig config = modelOptions.config();
    ScaleSchedule schedule = sizeOptions.schedule(config);
    CacheType computed = config.published() ? CacheType.BF16 : CacheType.FP32;
    PolicyFactory factory =
        new PolicyFactory(
            schedule,
            formats.memory(config, computed, cfg != 1, batch),
            CacheOptions.calibration(modelOptions.choice(), schedule, roles, 0, true),
            0);
    if (!measure) {
      return MemoryTable.of(config.name(), factory, specs, budgets, null);
    }
    long caches =
        budgets.stream().mapToLong(b -> b.equals(MemoryTable.FULL) ? 1 : specs.size()).sum();
    try (Progress progress = output.progress("memory", caches * schedule.scales())) {
      return MemoryTable.of(
          config.name(),
          factory,
          specs,
          budgets,
          k -> progress.step("scale %d (%s)".formatted(k + 1, schedule.map(k))));
    }
  }
}
